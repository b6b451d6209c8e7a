"""Taking back a step of an order's goods: within a minute as if it had not been, afterwards with a reason.

Each runs inside the caller's transaction; what moves the order is one guarded UPDATE.
"""

from datetime import datetime

from sqlalchemy import update

from shop.clock import utcnow
from shop.database import changed, db
from shop.orders.fulfilling import SAID
from shop.orders.models import Order
from shop.orders.moving import MovedMeanwhile
from shop.orders.signals import order_step_undone
from shop.orders.states import UNDO_WITHIN, Fulfilment, Payment

BACK = {
    Fulfilment.PACKED: Fulfilment.UNFULFILLED,
    Fulfilment.SENT: Fulfilment.PACKED,
    Fulfilment.DELIVERED: Fulfilment.SENT,
    Fulfilment.COLLECTED: Fulfilment.PACKED,
}
NOT_YET = {  # for the buyer, who has read the opposite
    Fulfilment.PACKED: "Not packed yet after all",
    Fulfilment.SENT: "Not on its way yet after all",
    Fulfilment.DELIVERED: "Not delivered yet after all",
    Fulfilment.COLLECTED: "Not collected yet after all",
}


class TooLate(Exception):
    """The step can't be undone any more: its minute is over, or its email has left. Nothing was written."""


def can_step_back(order: Order) -> bool:
    """Whether an order's goods have taken a step, and its money is still the shop's."""
    return order.payment == Payment.PAID and Fulfilment(order.fulfilment) in BACK


def can_undo(order: Order, now: datetime) -> bool:
    """Whether an order's last step may still be undone at `now` (UTC)."""
    return can_step_back(order) and order.moved_at is not None and now - order.moved_at < UNDO_WITHIN


def undo(order: Order, step: Fulfilment, by: str) -> None:
    """Undo `step`, taken less than a minute ago: its email is not sent, and the buyer's page no longer speaks of it.

    Raises MovedMeanwhile when `step` is not its last one by now, and TooLate.
    """
    if order.fulfilment == step and not can_undo(order, utcnow()):
        raise TooLate
    taken_at = order.moved_at
    _back(order, step)
    said = next((event for event in reversed(order.events) if event.for_buyer and not event.note), None)
    if said is not None:
        said.for_buyer = False
    order.record(f"Undone: {SAID[step].lower()}", by=by)
    order_step_undone.send(order, taken_at=taken_at)


def step_back(order: Order, step: Fulfilment, reason: str, by: str) -> None:
    """Take `step` back, whenever it was taken, for a reason. Its email stays sent; the buyer's page says the truth.

    Raises MovedMeanwhile when `step` is not its last one by now.
    """
    _back(order, step)
    order.record(f"Marked as not {step}: {reason}", by=by)
    order.record(NOT_YET[step], for_buyer=True)


def _back(order: Order, step: Fulfilment) -> None:
    if order.fulfilment != step or not can_step_back(order):
        raise MovedMeanwhile
    values: dict[str, object] = {"fulfilment": str(BACK[step]), "moved_at": None}
    if step == Fulfilment.PACKED:  # whoever packs it again makes a new code
        values |= {"collect_code": "", "collect_tries": 0}
    seen = (Order.id == order.id, Order.payment == Payment.PAID, Order.fulfilment == step)
    if not changed(update(Order).where(*seen).values(values)):
        raise MovedMeanwhile
    db.session.expire(order)
