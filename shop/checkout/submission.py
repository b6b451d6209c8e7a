"""Turning a cart into an order that can be paid: one transaction, all or nothing."""

from collections.abc import Callable
from typing import TypeVar

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
from shop.orders.placement import Buyer, TooManyOpen, enforce_open_order_limit, write_order
from shop.orders.reservations import OutOfStock
from shop.orders.states import Payment
from shop.payments.attempts import NewAttempt, new_attempt
from shop.payments.models import ReviewReason
from shop.payments.review_flags import flag_order
from shop.pricing.discount_codes import DiscountNotUsable
from shop.pricing.models import DeliveryArea

Then = TypeVar("Then")
LUCKLESS = 3  # how often a number drawn for the order may be another order's already


def order_of(key: str) -> Order | None:
    """The order this form made already, or None."""
    return db.session.scalar(select(Order).where(Order.checkout_key == key))


def place_order(key: str, buyer: Buyer, basket: CartContents, area: DeliveryArea) -> tuple[Order, NewAttempt | None]:
    """Write the order, its stock, discount use and first payment attempt: None when nothing is to be paid.

    When another sending of the same form was quicker, that one's order comes back, without an attempt to open.
    Raises TooManyOpen, OutOfStock and DiscountGone; then nothing was written.
    """
    settings: Settings = current_app.config["SETTINGS"]

    def begin(order: Order) -> NewAttempt | None:
        return new_attempt(order, order.placed_at) if order.total else None

    return _place(key, buyer, basket, area, settings.order_hold_minutes, begin, capped=True)


def place_for_buyer(
    key: str, buyer: Buyer, basket: CartContents, area: DeliveryArea, hold_minutes: int, made: Callable[[Order], None]
) -> Order:
    """Write an order that somebody else made for the buyer, who pays it on its own page later.

    `made` runs in the same transaction, once. Otherwise as `place_order`, without a cap: somebody answers for it.
    """
    return _place(key, buyer, basket, area, hold_minutes, made, capped=False)[0]


def _place(
    key: str,
    buyer: Buyer,
    basket: CartContents,
    area: DeliveryArea,
    hold_minutes: int,
    then: Callable[[Order], Then],
    *,
    capped: bool,
) -> tuple[Order, Then | None]:
    quoted, code, items, now = basket.quote_for(area), basket.discount_code, basket.items, utcnow()

    def place() -> tuple[Order, Then | None]:
        if capped:
            enforce_open_order_limit(buyer)
        order = write_order(key, buyer, items, area, code, quoted, now, hold_minutes)
        order_placed.send(order)
        outcome = then(order)
        if not order.total:
            transitions.transition(order, Payment.AWAITING, Payment.PAID)
            transitions.complete_payment(order, now)
            if order.discount:
                code_name, off = order.discount_code, shillings(order.discount)
                flag_order(
                    order, ReviewReason.FREE, f"Discount code {code_name} took {off} off: nothing was left to pay"
                )
        return order, outcome

    for _ in range(LUCKLESS):
        try:
            return write(place)
        except (IntegrityError, TooManyOpen, OutOfStock, DiscountNotUsable) as beaten:
            order = order_of(key)  # the last piece may have gone to this very form, sent twice
            if order is not None:
                return order, None
            if not isinstance(beaten, IntegrityError):
                raise
    return write(place)
