"""What a payment can come to, and what Chpter's server would tell the shop about it, word for word as
documented.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .sessions import Session


class Method(StrEnum):
    """How the buyer pays."""

    MPESA = "MPESA"
    CARD = "CARD"


class Outcome(StrEnum):
    """The buttons of the payment page."""

    PAY = "pay"
    LOW_BALANCE = "low_balance"
    CANCELLED = "cancelled"
    LATE = "late"
    TWICE = "twice"
    FAIL_THEN_PAY = "fail_then_pay"
    WRONG_AMOUNT = "wrong_amount"
    SILENT = "silent"


FAILURES = (Outcome.LOW_BALANCE, Outcome.CANCELLED, Outcome.FAIL_THEN_PAY)
_SUCCESS = {Method.MPESA: "M-PESA Payment Successful", Method.CARD: "Card Payment Successful"}


@dataclass(frozen=True)
class Callback:
    """One callback to make: `after` so many seconds, or before the buyer is sent on when 0."""

    payload: dict[str, Any]
    after: float = 0


def callbacks_for(
    outcome: Outcome, method: Method, session: Session, *, late_seconds: float, second_seconds: float
) -> Iterator[Callback]:
    """The callbacks an outcome brings, in order. A card success carries `paid` "False": so it is
    documented.
    """
    paid = _success(method, session, session.total)
    if outcome in (Outcome.PAY, Outcome.TWICE):
        yield Callback(paid)
    if outcome is Outcome.TWICE:
        yield Callback(paid)
    if outcome is Outcome.LATE:
        yield Callback(paid, after=late_seconds)
    if outcome in (Outcome.LOW_BALANCE, Outcome.FAIL_THEN_PAY):
        yield Callback(_failure(method, session, "Insufficient funds"))
    if outcome is Outcome.FAIL_THEN_PAY:
        yield Callback(paid, after=second_seconds)
    if outcome is Outcome.CANCELLED:
        yield Callback(_failure(method, session, "Request cancelled by user"))
    if outcome is Outcome.WRONG_AMOUNT:
        yield Callback(_success(method, session, another_amount(session.total)))


def another_amount(total: int) -> int:
    """The sum that arrives in place of `total`: about half of it, and never the same."""
    return total // 2 or total + 1


def _success(method: Method, session: Session, amount: int) -> dict[str, Any]:
    return {
        "payment_method": method.value,
        "paid": "True" if method is Method.MPESA else "False",
        "response_status": 200,
        "order_id": session.order_id,
        "message": _SUCCESS[method],
        "amount": str(amount),
        "payment_status": "Payment complete.",
    }


def _failure(method: Method, session: Session, message: str) -> dict[str, Any]:
    return {
        "payment_method": method.value,
        "paid": "False",
        "response_status": 200,
        "order_id": session.order_id,
        "message": message,
        "amount": str(session.total),
        "payment_status": "Payment Incomplete.",
    }
