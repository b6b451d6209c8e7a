"""Draft orders: orders made for a buyer who asks by phone or WhatsApp. The buyer pays on the order page."""

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.orders.product_picker import (
    BUTTONS,
    PickedProducts,
    picked_products_from_form,
    picked_products_from_query,
)
from shop.cart.contents import CartContents
from shop.cart.current_cart import may_try_code_in_admin
from shop.checkout.forms import CheckoutForm, new_key
from shop.checkout.submission import Placed, order_by_checkout_key, place_once, write_cart_order
from shop.config import Settings
from shop.core.money import shillings
from shop.core.phones import whatsapp_link
from shop.orders.models import Order
from shop.orders.placement import Buyer
from shop.orders.reservations import OutOfStock
from shop.payments.review_queue import order_by_number
from shop.pricing.discount_codes import DiscountNotUsable
from shop.pricing.models import DeliveryArea

HOLD_MINUTES = 24 * 60  # the buyer reads the link later
TOO_MANY_CODES = "Too many wrong discount codes were typed from your account. Wait an hour, or go on without one"
NO_PRODUCTS = "Add at least one product: search for it, then press Add"
NOT_SOLD = "A product that you added is no longer sold. It was removed"


class DraftOrderForm(CheckoutForm):
    """The checkout form, filled in for a buyer."""

    code_refused = False  # too many wrong codes came before: the code was not checked


@admin.route("/orders/new", methods=["GET", "POST"])
@may("staff")
def new_order() -> str | tuple[str, int] | AnyResponse:
    """Add products, enter the buyer, check the total, make the order."""
    form = DraftOrderForm()
    if not form.is_submitted():
        picked = picked_products_from_query()
        return _page(form, picked, _priced_cart(form, picked), problems=[])
    placed = order_by_checkout_key(form.key) if form.key else None
    if placed:
        return redirect(url_for("admin.order_link", number=placed.number), 303)
    picked = picked_products_from_form()
    cart = _priced_cart(form, picked)
    if form.code_refused:
        form.code.errors = [TOO_MANY_CODES]
        return _page(form, picked, cart, [*picked.problems, ("code", TOO_MANY_CODES)]), 429
    if any(button in request.form for button in BUTTONS):
        return _page(form, picked, cart, picked.problems), 422 if picked.problems else 200
    return _submitted(form, picked, cart)


@admin.get("/orders/<number>/link")
@may("staff")
def order_link(number: str) -> str:
    """The link to pay, and a WhatsApp message with it."""
    order = order_by_number(number)
    settings: Settings = current_app.config["SETTINGS"]
    link = f"{settings.shop_url}{url_for('orders.show', token=order.token)}"
    text = render_template("whatsapp/pay_order.txt", order=order, link=link).strip()
    return render_template(
        "admin/orders/draft_order_link.html",
        order=order,
        link=link,
        text=text,
        whatsapp_url=whatsapp_link(text, order.phone_number),
    )


def _submitted(form: DraftOrderForm, picked: PickedProducts, cart: CartContents) -> tuple[str, int] | AnyResponse:
    form.validate()
    problems = _problems(form, picked, cart)
    if problems or cart.area is None or cart.quote is None:
        return _page(form, picked, cart, problems), 422
    notice = f"The total is {shillings(cart.quote.total)}. If that is correct, press Make the order"
    if form.shown_total.data != str(cart.quote.total) or form.key is None:
        return _page(form, picked, cart, [], notice), 409
    try:
        order = _place_draft_order(form.key, form.buyer(), cart, cart.area)
    except (OutOfStock, DiscountNotUsable):
        fresh = _priced_cart(form, picked)
        notice = "The order was not made: a product was sold out, or the discount code used up, at the same time"
        return _page(form, picked, fresh, _problems(form, picked, fresh), notice), 409
    flash(f"Order {order.number} is made. Its goods are held for 24 hours", "good")
    return redirect(url_for("admin.order_link", number=order.number), 303)


def _place_draft_order(key: str, buyer: Buyer, cart: CartContents, area: DeliveryArea) -> Order:
    quoted = cart.quote_for(area)  # before the transaction, which reads the area and the code again

    def place() -> Placed:
        order = write_cart_order(key, buyer, cart, area, quoted, HOLD_MINUTES)
        audit(f"Made order {order.number} for the buyer: {shillings(order.total)}", order)
        return order, None

    return place_once(key, place)[0]


def _priced_cart(form: DraftOrderForm, picked: PickedProducts) -> CartContents:
    form.code_refused = not may_try_code_in_admin(form.code.data, current_user.id)
    cart = picked.cart(str(form.area.data or ""), "" if form.code_refused else form.code.data or "")
    form.offer(cart.areas)
    return cart


def _problems(form: DraftOrderForm, picked: PickedProducts, cart: CartContents) -> list[tuple[str, str]]:
    problems = [*picked.problems]
    if cart.notices:
        problems.append(("q", NOT_SOLD))
    elif not cart.lines:
        problems.append(("q", NO_PRODUCTS))
    problems += [(f"quantity-{line.sku}", line.problem) for line in cart.lines if line.problem]
    code_problem = cart.code_problem or form.problem_with_code(cart.discount_code)
    if code_problem:
        form.code.errors = [code_problem]
    return problems + form.problems


def _page(
    form: DraftOrderForm,
    picked: PickedProducts,
    cart: CartContents,
    problems: list[tuple[str, str]],
    notice: str | None = None,
) -> str:
    form.shown_total.data = str(cart.quote.total) if cart.quote else ""
    if form.key is None:
        form.checkout_key.data = new_key()
    return render_template(
        "admin/orders/draft_order.html", form=form, picked=picked, cart=cart, problems=problems, notice=notice
    )
