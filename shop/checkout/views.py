"""The checkout page: buyer, delivery area, cart lines and the exact total.

Every POST answers with a redirect, so that the browser's Back button never sends a form again. The answers are saved
with the cart, and by choice on the phone; GET /checkout?again=pay validates them again and shows the problems.
"""

from contextlib import suppress

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_limiter import RateLimitExceeded
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from shop.cart import current_cart as carts
from shop.cart import storage
from shop.cart.contents import CartContents, CartProblem
from shop.checkout.forms import OPEN_TOO_LONG, CheckoutForm, CheckoutProblems, checkout_problems, new_key
from shop.checkout.kept_details import forget_details, keep_details, kept_details
from shop.checkout.page_snapshot import read_snapshot, snapshot_of
from shop.checkout.resubmission import payment_or_order_page, resubmit
from shop.checkout.submission import order_by_checkout_key, place_order
from shop.orders.lookup import open_orders, remember_order
from shop.orders.placement import TooManyOpenOrders
from shop.orders.reservations import OutOfStock
from shop.payments.attempts import open_page
from shop.pricing.discount_codes import DiscountNotUsable
from shop.pricing.models import DeliveryArea
from shop.web.extensions import csrf, limiter

checkout = Blueprint("checkout", __name__)
csrf.exempt(checkout)  # the form checks its own token: an expired one must not lose the answers
TOO_MANY_ORDERS = "Very many orders come from your network at the moment. Wait 10 minutes, then press Pay again"
CHECK_AGAIN = "Check your order once more, then press Pay"
GOODS_GONE = "Another buyer was quicker. Your order has not been placed"
CART_RESTORED = "We no longer had your cart, so we filled it again from this page. Check it, then press Pay"
FORGOTTEN = "Your details are no longer kept on this phone."
NOT_READY = "Your cart cannot be ordered as it is. Nothing was ordered, and your answers at the checkout are kept."


@checkout.get("/checkout")
def details() -> Response | str:
    """Show the checkout form; with `again`, also the problems of the answers that were just sent."""
    cart, again = carts.current_cart(), request.args.get("again")
    if not cart.lines:
        orders = open_orders()
        if orders:
            return redirect(url_for("orders.show", token=orders[0].token), 303)
        cookies_refused = again and not storage.has_token()
        return redirect(url_for("cart.show", added="" if cookies_refused else None), 303)
    if not cart.ready:
        flash(NOT_READY, "problem")
        return redirect(url_for("cart.show"), 303)
    answers, kept = storage.saved_answers(), kept_details()
    form = CheckoutForm(formdata=MultiDict(answers) if answers else None, data={**kept, "keep": bool(kept)})
    form.area.data, form.code.data = str(cart.area_id or ""), cart.code
    problems = CheckoutProblems([], ". ".join(cart.notices))
    if again == "pay" and answers:
        form.code.data = answers.get("code") if answers.get("code_refused") else cart.code
        form.offer(cart.areas)
        form.validate()
        problems = checkout_problems(form, cart, read_snapshot(answers.get("shown")), answers)
    page = _page(form, cart, problems, again, bool(kept))
    carts.accept_changes(cart)
    return page


