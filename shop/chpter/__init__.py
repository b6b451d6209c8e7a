"""Chpter's payment redirect as a package of its own: open a session, read a callback, name an outcome.

Nothing outside this folder spells a Chpter field, and nothing in it knows the shop: it can be copied into
another application. It needs Python 3.11 and `requests` 2.32 or newer; the sandbox needs Flask.
"""

from .callback_reader import Callback, Claim, Unreadable, read_callback
from .client import ChpterClient, PaymentSession
from .errors import (
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
