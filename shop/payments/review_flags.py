"""Review flags: events that a person must review, written in the transaction of the event.

What follows from states (in review, refund due, to verify, no callback yet) needs no flag: review_queue.py reads it.
"""

from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import transition
from shop.payments.models import AttemptState, PaymentAttempt, ReviewFlag, ReviewReason


def flag_order(order: Order, kind: ReviewReason, words: str, attempt: PaymentAttempt | None = None) -> None:
    """Flag an order for review. There is at most one open flag of a kind for each order and attempt."""
    order.open_warning = True
    key = f"{order.id}-{kind}-{attempt.id if attempt else 0}"
    if db.session.scalar(select(ReviewFlag.id).where(ReviewFlag.open_key == key)):
        return
    flag = ReviewFlag(
        order_id=order.id,
        attempt_id=attempt and attempt.id,
        kind=kind,
        words=words[:500],
        opened_at=utcnow(),
        open_key=key,
    )
    with suppress(IntegrityError), db.session.begin_nested():  # another transaction has just written the same flag
        db.session.add(flag)


def resolve(flag_id: int, words: str, actor: str) -> ReviewFlag | None:
    """Resolve one flag. Returns None when there is no open flag with this id."""
    is_open = update(ReviewFlag).where(ReviewFlag.id == flag_id, ReviewFlag.resolved_at.is_(None))
    if not updated(is_open.values(_resolution(words, actor))):
        return None
    flag = db.session.get_one(ReviewFlag, flag_id)
    clear_warning(flag.order)
    return flag


def resolve_order(order: Order, words: str, actor: str) -> bool:
    """Resolve all flags of an order but its buyer's M-PESA codes, which need an answer. False when none was open."""
    resolved = resolve_all(order, set(ReviewReason) - {ReviewReason.CODE}, words, actor)
    return clear_warning(order) or resolved


def clear_warning(order: Order) -> bool:
    """Clear the order's warning, unless it has an open flag or an attempt in review."""
    flag = exists().where(ReviewFlag.order_id == order.id, ReviewFlag.resolved_at.is_(None))
    stray = exists().where(PaymentAttempt.order_id == order.id, PaymentAttempt.state == AttemptState.REVIEW)
    db.session.flush()
    cleared = updated(
        update(Order).where(Order.id == order.id, Order.open_warning, ~flag, ~stray).values(open_warning=False)
    )
    db.session.expire(order, ["open_warning"])
    return bool(cleared)


def dismiss_waiting(order: Order, words: str, actor: str) -> bool:
    """Dismiss "No callback yet" for an order. False when it was dismissed already or does not apply."""
    transition(order, order.payment, order.payment)  # locks the order: two users cannot both dismiss it
    dismissed = select(ReviewFlag.id).where(ReviewFlag.order_id == order.id, ReviewFlag.kind == ReviewReason.WAITING)
    if order.payment not in (Payment.AWAITING, Payment.EXPIRED) or db.session.scalar(dismissed.limit(1)):
        return False
    flag = ReviewFlag(
        order_id=order.id,
        kind=ReviewReason.WAITING,
        words="No callback yet",
        opened_at=utcnow(),
        **_resolution(words, actor),
    )
    db.session.add(flag)
    clear_warning(order)
    return True


def resolve_all(order: Order, kinds: Iterable[ReviewReason], words: str, actor: str) -> bool:
    """Resolve an order's open flags of these kinds. False when there is none."""
    is_open = update(ReviewFlag).where(
        ReviewFlag.order_id == order.id, ReviewFlag.kind.in_(list(kinds)), ReviewFlag.resolved_at.is_(None)
    )
    return bool(updated(is_open.values(_resolution(words, actor))))


def _resolution(words: str, actor: str) -> dict[str, object]:
    return {"open_key": None, "resolved_at": utcnow(), "resolved_by": actor[:80], "resolution": words[:500]}
