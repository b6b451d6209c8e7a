"""Where a paid order's goods are: one guarded UPDATE for each move, inside the caller's transaction."""

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


def next_step(order: Order) -> Fulfilment | None:
    """Where an order's goods go next, or None when there is nothing more to do or nothing was paid."""
    if order.payment != Payment.PAID:
        return None
    steps = PICKED_UP if order.pickup else BROUGHT
    return steps.get(Fulfilment(order.fulfilment))


def move_on(order: Order, to: Fulfilment) -> None:
    """Move a paid order's goods one step on, to `to`.

    Raises MovedMeanwhile when that is not its next step by now: somebody else was quicker, or the money moved.
    """
    seen = Fulfilment(order.fulfilment)
    if next_step(order) != to:
        raise MovedMeanwhile
    guarded = update(Order).where(Order.id == order.id, Order.payment == Payment.PAID, Order.fulfilment == seen)
    if not changed(guarded.values(fulfilment=to)):
        raise MovedMeanwhile
    db.session.expire(order, ["fulfilment"])
    order_moved.send(order)
