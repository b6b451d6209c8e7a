"""The form of an order that is placed already, sent again: the same, or with corrected answers.

A correction is written into the order. It gets a new payment page only when the phone number changed, which the M-PESA
prompt goes to: each page more is one more that could be paid. The older page is superseded, as after "Try again".
"""

from flask import flash, url_for
from flask_limiter import RateLimitExceeded

from shop.checkout.forms import CheckoutForm
from shop.checkout.page_snapshot import read_snapshot
from shop.core.database import write
from shop.orders.corrections import correct, differences
from shop.orders.models import Order
from shop.orders.placement import TooManyOpen
from shop.orders.states import Payment
from shop.payments.attempts import try_again
from shop.payments.models import AttemptState
from shop.pricing.discount_codes import DiscountNotUsable, normalised_code
from shop.pricing.models import delivery_areas
from shop.web.extensions import limiter

PLACED = (
    "This order is placed as you see it. To change its goods, its delivery area or its code, cancel it and order again."
)
NOT_TAKEN = "Your order is placed. What you changed was not taken: {}."
REFUSED = "Your order is placed. Its details were not changed: {}."


def sent_again(order: Order, form: CheckoutForm) -> str:
    """Where a form leads that made this order before: to its payment page, or to the order that says why not."""
    page = url_for("orders.show", token=order.token)
    form.offer([(str(area.id), area.name) for area in delivery_areas()], frozenset())
    form.validate()
    if order.payment != Payment.AWAITING or form.csrf_token.errors:
        return way_to(order)
    wrong = [str(words) for field in form if field.name not in ("area", "location") for words in field.errors]
    if wrong:
        flash(NOT_TAKEN.format(wrong[0]), "problem")
        return page
    if _bought_something_else(order, form):
        flash(PLACED, "problem")
        return page
    buyer = form.buyer()
    if not differences(order, buyer):
        return way_to(order)
    try:
        with limiter.limit("8 per minute; 40 per hour", key_func=lambda: order.token):  # as "Try again"
            changed = write(lambda: correct(order, buyer))
    except RateLimitExceeded:
        flash(REFUSED.format("wait a minute, then send it again"), "problem")
        return page
    except TooManyOpen:
        flash(REFUSED.format("too many orders with that phone number or email address wait to be paid"), "problem")
        return page
    except DiscountNotUsable:
        flash(REFUSED.format("its discount code has been used with that phone number already"), "problem")
        return page
    if "phone_number" in changed:
        return try_again(order, corrected=True) or page
    return way_to(order)


def way_to(order: Order) -> str:
    """Where a form sent twice leads: to the payment page that is open, or to the order."""
    attempt = order.latest_attempt
    if order.payment == Payment.AWAITING and attempt and attempt.state == AttemptState.OPEN and attempt.checkout_link:
        return attempt.checkout_link if order.returned_at is None else url_for("orders.show", token=order.token)
    return url_for("orders.show", token=order.token)


def _bought_something_else(order: Order, form: CheckoutForm) -> bool:
    """Whether this form asks for other goods, another area or another code than the order has."""
    shown = read_snapshot(form.shown.data)
    area = shown.areas.get(str(form.area.data))
    goods = {line.sku: line.quantity for line in order.lines}
    return bool(
        (shown.lines and shown.quantities != goods)
        or (area and area.name != order.area_name)
        or normalised_code(form.code.data or "") != order.discount_code
    )
