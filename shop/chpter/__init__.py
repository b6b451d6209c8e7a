"""Chpter's payment redirect: open a payment session, read a callback, explain why a payment failed.

Only this folder names the fields of Chpter's messages. It imports nothing of the shop and can be copied into
another application. It needs Python 3.11 and `requests` 2.32.2 or newer; the sandbox needs Flask.
"""

from .callback_reader import Callback, Claim, Unreadable, read_callback
from .client import ChpterClient, PaymentSession
from .errors import (
    ERROR_TEXTS,
    BreakerOpen,
    Busy,
    ChpterError,
    Conflict,
    HttpError,
    NoLink,
    NotConfigured,
    Redirected,
    RefusedCredentials,
    StatusFalse,
    TimedOut,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unreachable,
    UnreadableReply,
    UnsafeLink,
    WrongOrderId,
    WrongRequest,
)
from .failure_reasons import Category, Charged, Reason, Result, plain_words, reason_of, result_of
from .session_request import Customer, SessionRequest

__all__ = [
    "ERROR_TEXTS",
    "BreakerOpen",
    "Busy",
    "Callback",
    "Category",
    "Charged",
    "ChpterClient",
    "ChpterError",
    "Claim",
    "Conflict",
    "Customer",
    "HttpError",
    "NoLink",
    "NotConfigured",
    "PaymentSession",
    "Reason",
    "Redirected",
    "RefusedCredentials",
    "Result",
    "SessionRequest",
    "StatusFalse",
    "TimedOut",
    "TooLarge",
    "TooManyRequests",
    "Unavailable",
    "Unreachable",
    "Unreadable",
    "UnreadableReply",
    "UnsafeLink",
    "WrongOrderId",
    "WrongRequest",
    "plain_words",
    "read_callback",
    "reason_of",
    "result_of",
]
