"""The ledger: an entry for all money received or returned, and the order's own sums beside it.

Everything here runs inside the caller's transaction, which has locked the order. The entry and the order's sums are
written by separate statements, so that reconciliation.py can compare them.
"""

from sqlalchemy import update

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.payments import mpesa_codes
from shop.payments.models import LedgerEntry, PaymentAttempt

SUMS = ["received", "refunded", "refund_due_amount", "refund_due", "remaining_requested"]


def enter_attempt_payment(attempt: PaymentAttempt, amount: int, actor: str = "") -> None:
    """Enter a payment through an attempt, with its M-PESA code if the code is not in the ledger yet."""
    code = mpesa_codes.unused_code(attempt)
    enter_payment(attempt.order, amount, attempt=attempt, method=attempt.method, code=code, actor=actor)


def enter_payment(
    order: Order,
    amount: int,
    *,
    attempt: PaymentAttempt | None = None,
    method: str = "",
    code: str | None = None,
    reason: str = "",
    actor: str = "",
    before: str = "",
) -> None:
    """Enter a payment, through an attempt or else by hand. `amount` is whole shillings, above zero.

    The remaining payment that the buyer was asked for, if any, is no longer requested. `before` is the order's payment
    state before it was marked as paid by hand. Raises sqlalchemy.exc.IntegrityError when the code is in the ledger.
    """
    updated(update(Order).where(Order.id == order.id).values(received=Order.received + amount, remaining_requested=0))
    _enter(
        order,
        "callback" if attempt else "by_hand",
        amount,
        attempt_id=attempt.id if attempt else None,
        method=method,
        code=code,
        reason=reason,
        actor=actor,
        before=before,
    )


def enter_refund(order: Order, amount: int, *, method: str, code: str | None, reason: str, actor: str) -> LedgerEntry:
    """Enter a refund; the caller updates the order's sums. Raises as enter_payment does."""
    return _enter(order, "refund", -amount, method=method, code=code, reason=reason, actor=actor)


def enter_undone_payment(order: Order, entry: LedgerEntry, *, reason: str, actor: str) -> None:
    """Reverse a payment that was entered by hand for the wrong order. Its code is free for the right one.

    Afterwards no refund is due and nothing is written off.
    """
    values = {"received": Order.received - entry.amount, "refund_due_amount": 0, "refund_due": False, "shortfall": 0}
    updated(update(Order).where(Order.id == order.id).values(values))
    code = f" (code {entry.code})" if entry.code else ""
    entry.code = None
    db.session.flush()
    reason = f"Marked paid by mistake{code}: {reason}"
    _enter(order, "correction", -entry.amount, method=entry.method, reason=reason, actor=actor)
    db.session.expire(order, ["shortfall"])


def enter_correction(order: Order, amount: int, *, reason: str, actor: str) -> None:
    """Reverse a payment entered by hand that duplicates a callback."""
    _enter(order, "correction", -amount, reason=reason, actor=actor)


def add_refund_due(order: Order, amount: int) -> None:
    """Increase the amount that must be refunded."""
    values = {"refund_due_amount": Order.refund_due_amount + amount, "refund_due": True}
    updated(update(Order).where(Order.id == order.id).values(values))
    db.session.expire(order, SUMS)


def accept_balance(order: Order) -> None:
    """Accept the money received as the order's payment: write off what is missing, refund what is too much."""
    balance = order.money_here - order.refund_due_amount
    order.shortfall, order.remaining_requested = max(0, order.total - balance), 0
    if balance > order.total:
        add_refund_due(order, balance - order.total)


def _enter(
    order: Order,
    kind: str,
    amount: int,
    *,
    attempt_id: int | None = None,
    method: str = "",
    code: str | None = None,
    reason: str = "",
    actor: str = "",
    before: str = "",
) -> LedgerEntry:
    entry = LedgerEntry(
        at=utcnow(),
        order_id=order.id,
        attempt_id=attempt_id,
        kind=kind,
        amount=amount,
        method=method[:20],
        code=code,
        reason=reason[:500],
        actor=actor[:80],
        before=before,
    )
    db.session.add(entry)
    db.session.flush()
    db.session.expire(order, SUMS)
    return entry
