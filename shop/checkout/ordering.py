"""Turning a cart into an order that can be paid: one transaction, all or nothing."""

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from shop.cart.basket import Basket
from shop.clock import utcnow
from shop.config import Settings
from shop.database import db, write
from shop.orders import moving
from shop.orders.models import Order
from shop.orders.placing import Buyer, write_order
from shop.orders.signals import order_placed
from shop.orders.states import Payment
from shop.orders.stock import OutOfStock
from shop.payments.opening import NewAttempt, new_attempt
from shop.pricing.claiming import DiscountGone
from shop.pricing.models import DeliveryArea

LUCKLESS = 3  # how often a number drawn for the order may be another order's already


def order_of(key: str) -> Order | None:
    """The order this form made already, or None."""
    return db.session.scalar(select(Order).where(Order.checkout_key == key))


def place_order(key: str, buyer: Buyer, basket: Basket, area: DeliveryArea) -> tuple[Order, NewAttempt | None]:
    """Write the order, its stock, discount use and first payment attempt: None when nothing is to be paid.

    When another sending of the same form was quicker, that one's order comes back, without an attempt to open.
    Raises OutOfStock and DiscountGone; then nothing was written.
    """
    settings: Settings = current_app.config["SETTINGS"]
    quoted, code, items, now = basket.quote_for(area), basket.discount_code, basket.items, utcnow()

    def place() -> tuple[Order, NewAttempt | None]:
        order = write_order(key, buyer, items, area, code, quoted, now, settings.order_hold_minutes)
        order_placed.send(order)
        if order.total:
            return order, new_attempt(order, now)
        moving.move(order, Payment.AWAITING, Payment.PAID)
        moving.paid(order, now)
        return order, None

    for _ in range(LUCKLESS):
        try:
            return write(place)
        except (IntegrityError, OutOfStock, DiscountGone) as beaten:
            order = order_of(key)  # the last piece may have gone to this very form, sent twice
            if order is not None:
                return order, None
            if not isinstance(beaten, IntegrityError):
                raise
    return write(place)
