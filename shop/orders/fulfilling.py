"""Where a paid order's goods are: one guarded UPDATE for each move, inside the caller's transaction."""

import secrets
from enum import Enum

from sqlalchemy import update

from shop.database import changed, db
from shop.orders.models import Order
from shop.orders.moving import MovedMeanwhile
from shop.orders.signals import order_moved
from shop.orders.states import Fulfilment, Payment

BROUGHT = {
    Fulfilment.UNFULFILLED: Fulfilment.PACKED,
    Fulfilment.PACKED: Fulfilment.SENT,
    Fulfilment.SENT: Fulfilment.DELIVERED,
}
PICKED_UP = {Fulfilment.UNFULFILLED: Fulfilment.PACKED, Fulfilment.PACKED: Fulfilment.COLLECTED}
MOST_TRIES = 10  # codes typed at the counter: 4 digits must not be found out by trying


class Counter(Enum):
    """What came of a code that was typed at the counter."""

    HANDED_OVER = "handed over"
    WRONG = "another code"
    CLOSED = "too many codes were tried"


def next_step(order: Order) -> Fulfilment | None:
    """Where an order's goods go next, or None when there is nothing more to do or nothing was paid."""
    if order.payment != Payment.PAID:
        return None
    steps = PICKED_UP if order.pickup else BROUGHT
    return steps.get(Fulfilment(order.fulfilment))


def move_on(order: Order, to: Fulfilment) -> None:
    """Move a paid order's goods one step on, to `to`. Who picks up is asked for the code first: `hand_over`.

    What is packed to be picked up gets its collect code here. Raises MovedMeanwhile when `to` is not its next step by
    now: somebody else was quicker, or the money moved.
    """
    seen = Fulfilment(order.fulfilment)
    if next_step(order) != to:
        raise MovedMeanwhile
    values = {"fulfilment": to}
    if order.pickup and to == Fulfilment.PACKED:
        values["collect_code"] = f"{secrets.randbelow(10_000):04d}"  # type: ignore[assignment]
    guarded = update(Order).where(Order.id == order.id, Order.payment == Payment.PAID, Order.fulfilment == seen)
    if not changed(guarded.values(values)):
        raise MovedMeanwhile
    db.session.expire(order, ["fulfilment", "collect_code"])
    order_moved.send(order)


def hand_over(order: Order, code: str) -> Counter:
    """Give a packed order to whoever says its collect code. Every code that is tried counts, and stays counted.

    Raises MovedMeanwhile when it does not lie ready to be collected by now.
    """
    if next_step(order) != Fulfilment.COLLECTED:
        raise MovedMeanwhile
    ready = (Order.id == order.id, Order.fulfilment == Fulfilment.PACKED, Order.collect_tries < MOST_TRIES)
    if not changed(update(Order).where(*ready).values(collect_tries=Order.collect_tries + 1)):
        db.session.refresh(order)
        if order.fulfilment != Fulfilment.PACKED:
            raise MovedMeanwhile
        return Counter.CLOSED
    db.session.refresh(order)
    if not order.collect_code or not secrets.compare_digest(order.collect_code.encode(), code.encode()):
        return Counter.WRONG
    move_on(order, Fulfilment.COLLECTED)
    return Counter.HANDED_OVER
