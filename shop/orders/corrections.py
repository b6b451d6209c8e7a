"""Who buys and where it goes, corrected: by the buyer until the order is paid, by the merchant until it leaves.

Its goods, its area and its sum stay.
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
}
CORRECTED = "Corrected"  # how the merchant's lines in the timeline begin: they hold what was written before
LIVING = (Payment.AWAITING, Payment.PAID, Payment.REVIEW)
HERE = (Fulfilment.UNFULFILLED, Fulfilment.PACKED)


def differences(order: Order, buyer: Buyer) -> dict[str, str]:
    """What would change, by column."""
    wanted = {name: getattr(buyer, name) for name in NAMES}
    return {name: value for name, value in wanted.items() if getattr(order, name) != value}


def correct(order: Order, buyer: Buyer) -> dict[str, str]:
    """Write the buyer's corrections into an unpaid order, inside the caller's transaction: what changed, by column.

    What was written before stays in the timeline, for the merchant alone.
    Nothing changes when the order no longer waits to be paid. Raises TooManyOpen, and DiscountNotUsable when the new
    phone number has used the code up; the caller's transaction is then undone.
    """
    lock_buyer(buyer)
    before, fresh = _now(order), differences(order, buyer)
    waiting = update(Order).where(Order.id == order.id, Order.payment == Payment.AWAITING)
    if not fresh or not updated(waiting.values(**fresh)):
        return {}
    _reread(order)
    enforce_open_order_limit(buyer, written=True)
    code = db.session.get(DiscountCode, order.discount_code_id) if order.discount_code_id else None
    if code and "phone_number" in fresh and code_used_up_for_buyer(code, buyer.phone_number, written=True):
        raise DiscountNotUsable
    _keep_old(order, before, fresh, " by the buyer:")
    order.record(f"You corrected: {', '.join(NAMES[name] for name in fresh)}", for_buyer=True)
    return fresh


def can_correct(order: Order) -> bool:
    """Whether an order's goods are still here, and it is neither closed nor anonymised."""
    return order.payment in LIVING and order.fulfilment in HERE and order.anonymised_at is None


def correct_by_merchant(order: Order, answers: Mapping[str, str], actor: str) -> list[str]:
    """Write these answers (fields of NAMES) over what the order has, and return the names of those that differ.

    What was written before stays in the timeline, for the merchant alone. Raises StaleState when the order has
    left or was closed. Runs inside the caller's transaction.
    """
    before = _now(order)
    moved = {name: value for name, value in answers.items() if before[name] != value}
    if not moved:
        return []
    still = (Order.payment.in_(LIVING), Order.fulfilment.in_(HERE), Order.anonymised_at.is_(None))
    if not updated(update(Order).where(Order.id == order.id, *still).values(moved)):
        raise StaleState
    _reread(order)
    _keep_old(order, before, moved, actor=actor)
    names = [NAMES[name] for name in moved]
    order.record(f"We corrected these details of your order: {', '.join(names)}", for_buyer=True)
    if "email" in moved:
        order_corrected.send(order, old_email=before["email"])
    return names


def _now(order: Order) -> dict[str, str]:
    return {name: getattr(order, name) for name in NAMES}


def _reread(order: Order) -> None:
    """Let the order be found by what was just written, and no more by what it had before."""
    with db.session.no_autoflush:
        reindex_buyer(order, lambda: db.session.expire(order))


def _keep_old(order: Order, before: Mapping[str, str], moved: Iterable[str], whose: str = "", actor: str = "") -> None:
    for name in moved:
        old = readable_phone(before[name]) if name == "phone_number" else before[name]
        order.record(f"{CORRECTED}{whose} {NAMES[name]}. It was: {old or 'empty'}", actor=actor)
