"""The money book: a line for all that comes in or goes out, and the order's own sums beside it.

Everything here runs inside the caller's transaction, which has locked the order by moving it. The two sides are written
by separate statements, so that each can prove the other (`proof.py`).
"""

from sqlalchemy import update

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.payments.models import LedgerEntry, PaymentAttempt

SUMS = ["received", "refunded", "refund_due_amount", "refund_due", "remaining_requested"]


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
    """Money came for an order: through an attempt, or else by hand. `amount` is whole shillings, above zero.

    The rest that its buyer was asked for has changed, so it is no longer asked for.
    `before` is the order's payment state before it was marked paid by hand.

    Raises sqlalchemy.exc.IntegrityError when the code stands in the book already.
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
    """Money was given back; the order's sums are the caller's to guard. Raises as `came_in` does."""
    return _enter(order, "refund", -amount, attempt_id=None, method=method, code=code, reason=reason, actor=actor)


def enter_undone_payment(order: Order, entry: LedgerEntry, *, reason: str, actor: str) -> None:
    """Take back a line that was entered by hand for the wrong order; its code is free for the right one.

    Nothing is due back after it, nothing let off.
    """
    values = {"received": Order.received - entry.amount, "refund_due_amount": 0, "refund_due": False, "shortfall": 0}
    updated(update(Order).where(Order.id == order.id).values(values))
    code = f" (code {entry.code})" if entry.code else ""
    entry.code = None
    db.session.flush()
    words = f"Marked paid by mistake{code}: {reason}"
    _enter(
        order, "correction", -entry.amount, attempt_id=None, method=entry.method, code=None, reason=words, actor=actor
    )
    db.session.expire(order, ["shortfall"])


def enter_correction(order: Order, amount: int, *, reason: str, actor: str) -> None:
    """Take back what was entered by hand although it had been entered otherwise."""
    _enter(order, "correction", -amount, attempt_id=None, method="", code=None, reason=reason, actor=actor)


def add_refund_due(order: Order, amount: int) -> None:
    """So much of what is here is not the order's: it is to be given back."""
    values = {"refund_due_amount": Order.refund_due_amount + amount, "refund_due": True}
    updated(update(Order).where(Order.id == order.id).values(values))
    db.session.expire(order, SUMS)


def accept_balance(order: Order) -> None:
    """What is here is accepted as the order's payment: what it lacks is let off, what is too much is owed back."""
    free = order.money_here - order.refund_due_amount
    order.shortfall, order.remaining_requested = max(0, order.total - free), 0
    if free > order.total:
        add_refund_due(order, free - order.total)


def _enter(
    order: Order,
    kind: str,
    amount: int,
    *,
    attempt_id: int | None,
    method: str,
    code: str | None,
    reason: str,
    actor: str,
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
