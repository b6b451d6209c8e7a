"""Forgetting buyers: what is theirs goes, what is the shop's stays: numbers, lines, sums, moments, states.

An order is forgotten by one guarded UPDATE, and in the same transaction by everybody who hears `order_forgotten`. While
anything is still to be done for an order, or money may still come or is due, it is not.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from shop.catalog.models import StockMove
from shop.database import changed, db, write
from shop.orders.correcting import CORRECTED
from shop.orders.models import Order, OrderEvent
from shop.orders.moving import MovedMeanwhile
from shop.orders.persons import Person, person_of
from shop.orders.signals import order_forgotten
from shop.orders.states import Fulfilment, Payment
from shop.orders.words import forget_words

NOBODY = "Anonymised buyer"
STILL_COMING = timedelta(days=7)  # after an order was placed money for it may still arrive, closed or not
ARRIVED = (Fulfilment.DELIVERED, Fulfilment.COLLECTED)
CLOSED = (Payment.EXPIRED, Payment.CANCELLED)
MONTH = timedelta(days=30.4375)
BATCH = 100


def why_not_forgotten(order: Order, now: datetime) -> str | None:
    """Why the buyer of an order has to be known for now, in words that follow its number; None when it need not."""
    if order.refund_due:
        return "has money that is to be given back first"
    match order.payment:
        case Payment.AWAITING:
            return "still waits for its payment; cancel it, or wait until it ends"
        case Payment.REVIEW:
            return "has a payment that a person has to check first"
        case Payment.PAID if order.fulfilment not in ARRIVED:
            return "is paid and has not arrived; mark it as delivered, or give the money back first"
        case Payment.EXPIRED | Payment.CANCELLED if order.placed_at > now - STILL_COMING:
            return "was placed less than 7 days ago, so money for it may still come"
    return None


def forget(order: Order, now: datetime) -> None:
    """Forget the buyer of an order, inside the caller's transaction.

    Raises MovedMeanwhile when it is forgotten already, or must not be.
    """
    if not _forgotten(order.id, _done_with(now, ARRIVED), now):
        raise MovedMeanwhile


def forget_old(months: int, now: datetime) -> int:
    """Forget the buyers of all orders that have not changed for so many months, and say how many; 0 months: never.

    What was sent so long ago counts as arrived. Safe to run twice, at once with itself, and after a kill.
    """
    if not months:
        return 0
    before = now - months * MONTH
    done = _done_with(now, (*ARRIVED, Fulfilment.SENT))
    changed_since = exists().where(OrderEvent.order_id == Order.id, OrderEvent.at >= before)
    old = and_(Order.forgotten_at.is_(None), Order.placed_at < before, done, ~changed_since)
    forgotten, last = 0, 0
    while ids := db.session.scalars(select(Order.id).where(old, Order.id > last).order_by(Order.id).limit(BATCH)).all():
        forgotten += sum(write(lambda one=one: _forgotten(one, done, now)) for one in ids)  # type: ignore[misc]
        last = ids[-1]
    db.session.rollback()
    return forgotten


def _done_with(now: datetime, arrived: tuple[Fulfilment, ...]) -> ColumnElement[bool]:
    """Whether nothing of an order waits: the same rules as `why_not_forgotten` has."""
    return and_(
        Order.refund_due.is_(False),
        or_(
            Order.payment == Payment.REFUNDED,
            and_(Order.payment == Payment.PAID, Order.fulfilment.in_(arrived)),
            and_(Order.payment.in_(CLOSED), Order.placed_at <= now - STILL_COMING),
        ),
    )


def _forgotten(order_id: int, condition: ColumnElement[bool], now: datetime) -> bool:
    order = db.session.get_one(Order, order_id)
    person = person_of(order)
    free = update(Order).where(Order.id == order_id, Order.forgotten_at.is_(None), condition)
    blank = {"full_name": NOBODY, "phone_number": "", "email": "", "location": "", "note": "", "collect_code": ""}
    if not changed(free.values(forgotten_at=now, **blank)):
        return False
    db.session.expire(order)
    _tidy_timeline(order, person)
    _tidy_stock(order, person)
    forget_words(order)
    order.record("Everything about the buyer was removed", for_buyer=True)
    db.session.flush()
    order_forgotten.send(order, person=person)
    return True


def _tidy_timeline(order: Order, person: Person) -> None:
    for event in order.events:
        old_details = event.words.startswith(CORRECTED) and not event.note  # which `person` does not know
        event.words = CORRECTED if old_details else person.out_of(event.words)


def _tidy_stock(order: Order, person: Person) -> None:
    for move in db.session.scalars(select(StockMove).where(StockMove.order_id == order.id)):
        move.reason = person.out_of(move.reason)
