"""A checkout form sent again after it made an order, with the same or with corrected answers.

Corrections are written into the order. A changed phone number opens a new payment page, because the M-PESA prompt goes
to that number, and supersedes the old one. Other corrections do not: each open page could be paid.
"""

from flask import flash, url_for
from flask_limiter import RateLimitExceeded

from shop.checkout.forms import CheckoutForm
from shop.checkout.page_snapshot import read_snapshot
from shop.core.database import write
from shop.orders.corrections import correct, differences
from shop.orders.models import Order
from shop.orders.placement import TooManyOpenOrders
from shop.orders.states import Payment
from shop.payments.attempts import try_again
from shop.payments.models import AttemptState
from shop.pricing.discount_codes import DiscountNotUsable, normalised_code
from shop.pricing.models import delivery_areas
from shop.web.extensions import limiter

ALREADY_PLACED = (
    "This order is placed as you see it. To change its goods, its delivery area or its code, cancel it and order again."
)
NOT_CHANGED = "Your order is placed. Its details were not changed: {}."


def resubmit(order: Order, form: CheckoutForm) -> str:
    """Apply a form that made this order before. Returns the address to redirect to: payment page or order page."""
    order_page = url_for("orders.show", token=order.token)
    form.offer(delivery_areas())
    form.validate()
    if order.payment != Payment.AWAITING or form.csrf_token.errors:
        return payment_or_order_page(order)
    errors = [str(message) for field in form if field.name not in ("area", "location") for message in field.errors]
    if errors:
        flash(NOT_CHANGED.format(errors[0]), "problem")
        return order_page
    if _has_other_goods(order, form):
        flash(ALREADY_PLACED, "problem")
        return order_page
    buyer = form.buyer()
    if not differences(order, buyer):
        return payment_or_order_page(order)
    try:
        with limiter.limit("8 per minute; 40 per hour", key_func=lambda: order.token):  # as "Try again"
            changed = write(lambda: correct(order, buyer))
    except RateLimitExceeded:
        flash(NOT_CHANGED.format("wait a minute, then send it again"), "problem")
        return order_page
    except TooManyOpenOrders:
        flash(NOT_CHANGED.format("too many orders with that phone number or email address wait to be paid"), "problem")
        return order_page
    except DiscountNotUsable:
        flash(NOT_CHANGED.format("its discount code has been used with that phone number already"), "problem")
        return order_page
    if "phone_number" in changed:
        return try_again(order, corrected=True) or order_page
    return payment_or_order_page(order)


def payment_or_order_page(order: Order) -> str:
    """The address of the order's open payment page before the buyer has returned from it, else of its order page."""
    attempt = order.latest_attempt
    if order.payment == Payment.AWAITING and attempt and attempt.state == AttemptState.OPEN and attempt.checkout_link:
        return attempt.checkout_link if order.returned_at is None else url_for("orders.show", token=order.token)
    return url_for("orders.show", token=order.token)


def _has_other_goods(order: Order, form: CheckoutForm) -> bool:
    """True when the form has other goods, another delivery area or another discount code than the order."""
    shown = read_snapshot(form.shown.data)
    area = shown.areas.get(str(form.area.data))
    quantities = {line.sku: line.quantity for line in order.lines}
    return bool(
        (shown.lines and shown.quantities != quantities)
        or (area and area.name != order.area_name)
        or normalised_code(form.code.data or "") != order.discount_code
    )
