"""Who buys and where it goes, corrected while an order waits to be paid. Its goods, its area and its sum stay."""

from sqlalchemy import update

from shop.database import changed, db
from shop.orders.capping import alone_with_buyer, keep_within_cap
from shop.orders.models import Order
from shop.orders.placing import Buyer, used_too_often
from shop.orders.states import Payment
from shop.orders.words import note_order
from shop.pricing.claiming import DiscountGone
from shop.pricing.models import DiscountCode

NAMES = {
    "full_name": "name",
    "phone_number": "phone number",
    "email": "email address",
    "location": "address",
    "note": "note",
}
TOLD_TO_CHPTER = ("full_name", "phone_number", "email", "location")


def differences(order: Order, buyer: Buyer) -> dict[str, str]:
    """What would change, by column."""
    wanted = {name: getattr(buyer, name) for name in NAMES}
    return {name: value for name, value in wanted.items() if getattr(order, name) != value}


def correct(order: Order, buyer: Buyer) -> dict[str, str]:
    """Write the buyer's corrections into an unpaid order, inside the caller's transaction: what changed, by column.

    Nothing changes when the order no longer waits to be paid. Raises TooManyOpen, and DiscountGone when the new phone
    number has had its share of the code already; the caller's transaction is then undone.
    """
    alone_with_buyer(buyer)
    fresh = differences(order, buyer)
    waiting = update(Order).where(Order.id == order.id, Order.payment == Payment.AWAITING)
    if not fresh or not changed(waiting.values(**fresh)):
        return {}
    db.session.expire(order)
    keep_within_cap(buyer, written=True)
    code = db.session.get(DiscountCode, order.discount_code_id) if order.discount_code_id else None
    if code and "phone_number" in fresh and used_too_often(code, buyer.phone_number, written=True):
        raise DiscountGone
    order.record(f"You corrected: {', '.join(NAMES[name] for name in fresh)}", for_buyer=True)
    note_order(order)
    return fresh
