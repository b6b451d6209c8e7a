"""The transitions of an order's payment state, each one guarded UPDATE, with their effects on stock and discount codes.

All functions run inside the caller's transaction. The UPDATE locks the order's row until that transaction ends.
"""

from datetime import datetime

from sqlalchemy import update

from shop.core.database import db, updated
from shop.core.signals import order_paid
from shop.orders import reservations
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.pricing.discount_codes import DiscountNotUsable, claim_use, release_use, why_gone
from shop.store.delivery_promise import promised_dates


class StaleState(Exception):
    """The order changed since it was read. Nothing was written: read it again and decide again."""


def transition(order: Order, expected: str, to: str) -> None:
    """Move an order's payment from the `expected` state to `to`, and read the locked order again.

    Raises StaleState when its payment is in another state.
    """
    if not updated(update(Order).where(Order.id == order.id, Order.payment == expected).values(payment=to)):
        raise StaleState
    db.session.expire(order)


def lock_order(order: Order, expected: str) -> None:
    """Lock the order's row and read it again. Raises StaleState when its payment is not in the `expected` state."""
    transition(order, expected, expected)


def reverse_transition(order: Order, to: str) -> None:
    """Move a paid order to `to` and mark its goods as not packed.

    Raises StaleState when the order is not paid or its goods have left the shop.
    """
    in_shop = Order.fulfilment.in_((Fulfilment.UNFULFILLED, Fulfilment.PACKED))
    guarded = update(Order).where(Order.id == order.id, Order.payment == Payment.PAID, in_shop)
    unpacked = {"fulfilment": str(Fulfilment.UNFULFILLED), "collection_code": "", "collection_code_tries": 0}
    if not updated(guarded.values(payment=to, **unpacked)):
        raise StaleState
    db.session.expire(order)


def complete_payment(order: Order, now: datetime, *, late: bool = False) -> None:
    """Complete a move to paid: commit the held stock, promise the delivery dates and announce the payment.

    If `late`, the order had expired and the caller has taken its stock: claim the discount code again if a use is left.
    """
    if late:
        order.paid_late = True
        _claim_discount(order, now)
    else:
        reservations.commit(order.lines)
    order.paid_at = now
    if dates := promised_dates(order.delivery_calendar, now):
        order.deliver_from, order.deliver_by = dates.first, dates.last
    order.record("Payment received" if order.total else "There is nothing to pay", for_buyer=order.total > 0)
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
        order.record(f"Discount code {order.discount_code} had {why} by then; its price is honoured")


def release_order(order: Order) -> None:
    """Complete awaiting -> expired or cancelled: release the held stock and the discount use."""
    reservations.release(order.lines)
    release_discount(order)


def release_discount(order: Order) -> None:
    """Release the order's use of a discount code, if it has one."""
    if order.discount_code_id and order.discount_claimed:
        release_use(order.discount_code_id)
        order.discount_claimed = False


def mark_refunded(order: Order) -> None:
    """What follows from paid -> refunded: the discount use is free again."""
    release_discount(order)
