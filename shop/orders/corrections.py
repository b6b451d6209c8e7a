"""Corrections of an order's buyer details: by the buyer until it is paid, by the merchant until its goods leave.

Its lines, delivery area and total stay.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import update

from shop.core.database import db, updated
from shop.core.phones import readable_phone
from shop.core.signals import order_corrected
from shop.orders.models import Order
from shop.orders.placement import Buyer, code_used_up_for_buyer, enforce_open_order_limit, lock_buyer
from shop.orders.search_index import reindex_buyer
from shop.orders.states import Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.pricing.discount_codes import DiscountNotUsable
from shop.pricing.models import DiscountCode

NAMES = {
    "full_name": "name",
    "phone_number": "phone number",
    "email": "email address",
    "location": "address",
    "note": "note",
    "receiver_name": "receiver’s name",
    "receiver_phone": "receiver’s phone number",
}
PHONES = ("phone_number", "receiver_phone")
CORRECTED = "Corrected"  # begins the timeline entries for the merchant, which hold the old values
OPEN_PAYMENTS = (Payment.AWAITING, Payment.PAID, Payment.REVIEW)
IN_SHOP = (Fulfilment.UNFULFILLED, Fulfilment.PACKED)


def differences(order: Order, buyer: Buyer) -> dict[str, str]:
    """The values that differ from the order's, by column."""
    wanted = {name: getattr(buyer, name) for name in NAMES}
    return {name: value for name, value in wanted.items() if getattr(order, name) != value}


def correct(order: Order, buyer: Buyer) -> dict[str, str]:
    """Write the buyer's corrections into an unpaid order and return them by column; none when it is no longer unpaid.

    The old values stay in the timeline, for the merchant only. Runs inside the caller's transaction, which is undone by
    TooManyOpenOrders, and by DiscountNotUsable when the new phone number has used the discount code up.
    """
    lock_buyer(buyer)
    before, changes = _details(order), differences(order, buyer)
    unpaid = update(Order).where(Order.id == order.id, Order.payment == Payment.AWAITING)
    if not changes or not updated(unpaid.values(**changes)):
        return {}
    _refresh(order)
    enforce_open_order_limit(buyer, written=True)
    code = db.session.get(DiscountCode, order.discount_code_id) if order.discount_code_id else None
    if code and "phone_number" in changes and code_used_up_for_buyer(code, buyer.phone_number, written=True):
        raise DiscountNotUsable
    _record_old_values(order, before, changes, " by the buyer:")
    order.record(f"You corrected: {', '.join(NAMES[name] for name in changes)}", for_buyer=True)
    return changes


def can_correct(order: Order) -> bool:
    """True when the goods are still in the shop and the order is neither closed nor anonymised."""
    return order.payment in OPEN_PAYMENTS and order.fulfilment in IN_SHOP and order.anonymised_at is None


def correct_by_merchant(order: Order, answers: Mapping[str, str], actor: str) -> list[str]:
    """Write the merchant's corrections (by the columns of NAMES) and return the names of the changed details.

    The old values stay in the timeline, for the merchant only. Runs inside the caller's transaction. Raises StaleState
    when the goods have left or the order was closed.
    """
    before = _details(order)
    changes = {name: value for name, value in answers.items() if before[name] != value}
    if not changes:
        return []
    correctable = (Order.payment.in_(OPEN_PAYMENTS), Order.fulfilment.in_(IN_SHOP), Order.anonymised_at.is_(None))
    if not updated(update(Order).where(Order.id == order.id, *correctable).values(changes)):
        raise StaleState
    _refresh(order)
    _record_old_values(order, before, changes, actor=actor)
    names = [NAMES[name] for name in changes]
    order.record(f"We corrected these details of your order: {', '.join(names)}", for_buyer=True)
    if "email" in changes:
        order_corrected.send(order, old_email=before["email"])
    return names


def _details(order: Order) -> dict[str, str]:
    return {name: getattr(order, name) for name in NAMES}


def _refresh(order: Order) -> None:
    """Read the order again and update its search terms."""
    with db.session.no_autoflush:
        reindex_buyer(order, lambda: db.session.expire(order))


def _record_old_values(
    order: Order, before: Mapping[str, str], changes: Iterable[str], by_buyer: str = "", actor: str = ""
) -> None:
    for name in changes:
        old = readable_phone(before[name]) if name in PHONES else before[name]
        order.record(f"{CORRECTED}{by_buyer} {NAMES[name]}. It was: {old or 'empty'}", actor=actor)