@checkout.post("/checkout")
def submit() -> Response:
    """Place the order and redirect to the payment page, or back to GET /checkout with the problems."""
    if "forget" in request.form:
        return _forgotten()
    form = CheckoutForm()
    placed = order_by_checkout_key(form.key) if form.key else None
    if placed:
        return redirect(resubmit(placed, form), 303)
    apply = request.form.get("apply")  # another button than Pay: "code" applies the discount code, "none" removes it
    code = "" if apply == "none" else form.code.data or ""
    refused = not carts.may_try_code(code)
    code = "" if refused else code
    cart = carts.current_cart(str(form.area.data or ""), code)
    if not cart.lines:
        return _without_cart(form)
    if refused:
        return _back(form, cart, code_refused=carts.TOO_MANY_CODES)
    if apply:
        return _back(form, cart, "code", "discount")
    form.offer(cart.areas)
    expired = not form.validate() and bool(form.csrf_token.errors)
    problems = checkout_problems(form, cart, read_snapshot(form.shown.data), form.answers())
    if expired:
        return _back(form, cart, main=OPEN_TOO_LONG)
    if not cart.ready or cart.area is None or problems.errors or problems.changes:
        return _back(form, cart)
    if form.key is None:
        return _back(form, cart, news=CHECK_AGAIN)
    try:
        with limiter.limit("100 per 10 minutes"):  # mobile operators put thousands of phones behind one address
            return _place(form.key, form, cart, cart.area)
    except RateLimitExceeded:
        return _back(form, cart, main=TOO_MANY_ORDERS)
    except TooManyOpenOrders as error:
        return _back(form, cart, many=" ".join(error.fields))
    except (OutOfStock, DiscountNotUsable):
        return _back(form, carts.current_cart(str(cart.area.id), cart.code), news=GOODS_GONE)


def _place(key: str, form: CheckoutForm, cart: CartContents, area: DeliveryArea) -> Response:
    order, attempt = place_order(key, form.buyer(), cart, area)
    order_page = url_for("orders.show", token=order.token)
    remember_order(order)
    carts.remove_ordered(cart)
    address = payment_or_order_page(order) if attempt is None else open_page(attempt) or order_page
    reply = redirect(address, 303)
    if form.keep.data:
        keep_details(reply, form.answers())
    else:
        forget_details(reply)
    return reply


def _forgotten() -> Response:
    """Forget the buyer's details on the phone, and those that were typed."""
    storage.update_cart(answers="", answers_at=None)
    flash(FORGOTTEN, "good")
    reply = redirect(url_for("checkout.details"), 303)
    forget_details(reply)
    return reply


def _back(
    form: CheckoutForm, cart: CartContents, again: str = "pay", anchor: str | None = None, **messages: str
) -> Response:
    """Save the answers and redirect to the page that shows the problems: the cart's, when it must be changed."""
    _save_answers(form, cart.code, **messages)
    if not cart.ready:
        flash(messages.get("news") or NOT_READY, "problem")
        return redirect(url_for("cart.show"), 303)
    return redirect(url_for("checkout.details", again=again, _anchor=anchor), 303)


def _save_answers(form: CheckoutForm, code: str, **messages: str) -> None:
    answers = {name: value for name, value in form.answers().items() if value}
    storage.save_answers({**answers, **messages}, area=str(form.area.data or "")[:12], code=code)


def _without_cart(form: CheckoutForm) -> Response:
    """Answer a form whose cart is empty. When the cart's cookie was lost, fill a new cart from the page snapshot.

    When the cart exists, it was ordered or emptied, perhaps in another tab.
    """
    shown = read_snapshot(form.shown.data)
    if not storage.cart_exists() and shown.lines:
        with suppress(CartProblem):
            carts.fill(shown.quantities)
        cart = carts.current_cart(str(form.area.data or ""), form.code.data)
        if cart.lines:
            return _back(form, cart, news=CART_RESTORED)
    orders = open_orders()
    if orders:
        flash("Your cart is empty, because you have ordered already. Nothing more was ordered.", "problem")
    elif storage.cart_exists():
        _save_answers(form, "")
        flash("Your cart is empty now, so nothing was ordered. Your answers at the checkout are kept.", "problem")
    return redirect(url_for("orders.show", token=orders[0].token) if orders else url_for("cart.show"), 303)


def _page(form: CheckoutForm, cart: CartContents, problems: CheckoutProblems, again: str | None, kept: bool) -> str:
    form.note_card_only()
    form.shown_total.data = str(cart.quote.total) if cart.quote else ""
    form.shown.data = snapshot_of(cart)
    form.checkout_key.data = new_key()
    return render_template(
        "checkout/details.html",
        form=form,
        cart=cart,
        problems=problems.errors,
        changed=problems.changes,
        again=again,
        kept=kept,
        open_orders=open_orders(),
    )
