"""The money book: a line for all that comes in or goes out, and the order's own sums beside it.

Everything here runs inside the caller's transaction, which has locked the order by moving it. The two sides are written
by separate statements, so that each can prove the other (`proof.py`).
"""

from sqlalchemy import update

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.payments.models import LedgerEntry, PaymentAttempt

SUMS = ["received", "given_back", "due_back", "refund_due", "rest_asked"]


def enter_payment(
    order: Order,
    amount: int,
    *,
    attempt: PaymentAttempt | None = None,
    method: str = "",
    code: str | None = None,
    reason: str = "",
    by: str = "",
    before: str = "",
) -> None:
    """Money came for an order: through an attempt, or else by hand. `amount` is whole shillings, above zero.

    The rest that its buyer was asked for has changed, so it is no longer asked for.
    `before` is the order's payment state before it was marked paid by hand.

    Raises sqlalchemy.exc.IntegrityError when the code stands in the book already.
    """
    updated(update(Order).where(Order.id == order.id).values(received=Order.received + amount, rest_asked=0))
    _enter(
        order,
        "callback" if attempt else "by_hand",
        amount,
        attempt_id=attempt.id if attempt else None,
        method=method,
        code=code,
        reason=reason,
        by=by,
        before=before,
    )


def enter_refund(order: Order, amount: int, *, method: str, code: str | None, reason: str, by: str) -> LedgerEntry:
    """Money was given back; the order's sums are the caller's to guard. Raises as `came_in` does."""
    return _enter(order, "refund", -amount, attempt_id=None, method=method, code=code, reason=reason, by=by)


def enter_undone_payment(order: Order, entry: LedgerEntry, *, reason: str, by: str) -> None:
    """Take back a line that was entered by hand for the wrong order; its code is free for the right one.

    Nothing is due back after it, nothing let off.
    """
    values = {"received": Order.received - entry.amount, "due_back": 0, "refund_due": False, "short": 0}
    updated(update(Order).where(Order.id == order.id).values(values))
    code = f" (code {entry.code})" if entry.code else ""
    entry.code = None
    db.session.flush()
    words = f"Marked paid by mistake{code}: {reason}"
    _enter(order, "correction", -entry.amount, attempt_id=None, method=entry.method, code=None, reason=words, by=by)
    db.session.expire(order, ["short"])


def enter_correction(order: Order, amount: int, *, reason: str, by: str) -> None:
    """Take back what was entered by hand although it had been entered otherwise."""
    _enter(order, "correction", -amount, attempt_id=None, method="", code=None, reason=reason, by=by)


def add_refund_due(order: Order, amount: int) -> None:
    """So much of what is here is not the order's: it is to be given back."""
    values = {"due_back": Order.due_back + amount, "refund_due": True}
    updated(update(Order).where(Order.id == order.id).values(values))
    db.session.expire(order, SUMS)


def accept_balance(order: Order) -> None:
    """What is here is accepted as the order's payment: what it lacks is let off, what is too much is owed back."""
    free = order.money_here - order.due_back
    order.short, order.rest_asked = max(0, order.total - free), 0
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
    by: str,
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
        by=by[:80],
        before=before,
    )
    db.session.add(entry)
    db.session.flush()
    db.session.expire(order, SUMS)
    return entry
