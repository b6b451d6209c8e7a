"""What happened that a person has to look at: written down in the transaction of the event, closed by whoever looked.

Matters that can be read from where an order stands (in review, refund due, to be seen, no word from Chpter) need no
line here: the desk finds them by state.
"""

from collections.abc import Iterable
from contextlib import suppress
from enum import StrEnum

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.orders.states import AttemptState, Payment
from shop.orders.transitions import lock_order
from shop.payments.models import PaymentAttempt, ReviewFlag


class ReviewReason(StrEnum):
    """Why a person has to look. The first seven are read from states, the others from lines of `review_flag`."""

    REVIEW = "review"
    TWICE = "twice"
    REFUND_DUE = "refund-due"
    STRAY = "stray"  # money in review, for an order that is not
    UNSEEN = "unseen"  # paid, and too dear to leave before an owner has seen the money
    WAITING = "waiting"
    WARNING = "warning"  # in the order's timeline, and of no other kind
    CODE = "code"
    CODE_TWICE = "code-twice"  # Chpter names an M-PESA code that stands in the book already, or a second one
    OTHER_SUM = "other-sum"
    CONTRADICTION = "contradiction"
    MISMATCH = "mismatch"
    UNREADABLE = "unreadable"
    OPENED = "opened"
    LATE = "late"
    FREE = "free"  # a discount took the whole total


REASON_OF_ROW = {
    "R1": ReviewReason.UNREADABLE,
    "R2": ReviewReason.MISMATCH,
    "R3a": ReviewReason.LATE,
    "R5": ReviewReason.CONTRADICTION,
    "R8": ReviewReason.OTHER_SUM,
}


def flag_order(order: Order, kind: ReviewReason, words: str, attempt: PaymentAttempt | None = None) -> None:
    """Have a person look. While one line of this kind is open for the order and attempt, there is no second."""
    order.open_warning = True
    key = f"{order.id}-{kind}-{attempt.id if attempt else 0}"
    if db.session.scalar(select(ReviewFlag.id).where(ReviewFlag.open_key == key)):
        return
    check = ReviewFlag(
        order_id=order.id,
        attempt_id=attempt and attempt.id,
        kind=kind,
        words=words[:500],
        opened_at=utcnow(),
        open_key=key,
    )
    with suppress(IntegrityError), db.session.begin_nested():  # the same, opened by another at this very moment
        db.session.add(check)


def flag_callback(row: str, attempt: PaymentAttempt, words: str) -> None:
    """Have a person look at a callback, unless where the order or its attempt stands says so already."""
    kind = REASON_OF_ROW.get(row)
    in_sight = attempt.order.payment == Payment.REVIEW or attempt.state == AttemptState.REVIEW
    if kind and not (in_sight and kind in (ReviewReason.CONTRADICTION, ReviewReason.OTHER_SUM)):
        flag_order(attempt.order, kind, words, attempt)


def resolve(check_id: int, words: str, actor: str) -> ReviewFlag | None:
    """Close one line; None when there is none of that id, or it is closed already."""
    still_open = update(ReviewFlag).where(ReviewFlag.id == check_id, ReviewFlag.resolved_at.is_(None))
    if not updated(still_open.values(_closing(words, actor))):
        return None
    check = db.session.get_one(ReviewFlag, check_id)
    clear_warning(check.order)
    return check


def resolve_order(order: Order, words: str, actor: str) -> bool:
    """Close all lines of an order but codes its buyer gave, which want an answer; False when nothing was open."""
    closed = resolve_all(order, set(ReviewReason) - {ReviewReason.CODE}, words, actor)
    return clear_warning(order) or closed


def clear_warning(order: Order) -> bool:
    """The order's warnings have been looked at, unless a line of it is open or money of it is in review."""
    line = exists().where(ReviewFlag.order_id == order.id, ReviewFlag.resolved_at.is_(None))
    stray = exists().where(PaymentAttempt.order_id == order.id, PaymentAttempt.state == AttemptState.REVIEW)
    db.session.flush()
    calmed = updated(
        update(Order).where(Order.id == order.id, Order.open_warning, ~line, ~stray).values(open_warning=False)
    )
    db.session.expire(order, ["open_warning"])
    return bool(calmed)


def dismiss_waiting(order: Order, words: str, actor: str) -> bool:
    """Somebody looked at an order that waits: it is not brought up again for its silence. False when somebody had."""
    lock_order(order, order.payment)  # of two requests at once the second sees the first
    seen = select(ReviewFlag.id).where(ReviewFlag.order_id == order.id, ReviewFlag.kind == ReviewReason.WAITING)
    if order.payment not in (Payment.AWAITING, Payment.EXPIRED) or db.session.scalar(seen.limit(1)):
        return False
    closed = ReviewFlag(
        order_id=order.id,
        kind=ReviewReason.WAITING,
        words="No word from Chpter",
        opened_at=utcnow(),
        **_closing(words, actor),
    )
    db.session.add(closed)
    clear_warning(order)
    return True


def resolve_all(order: Order, kinds: Iterable[ReviewReason], words: str, actor: str) -> bool:
    """What was just done answers these matters of an order; False when none of them was open."""
    still_open = update(ReviewFlag).where(
        ReviewFlag.order_id == order.id, ReviewFlag.kind.in_(list(kinds)), ReviewFlag.resolved_at.is_(None)
    )
    return bool(updated(still_open.values(_closing(words, actor))))


def _closing(words: str, actor: str) -> dict[str, object]:
    return {"open_key": None, "resolved_at": utcnow(), "resolved_by": actor[:80], "resolution": words[:500]}
