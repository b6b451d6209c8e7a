"""Chpter's messages in words a buyer understands.

Two messages are known from the provider: "Insufficient funds" (documented) and "Request cancelled by user"
(from its own sample). The other words looked for are the usual result texts of M-PESA and of card payments;
a message none of them is found in is UNKNOWN, and the buyer is told no more than is true.
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a payment did not go through."""

    INSUFFICIENT_FUNDS = "insufficient_funds"
    CANCELLED_BY_USER = "cancelled_by_user"
    WRONG_PIN = "wrong_pin"
    TIMED_OUT = "timed_out"
    LIMIT_EXCEEDED = "limit_exceeded"
    DECLINED = "declined"
    UNKNOWN = "unknown"


# The first reason one of whose phrases is found in the message, in lower case.
_PHRASES: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    (Reason.INSUFFICIENT_FUNDS, ("insufficient", "not enough", "balance is too low")),
    (
        Reason.CANCELLED_BY_USER,
        ("cancelled by user", "canceled by user", "cancelled by the user", "user cancelled"),
    ),
    (Reason.WRONG_PIN, ("initiator information is invalid", "wrong pin", "invalid pin", "incorrect pin")),
    (Reason.TIMED_OUT, ("timeout", "timed out", "cannot be reached", "no response")),
    (Reason.LIMIT_EXCEEDED, ("limit", "maximum amount", "exceed")),
    (Reason.DECLINED, ("declined", "do not honor", "do not honour", "not permitted")),
)

_ON_THE_PHONE = {
    Reason.INSUFFICIENT_FUNDS: "The M-PESA balance was too low.",
    Reason.CANCELLED_BY_USER: "The payment was cancelled on the phone.",
    Reason.WRONG_PIN: "The M-PESA PIN was not right.",
    Reason.TIMED_OUT: "Nobody answered the M-PESA request on the phone in time.",
    Reason.LIMIT_EXCEEDED: "The payment was over an M-PESA limit.",
}
_BY_CARD = {
    Reason.INSUFFICIENT_FUNDS: "The card did not have enough money on it.",
    Reason.LIMIT_EXCEEDED: "The payment was over the card's limit.",
    Reason.WRONG_PIN: "The card's PIN or code was not right.",
    Reason.DECLINED: "The bank declined the card.",
}
_EITHER = {
    Reason.INSUFFICIENT_FUNDS: "There was not enough money for the payment.",
    Reason.CANCELLED_BY_USER: "The payment was cancelled.",
    Reason.WRONG_PIN: "The PIN was not right.",
    Reason.TIMED_OUT: "The payment was not confirmed in time.",
    Reason.LIMIT_EXCEEDED: "The payment was over a limit.",
    Reason.DECLINED: "The payment was declined.",
    Reason.UNKNOWN: "The payment did not go through.",
}


def reason_of(message: str, method: str) -> Reason:
    """The reason a failure's `message` gives. `method` is "MPESA", "CARD" or ""; only a bank declines."""
    words = message.casefold()
    found = (reason for reason, phrases in _PHRASES if any(phrase in words for phrase in phrases))
    reason = next(found, Reason.UNKNOWN)
    return Reason.UNKNOWN if reason is Reason.DECLINED and method == "MPESA" else reason


def plain_words(reason: Reason, method: str) -> str:
    """One sentence for the buyer, fitting the way they tried to pay."""
    by_method = {"MPESA": _ON_THE_PHONE, "CARD": _BY_CARD}.get(method, _EITHER)
    return by_method.get(reason, _EITHER[reason])
