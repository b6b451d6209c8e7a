"""Chpter's payment redirect as a package of its own: open a session, read a callback, name an outcome.

Nothing outside this folder spells a Chpter field, and nothing in it knows the shop: it can be copied into
another application. It needs `requests`; the sandbox needs Flask.
"""

from .callback import Callback, Claim, Unreadable, read_callback
from .client import ChpterClient, Customer, PaymentSession, SessionRequest
from .errors import (
    BreakerOpen,
    Busy,
    ChpterError,
    HttpError,
    NoLink,
    NotConfigured,
    Redirected,
    RefusedCredentials,
    StatusFalse,
    TimedOut,
    TooLarge,
    Unreachable,
    UnreadableReply,
    UnsafeLink,
    WrongOrderId,
)
from .wording import Reason, plain_words, reason_of

__all__ = [
    "BreakerOpen",
    "Busy",
    "Callback",
    "ChpterClient",
    "ChpterError",
    "Claim",
    "Customer",
    "HttpError",
    "NoLink",
    "NotConfigured",
    "PaymentSession",
    "Reason",
    "Redirected",
    "RefusedCredentials",
    "SessionRequest",
    "StatusFalse",
    "TimedOut",
    "TooLarge",
    "Unreachable",
    "Unreadable",
    "UnreadableReply",
    "UnsafeLink",
    "WrongOrderId",
    "plain_words",
    "read_callback",
    "reason_of",
]
