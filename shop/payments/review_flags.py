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
from shop.core.database import changed, db
from shop.orders.models import Order
from shop.orders.states import AttemptState, Payment
from shop.orders.transitions import move
from shop.payments.models import PaymentAttempt, PaymentCheck


class Kind(StrEnum):
    """Why a person has to look. The first seven are read from states, the others from lines of `payment_check`."""

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


OF_ROW = {
    "R1": Kind.UNREADABLE,
    "R2": Kind.MISMATCH,
    "R3a": Kind.LATE,
    "R5": Kind.CONTRADICTION,
    "R8": Kind.OTHER_SUM,
}


def look_at(order: Order, kind: Kind, words: str, attempt: PaymentAttempt | None = None) -> None:
    """Have a person look. While one line of this kind is open for the order and attempt, there is no second."""
    order.open_warning = True
    key = f"{order.id}-{kind}-{attempt.id if attempt else 0}"
    if db.session.scalar(select(PaymentCheck.id).where(PaymentCheck.open_key == key)):
        return
    check = PaymentCheck(
        order_id=order.id,
        attempt_id=attempt and attempt.id,
        kind=kind,
        words=words[:500],
        opened_at=utcnow(),
        open_key=key,
    )
    with suppress(IntegrityError), db.session.begin_nested():  # the same, opened by another at this very moment
        db.session.add(check)


def look_at_callback(row: str, attempt: PaymentAttempt, words: str) -> None:
    """Have a person look at a callback, unless where the order or its attempt stands says so already."""
    kind = OF_ROW.get(row)
    in_sight = attempt.order.payment == Payment.REVIEW or attempt.state == AttemptState.REVIEW
    if kind and not (in_sight and kind in (Kind.CONTRADICTION, Kind.OTHER_SUM)):
        look_at(attempt.order, kind, words, attempt)


def looked_at(check_id: int, words: str, by: str) -> PaymentCheck | None:
    """Close one line; None when there is none of that id, or it is closed already."""
    still_open = update(PaymentCheck).where(PaymentCheck.id == check_id, PaymentCheck.closed_at.is_(None))
    if not changed(still_open.values(_closing(words, by))):
        return None
    check = db.session.get_one(PaymentCheck, check_id)
    calm(check.order)
    return check


def looked_at_order(order: Order, words: str, by: str) -> bool:
    """Close all lines of an order but codes its buyer gave, which want an answer; False when nothing was open."""
    closed = close_all(order, set(Kind) - {Kind.CODE}, words, by)
    return calm(order) or closed


def calm(order: Order) -> bool:
    """The order's warnings have been looked at, unless a line of it is open or money of it is in review."""
    line = exists().where(PaymentCheck.order_id == order.id, PaymentCheck.closed_at.is_(None))
    stray = exists().where(PaymentAttempt.order_id == order.id, PaymentAttempt.state == AttemptState.REVIEW)
    db.session.flush()
    calmed = changed(
        update(Order).where(Order.id == order.id, Order.open_warning, ~line, ~stray).values(open_warning=False)
    )
    db.session.expire(order, ["open_warning"])
    return bool(calmed)


def waited_long_enough(order: Order, words: str, by: str) -> bool:
    """Somebody looked at an order that waits: it is not brought up again for its silence. False when somebody had."""
    move(order, order.payment, order.payment)  # locked: of two who look at once one is first
    seen = select(PaymentCheck.id).where(PaymentCheck.order_id == order.id, PaymentCheck.kind == Kind.WAITING)
    if order.payment not in (Payment.AWAITING, Payment.EXPIRED) or db.session.scalar(seen.limit(1)):
        return False
    closed = PaymentCheck(
        order_id=order.id, kind=Kind.WAITING, words="No word from Chpter", opened_at=utcnow(), **_closing(words, by)
    )
    db.session.add(closed)
    calm(order)
    return True


def close_all(order: Order, kinds: Iterable[Kind], words: str, by: str) -> bool:
    """What was just done answers these matters of an order; False when none of them was open."""
    still_open = update(PaymentCheck).where(
        PaymentCheck.order_id == order.id, PaymentCheck.kind.in_(list(kinds)), PaymentCheck.closed_at.is_(None)
    )
    return bool(changed(still_open.values(_closing(words, by))))


def _closing(words: str, by: str) -> dict[str, object]:
    return {"open_key": None, "closed_at": utcnow(), "closed_by": by[:80], "closing_words": words[:500]}
