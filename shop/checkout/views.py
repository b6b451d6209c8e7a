"""One page: who buys, where it goes, every line and the exact total, on a button that says it.

Every form is answered with a redirect: Back meets pages only, never a form that would have to be sent again. What was
typed waits with the cart; GET /checkout?again=pay checks it afresh and says what stands in the way.
"""

from contextlib import suppress

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_limiter import RateLimitExceeded
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from shop.cart import current_cart as carts
from shop.cart import storage
from shop.cart.contents import CartContents, CartProblem
from shop.cart.discount_code_limit import TOO_MANY, may_try_code
from shop.checkout.forms import CheckoutForm, new_key
from shop.checkout.page_snapshot import read_snapshot, snapshot_of
from shop.checkout.problems import OPEN_TOO_LONG, Trouble, what_to_say
from shop.checkout.resubmission import sent_again, way_to
from shop.checkout.submission import order_of, place_order
from shop.orders.open_orders import open_orders, remember_order
from shop.orders.placement import Buyer, TooManyOpen
from shop.orders.reservations import OutOfStock
from shop.payments.attempts import open_page
from shop.pricing.discount_codes import DiscountNotUsable
from shop.pricing.models import DeliveryArea
from shop.web.extensions import csrf, limiter

checkout = Blueprint("checkout", __name__)
csrf.exempt(checkout)  # the form checks its own token, so that a stale one costs the buyer nothing that was typed
NETWORK = "Very many orders come from your network at the moment. Wait 10 minutes, then press Pay again"
ONCE_MORE = "Check your order once more, then press Pay"
QUICKER = "Another buyer was quicker. Your order has not been placed"
FILLED_AGAIN = "We no longer had your cart, so we filled it again from this page. Check it, then press Pay"
NOT_READY = "Your cart cannot be bought as it is. Nothing was ordered, and what you typed at the checkout is kept."


@checkout.get("/checkout")
def details() -> Response | str:
    """Ask who is buying and where it goes; with `again`, say what became of the form that was just sent."""
    basket, again = carts.current_cart(), request.args.get("again")
    if not basket.lines:
        orders = open_orders()
        if orders:
            return redirect(url_for("orders.show", token=orders[0].token), 303)
        cookies_refused = again and not storage.is_kept()
        return redirect(url_for("cart.show", added="" if cookies_refused else None), 303)
    if not basket.ready:
        flash(NOT_READY, "problem")
        return redirect(url_for("cart.show"), 303)
    typed = storage.typed()
    form = CheckoutForm(formdata=MultiDict(typed) if typed else None)
    form.area.data, form.code.data = str(basket.area_id or ""), basket.code
    trouble = Trouble([], ". ".join(basket.notices))
    if again == "pay" and typed:
        form.code.data = typed.get("code") if typed.get("code_refused") else basket.code
        _offer(form, basket)
        form.validate()
        trouble = what_to_say(form, basket, read_snapshot(typed.get("shown")), typed)
    page = _page(form, basket, trouble, again)
    carts.accept_changes(basket)
    return page


@checkout.post("/checkout")
def submit() -> Response:
    """Take the form in: on to the payment page, or back to GET /checkout with what stands in the way."""
    form = CheckoutForm()
    placed = order_of(form.key) if form.key else None
    if placed:
        return redirect(sent_again(placed, form), 303)
    code = "" if _asked() == "none" else form.code.data or ""
    refused = not may_try_code(code)
    code = "" if refused else code
    basket = carts.current_cart(str(form.area.data or ""), code)
    if not basket.lines:
        return _without_cart(form)
    if refused:
        return _back(form, basket, code_refused=TOO_MANY)
    if _asked():
        return _back(form, basket, "code", "discount")
    _offer(form, basket)
    stale = not form.validate() and bool(form.csrf_token.errors)
    trouble = what_to_say(form, basket, read_snapshot(form.shown.data), form.answers())
    if stale:
        return _back(form, basket, main=OPEN_TOO_LONG)
    if not basket.ready or basket.area is None or trouble.problems or trouble.news:
        return _back(form, basket)
    if form.key is None:
        return _back(form, basket, news=ONCE_MORE)
    try:
        with limiter.limit("100 per 10 minutes"):  # loose: carriers put thousands of phones behind one address
            return _ordered(form.key, form.buyer(), basket, basket.area)
    except RateLimitExceeded:
        return _back(form, basket, main=NETWORK)
    except TooManyOpen as many:
        return _back(form, basket, many=" ".join(many.fields))
    except (OutOfStock, DiscountNotUsable):
        return _back(form, carts.current_cart(str(basket.area.id), basket.code), news=QUICKER)


def _asked() -> str | None:
    """What was pressed instead of Pay: "code" applies the code, "none" removes it."""
    return request.form.get("apply")


def _ordered(key: str, buyer: Buyer, basket: CartContents, area: DeliveryArea) -> Response:
    order, attempt = place_order(key, buyer, basket, area)
    order_page = url_for("orders.show", token=order.token)
    remember_order(order)
    carts.bought(basket)
    if attempt is None:
        return redirect(way_to(order), 303)
    return redirect(open_page(attempt) or order_page, 303)


def _back(
    form: CheckoutForm, basket: CartContents, again: str = "pay", anchor: str | None = None, **said: str
) -> Response:
    """Keep what was typed and lead to the page that says the rest; what cannot be bought is changed in the cart."""
    _keep(form, basket.code, **said)
    if not basket.ready:
        flash(said.get("news") or NOT_READY, "problem")
        return redirect(url_for("cart.show"), 303)
    return redirect(url_for("checkout.details", again=again, _anchor=anchor), 303)


def _keep(form: CheckoutForm, code: str, **said: str) -> None:
    answers = {name: value for name, value in form.answers().items() if value}
    storage.keep_typed({**answers, **said}, area=str(form.area.data or "")[:12], code=code)


def _without_cart(form: CheckoutForm) -> Response:
    """The cart is empty. A lost cookie or key lost it: then the page's own lines fill it again, and Pay is asked for.

    A cart that is there and empty was bought or emptied meanwhile, perhaps in another tab.
    """
    shown = read_snapshot(form.shown.data)
    if not storage.is_there() and shown.lines:
        with suppress(CartProblem):
            carts.fill(shown.quantities)
        basket = carts.current_cart(str(form.area.data or ""), form.code.data)
        if basket.lines:
            return _back(form, basket, news=FILLED_AGAIN)
    orders = open_orders()
    if orders:
        flash("Your cart is empty, because you have ordered already. Nothing more was ordered.", "problem")
    elif storage.is_there():
        _keep(form, "")
        flash("Your cart is empty now, so nothing was ordered. What you typed at the checkout is kept.", "problem")
    return redirect(url_for("orders.show", token=orders[0].token) if orders else url_for("cart.show"), 303)


def _offer(form: CheckoutForm, basket: CartContents) -> None:
    pickups = frozenset(str(area.id) for area in basket.areas if area.pickup)
    form.offer([(str(area.id), area.name) for area in basket.areas], pickups)


def _page(form: CheckoutForm, basket: CartContents, trouble: Trouble, again: str | None) -> str:
    form.shown_total.data = str(basket.quote.total) if basket.quote else ""
    form.shown.data = snapshot_of(basket)
    form.once.data = new_key()
    return render_template(
        "checkout/details.html",
        form=form,
        basket=basket,
        problems=trouble.problems,
        changed=trouble.news,
        again=again,
        open_orders=open_orders(),
    )
