"""An order's payment state moves here and nowhere else: one guarded UPDATE for each move, and what belongs to it.

All of it runs inside the caller's transaction. The UPDATE also locks the order's row, so that what follows it in the
same transaction is done by one at a time.
"""

from datetime import datetime

from sqlalchemy import update

from shop.core.database import db, updated
from shop.core.signals import order_paid
from shop.orders import reservations
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.pricing.discount_codes import DiscountNotUsable, claim_use, release_use, why_gone


class StaleState(Exception):
    """Somebody else moved it since we read it. Nothing was written: read again and decide again."""


def transition(order: Order, seen: str, to: str) -> None:
    """Move an order's payment from the state it was seen in. `to` may be the same: then it only locks the row.

    What was read of the order before is read again: the row is locked now. Raises StaleState when it is in another
    state by now.
    """
    if not updated(update(Order).where(Order.id == order.id, Order.payment == seen).values(payment=to)):
        raise StaleState
    db.session.expire(order)


def reverse_transition(order: Order, to: str) -> None:
    """Move a paid order whose goods are still in the shop to `to`: it is not paid, or not had, any more.

    What was packed is unpacked. Raises StaleState when it is not paid, or its goods have left, by now.
    """
    here = Order.fulfilment.in_((Fulfilment.UNFULFILLED, Fulfilment.PACKED))
    guarded = update(Order).where(Order.id == order.id, Order.payment == Payment.PAID, here)
    unpacked = {"fulfilment": str(Fulfilment.UNFULFILLED), "collection_code": "", "collection_code_tries": 0}
    if not updated(guarded.values(payment=to, **unpacked)):
        raise StaleState
    db.session.expire(order)


def complete_payment(order: Order, now: datetime, *, late: bool = False) -> None:
    """Complete a move to paid: commit the held stock and announce the payment.

    If `late`, the order had expired and the caller has taken its stock: claim the discount code again if a use is left.
    """
    if late:
        order.paid_late = True
        _claim_discount(order, now)
    else:
        reservations.commit(order.lines)
    order.paid_at = now
    order.record("Payment received" if order.total else "There is nothing to pay", for_buyer=True)
    db.session.flush()
    order_paid.send(order)


def _claim_discount(order: Order, now: datetime) -> None:
    if not order.discount_code_id:
        return
    try:
        claim_use(order.discount_code_id)
        order.discount_claimed = True
    except DiscountNotUsable:
        why = why_gone(order.discount_code_id, now)
        order.record(f"Discount code {order.discount_code} had {why} meanwhile; its price is honoured")


def release_order(order: Order) -> None:
    """What follows from awaiting -> expired or cancelled: stock and discount use are free again."""
    reservations.release(order.lines)
    free_discount(order)


def free_discount(order: Order) -> None:
    """The use of a discount code that counts for an order is free again, if one does."""
    if order.discount_code_id and order.discount_claimed:
        release_use(order.discount_code_id)
        order.discount_claimed = False


def mark_refunded(order: Order) -> None:
    """What follows from paid -> refunded: the discount use is free again."""
    free_discount(order)
