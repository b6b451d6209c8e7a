"""The cart's page and its buttons. No JavaScript, no token: the origin of the request is checked instead."""

import re

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from shop.cart import current_cart as carts
from shop.cart import storage
from shop.cart.cart_links import FROM_BUYER, count_use, share, shared_cart
from shop.cart.contents import CartContents, CartProblem, cart_contents, read_quantity
from shop.cart.discount_code_limit import TOO_MANY, may_try_code
from shop.cart.models import SharedCart
from shop.core.clock import utcnow
from shop.core.database import write
from shop.core.phones import whatsapp_link
from shop.orders.open_orders import held_by, open_orders
from shop.web.errors import error_page
from shop.web.extensions import csrf, limiter

NO_CART = ("This cart link leads nowhere", "It may have run out, or be cut short. Ask whoever sent it for a new one.")

guesses = limiter.shared_limit(  # of codes, by one address; who has a true one is never counted
    "120 per hour", scope="cart codes", deduct_when=lambda response: response.status_code == 404
)

cart = Blueprint("cart", __name__)
csrf.exempt(cart)  # catalogue pages carry no token, so that caches may keep them; see origin.py


@cart.get("/cart")
def show() -> str:
    """What is in the cart, priced now."""
    basket = carts.current_cart()
    added = next((line for line in basket.lines if line.sku == request.args.get("added")), None)
    removed = carts.last_removed() if "removed" in request.args else []
    lost = "added" in request.args and not storage.is_kept()
    orders = open_orders()
    page = render_template(
        "cart/show.html",
        basket=basket,
        added=added,
        removed=removed,
        lost=lost,
        again=request.args.get("again"),
        open_orders=orders,
        held=held_by(orders),
    )
    carts.accept_changes(basket)
    return page


@cart.post("/cart/add")
def add() -> Response:
    """Put a SKU into the cart."""
    sku = "".join(filter(str.isprintable, request.form.get("sku", "")))[:40]
    try:
        quantity = read_quantity(request.form.get("quantity", "1"))
        if not quantity:
            raise CartProblem("Quantity must be at least 1")
        if not sku:
            return redirect(_choice(request.form.get("product", ""), quantity), 303)
        line = carts.add(sku, quantity)
    except CartProblem as problem:
        flash(str(problem), "problem")
        return redirect(url_for("cart.show"), 303)
    flash(f"{quantity} × {line.full_name} added to your cart", "good")
    return redirect(url_for("cart.show", added=sku), 303)


@cart.post("/cart/update")
def update() -> Response:
    """Change quantities, remove a line, choose the area and code, and perhaps go on to the checkout."""
    quantities, problems = {}, set()
    removed = request.form.get("remove")
    for field, value in request.form.items():
        sku = field.removeprefix("quantity-")
        if sku in (field, removed):
            continue
        try:
            quantities[sku] = read_quantity(value)
        except CartProblem as problem:
            problems.add(str(problem))
    for words in sorted(problems):
        flash(words, "problem")
    carts.change({**quantities, removed: 0} if removed else quantities, _shown(request.form.get("shown")))
    asked = request.form.get("apply")
    code = "" if asked == "none" else request.form.get("code")
    if not may_try_code(code):
        code = None
        flash(TOO_MANY, "problem")
    carts.choose(request.form.get("area"), code)
    if removed or 0 in quantities.values():
        return redirect(url_for("cart.show", removed=1), 303)
    if asked and not problems:
        place = "summary" if asked == "area" else "discount"  # no field: one would take the focus from the answer
        return redirect(url_for("cart.show", again="area" if asked == "area" else "code", _anchor=place), 303)
    going = request.form.get("go") == "checkout" and not problems and carts.current_cart().ready
    return redirect(url_for("checkout.details" if going else "cart.show"), 303)


@cart.post("/cart/undo")
def undo() -> Response:
    """Put back what was removed last."""
    carts.put_back()
    return redirect(url_for("cart.show"), 303)


def _shown(text: str | None) -> dict[str, int] | None:
    """The quantities that the page showed, as its hidden field has them; None when it says nothing."""
    pairs = [pair.rpartition(":") for pair in (text or "").split()]
    return {sku: int(count) for sku, _, count in pairs if re.fullmatch("[0-9]{1,4}", count)} if text else None


@cart.post("/cart/share")
@limiter.limit("60 per hour")  # carriers put thousands of phones behind one address
def share_mine() -> Response:
    """Make a link to what is in the buyer's own cart, and show it. The same cart again is the same link."""
    quantities = {line.sku: line.quantity for line in carts.current_cart().lines}
    if not quantities:
        return redirect(url_for("cart.show"), 303)
    last = shared_cart(session.get("shared", ""), utcnow())
    if last is None or {line.sku: line.quantity for line in last.lines} != quantities:
        last = write(lambda: share(quantities, utcnow(), FROM_BUYER))
        session["shared"] = last.code
    flash("Here is the link to your cart. Whoever opens it can put the same things into theirs", "good")
    return redirect(url_for("cart.shared", code=last.code), 303)


@cart.get("/c/<code>")
@guesses
def shared(code: str) -> str | Response:
    """What somebody shared, at today's prices. Looking changes nothing: previews and bots look too."""
    found = shared_cart(code, utcnow())
    if found is None:
        return error_page(404, NO_CART)
    basket = _contents(found)
    link = f"{current_app.config['SHOP_URL']}{url_for('cart.shared', code=found.code)}"
    text = render_template("whatsapp/shared_cart.txt", basket=basket, link=link).strip()
    return render_template("cart/shared.html", shared=found, basket=basket, link=link, whatsapp_url=whatsapp_link(text))


@cart.post("/c/<code>")
@guesses
def take_shared(code: str) -> Response:
    """Put what was shared into this visitor's cart."""
    found = shared_cart(code, utcnow())
    if found is None:
        return error_page(404, NO_CART)
    basket = _contents(found)
    gone = ["Something that was in it is no longer sold"] if basket.withdrawn else []
    try:
        missed = carts.take_in(basket)
    except CartProblem as problem:
        flash(str(problem), "problem")
        return redirect(url_for("cart.shared", code=code), 303)
    for words in [*gone, *missed]:
        flash(words, "problem")
    if any(line.left > 0 for line in basket.lines):
        write(lambda: count_use(found.id))
        flash("The cart is yours now. Change it as you like", "good")
    return redirect(url_for("cart.show"), 303)


def _choice(product: str, quantity: int) -> str:
    """Where a product's page asks once more which one it shall be; the quantity stays."""
    if not re.fullmatch("[a-z0-9-]{1,80}", product):
        raise CartProblem("Choose which one you would like, then add it to the cart")
    return url_for("catalog.product", slug=product, choose=1, quantity=quantity, _anchor="choice")


def _contents(found: SharedCart) -> CartContents:
    return cart_contents({line.sku: line.quantity for line in found.lines})
