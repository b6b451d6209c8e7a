"""Place an order from a cart: one transaction writes the order, its stock, its discount use and its first attempt."""

from collections.abc import Callable

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.cart.contents import CartContents
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.money import shillings
from shop.core.signals import order_placed
from shop.orders import transitions
from shop.orders.models import Order
from shop.orders.placement import Buyer, TooManyOpenOrders, enforce_open_order_limit, write_order
from shop.orders.reservations import OutOfStock
from shop.orders.states import Payment
from shop.payments.attempts import NewAttempt, new_attempt
from shop.payments.models import ReviewReason
from shop.payments.review_flags import flag_order
from shop.pricing.discount_codes import DiscountNotUsable
from shop.pricing.models import DeliveryArea
from shop.pricing.quote import Quote

MAX_TRIES = 4  # a random order number or payment reference may belong to another order already
Placed = tuple[Order, NewAttempt | None]


def order_by_checkout_key(key: str) -> Order | None:
    """The order that the form with this idempotency key made, or None."""
    return db.session.scalar(select(Order).where(Order.checkout_key == key))


def place_order(key: str, buyer: Buyer, cart: CartContents, area: DeliveryArea) -> Placed:
    """Place the buyer's order with its first payment attempt, or None as the attempt when the total is 0.

    Raises TooManyOpenOrders, OutOfStock and DiscountNotUsable; then nothing was written.
    """
    settings: Settings = current_app.config["SETTINGS"]
    quoted = cart.quote_for(area)  # before the transaction, which reads the area and the code again

    def place() -> Placed:
        enforce_open_order_limit(buyer)
        order = write_cart_order(key, buyer, cart, area, quoted, settings.order_hold_minutes)
        return order, new_attempt(order, order.placed_at) if order.total else None

    return place_once(key, place)


def place_once(key: str, place: Callable[[], Placed]) -> Placed:
    """Run `place` in one transaction. When the form with this key made an order before, return that one instead.

    An order made before comes without an attempt: its payment page is open already.
    """
    tries = 1
    while True:
        try:
            return write(place)
        except (IntegrityError, TooManyOpenOrders, OutOfStock, DiscountNotUsable) as error:
            order = order_by_checkout_key(key)  # the same form, sent twice, may have taken the last piece
            if order is not None:
                return order, None
            if not isinstance(error, IntegrityError) or tries == MAX_TRIES:
                raise
            tries += 1


def write_cart_order(
    key: str, buyer: Buyer, cart: CartContents, area: DeliveryArea, quoted: Quote, hold_minutes: int
) -> Order:
    """Write the order of a cart inside the caller's transaction; one with a total of 0 is paid at once.

    Raises OutOfStock, DiscountNotUsable and, when the key was used before, sqlalchemy.exc.IntegrityError.
    """
    order = write_order(key, buyer, cart.lines, area, cart.discount_code, quoted, utcnow(), hold_minutes)
    order_placed.send(order)
    if not order.total:
        transitions.transition(order, Payment.AWAITING, Payment.PAID)
        transitions.complete_payment(order, order.placed_at)
        if order.discount:
            reason = (
                f"Discount code {order.discount_code} took {shillings(order.discount)} off: nothing was left to pay"
            )
            flag_order(order, ReviewReason.FREE, reason)
    return order
