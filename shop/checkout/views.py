"""One page: who buys, where it goes, every line and the exact total, on a button that says it."""

import re

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask_limiter import RateLimitExceeded
from werkzeug.wrappers import Response

from shop.cart import basket as carts
from shop.cart.code_guesses import TOO_MANY, may_try
from shop.cart.contents import Basket
from shop.checkout.forms import CheckoutForm, new_key
from shop.checkout.ordering import order_of, place_order
from shop.extensions import csrf, limiter
from shop.money import shillings
from shop.orders.capping import MOST_OPEN, TooManyOpen
from shop.orders.finding import order_with
from shop.orders.models import Order
from shop.orders.placing import Buyer
from shop.orders.states import AttemptState, Payment
from shop.orders.stock import OutOfStock
from shop.payments.opening import open_page
from shop.pricing.claiming import DiscountGone
from shop.pricing.models import DeliveryArea

checkout = Blueprint("checkout", __name__)
csrf.exempt(checkout)  # the form checks its own token, so that a stale one costs the buyer nothing that was typed
CURE = "Pay one of them, by the link we mailed, or wait until one ends, then press Pay again"
Problem = tuple[str, str]  # the id of a field, and what to do about it


@checkout.route("/checkout", methods=["GET", "POST"])
def details() -> Response | str | tuple[str, int]:
    """Ask who is buying and where it goes, then send them to pay."""
    form = CheckoutForm()
    if request.method == "POST":
        placed = order_of(form.key) if form.key else None
        if placed:
            return redirect(_way_to(placed), 303)
        guessing = not may_try(form.code.data)
        basket = carts.current_basket(str(form.area.data or ""), "") if guessing else _chosen(form)
        carts.choose(str(basket.area_id or ""), basket.code)
    else:
        guessing = False
        basket = carts.current_basket()
        form.area.data, form.code.data = str(basket.area_id or ""), basket.code
    if not basket.lines:
        return redirect(_last_order() or url_for("cart.show"), 303)
    pickups = frozenset(str(area.id) for area in basket.areas if area.pickup)
    form.offer([(str(area.id), area.name) for area in basket.areas], pickups)
    if guessing:
        form.code.errors = [TOO_MANY]
        return _page(form, basket, [("code", TOO_MANY)]), 429
    if request.method == "GET" or "apply" in request.form:
        return _page(form, basket, changed=". ".join(basket.notices) or None)
    return _submitted(form, basket)


def _submitted(form: CheckoutForm, basket: Basket) -> Response | tuple[str, int]:
    form.validate()
    problems, changed = _problems(form, basket), _changed(form, basket)
    if problems or basket.area is None:
        return _page(form, basket, problems, changed), 422
    if changed or form.key is None:
        return _page(form, basket, changed=changed or "Check your order once more, then press Pay"), 409
    buyer = form.buyer()
    try:
        with limiter.limit("100 per 10 minutes"):  # loose: carriers put thousands of phones behind one address
            return _ordered(form.key, buyer, basket, basket.area)
    except RateLimitExceeded:
        words = "Very many orders come from your network at the moment. Wait 10 minutes, then press Pay again"
        return _page(form, basket, [("main", words)]), 429
    except TooManyOpen as many:
        return _page(form, basket, _too_many(form, many)), 429
    except (OutOfStock, DiscountGone):
        fresh = _chosen(form)
        return _page(form, fresh, _problems(form, fresh), "Somebody was quicker. Your order has not been placed"), 409


def _ordered(key: str, buyer: Buyer, basket: Basket, area: DeliveryArea) -> Response:
    order, attempt = place_order(key, buyer, basket, area)
    order_page = url_for("orders.show", token=order.token)
    carts.empty()
    session["order"] = order.token
    if attempt is None:
        return redirect(_way_to(order), 303)
    return redirect(open_page(attempt) or order_page, 303)


def _too_many(form: CheckoutForm, many: TooManyOpen) -> list[Problem]:
    """What the buyer can do about it, beside each field that has too many."""
    problems = []
    for field, name, over in (
        (form.phone_number, "phone number", many.phone_number),
        (form.email, "email address", many.email),
    ):
        if over:
            words = f"{MOST_OPEN} orders with this {name} wait to be paid. {CURE}"
            field.errors = [words]
            problems.append((field.name, words))
    return problems


def _last_order() -> str | None:
    """Where Back from the payment page leads: the cart is empty by then, but the order still waits to be paid."""
    order = order_with(session.get("order", ""))
    return url_for("orders.show", token=order.token) if order and order.payment == Payment.AWAITING else None


def _chosen(form: CheckoutForm) -> Basket:
    return carts.current_basket(str(form.area.data or ""), form.code.data)


def _way_to(order: Order) -> str:
    """Where a form sent twice leads: to the payment page that is open, or to the order."""
    attempt = order.latest_attempt
    if order.payment == Payment.AWAITING and attempt and attempt.state == AttemptState.OPEN and attempt.checkout_link:
        return attempt.checkout_link if order.returned_at is None else url_for("orders.show", token=order.token)
    return url_for("orders.show", token=order.token)


def _problems(form: CheckoutForm, basket: Basket) -> list[Problem]:
    problems = [(line_id, words) for line_id, words in (("summary", line.problem) for line in basket.lines) if words]
    code_problem = basket.code_problem or form.problem_with_code(basket.discount_code)
    if code_problem:
        form.code.errors = [code_problem]
    for field in form:
        if field.name == "csrf_token" and field.errors:
            problems.append(("main", "This page was open for too long. Nothing is lost: check it and press Pay again"))
        else:
            problems.extend((field.name, str(words)) for words in field.errors)
    return problems


def _changed(form: CheckoutForm, basket: Basket) -> str | None:
    """What to say when the total, or anything in it, is not what the buyer was shown."""
    shown, total = form.shown_total.data or "", basket.quote.total if basket.quote else None
    if not basket.notices and (total is None or shown == str(total)):
        return None
    news = [*basket.notices]
    if total is not None and re.fullmatch("[0-9]{1,9}", shown) and shown != str(total):
        news.append(f"The total is now {shillings(total)}. It was {shillings(int(shown))}")
    elif total is not None:
        news.append(f"The total is {shillings(total)} with delivery")
    return ". ".join([*news, "If that is right, press Pay"])


def _page(form: CheckoutForm, basket: Basket, problems: list[Problem] | None = None, changed: str | None = None) -> str:
    carts.accept_changes(basket)
    form.shown_total.data = str(basket.quote.total) if basket.quote else ""
    if form.key is None:
        form.once.data = new_key()
    return render_template("checkout/details.html", form=form, basket=basket, problems=problems or [], changed=changed)
