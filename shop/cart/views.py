"""The cart page and its forms, which carry no CSRF token: the origin of the request is checked instead."""

import re

from flask import Blueprint, current_app, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from shop.cart import current_cart as carts
from shop.cart import storage
from shop.cart.cart_links import BUYER_LINK_LIFETIME, count_use, share, shared_cart
from shop.cart.contents import CartContents, CartProblem, cart_contents, counted_category, read_quantity
from shop.cart.models import SharedCart
from shop.core.clock import utcnow
from shop.core.database import write
from shop.core.phones import whatsapp_link
from shop.orders.lookup import held_by, open_orders
from shop.pricing.discount_codes import discount_code_by_name, normalised_code, offer_of
from shop.pricing.models import not_known
from shop.web.caching import PUBLIC_BLUEPRINTS
from shop.web.errors import error_page
from shop.web.extensions import csrf, limiter

NO_CART = (
    "This cart link does not work",
    "It may have expired or be incomplete. Ask the person who sent it for a new one.",
)

wrong_links = limiter.shared_limit(  # by client address; a link that works is not counted
    "120 per hour", scope="cart codes", deduct_when=lambda response: response.status_code == 404
)

cart = Blueprint("cart", __name__)
# Read by static/js/shop-page.js and delivery-area.js only, so that pages are the same for every visitor.
COUNT_COOKIE = "cart_count"
AREA_COOKIE = "delivery_area"
csrf.exempt(cart)  # catalogue pages carry no token, so that they can be cached; see request_checks.py


@cart.after_app_request
def set_cart_cookies(response: Response) -> Response:
    """After a change of the cart, tell the browser how many pieces are in it and where it goes."""
    pieces, area = g.pop("cart_pieces", None), g.pop("chosen_area", None)
    if request.blueprint not in PUBLIC_BLUEPRINTS:
        if pieces is not None:
            _set_number(response, COUNT_COOKIE, str(pieces))
        if area is not None:
            _set_number(response, AREA_COOKIE, area)
    return response


def _set_number(response: Response, cookie: str, number: str) -> None:
    """Set a cookie for scripts, or delete it for "0" and for what is no number of up to nine digits."""
    if re.fullmatch("[1-9][0-9]{0,8}", number):
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        lifetime = current_app.config["PERMANENT_SESSION_LIFETIME"]
        response.set_cookie(cookie, number, max_age=lifetime, secure=secure, samesite="Lax")
    else:
        response.delete_cookie(cookie)


@cart.get("/cart")
def show() -> str:
    """Show the cart at current prices."""
    cart = carts.current_cart()
    g.cart_pieces = sum(line.quantity for line in cart.lines)
    added = next((line for line in cart.lines if line.sku == request.args.get("added")), None)
    removed = carts.removed_lines() if "removed" in request.args else []
    lost = "added" in request.args and not storage.has_token()
    orders = open_orders()
    page = render_template(
        "cart/show.html",
        cart=cart,
        added=added,
        removed=removed,
        lost=lost,
        again=request.args.get("again"),
        open_orders=orders,
        held=held_by(orders),
    )
    carts.accept_changes(cart)
    return page


@cart.post("/cart/add")
def add() -> Response:
    """Add a SKU to the cart."""
    sku = "".join(filter(str.isprintable, request.form.get("sku", "")))[:40]
    try:
        quantity = read_quantity(request.form.get("quantity", "1"))
        if not quantity:
            raise CartProblem("Quantity must be at least 1")
        if not sku:
            return redirect(_variant_choice(request.form.get("product", ""), quantity), 303)
        line = carts.add(sku, quantity)
    except CartProblem as problem:
        flash(str(problem), "problem")
        return redirect(url_for("cart.show"), 303)
    flash(f"{quantity} × {line.full_name} added to your cart", "good")
    return redirect(url_for("cart.show", added=sku), 303)


@cart.post("/cart/update")
def update() -> Response:
    """Change quantities, remove a line, choose the area and discount code, or go on to the checkout."""
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
    for message in sorted(problems):
        flash(message, "problem")
    carts.set_quantities(
        {**quantities, removed: 0} if removed else quantities, _shown_quantities(request.form.get("shown"))
    )
    apply = request.form.get("apply")
    code = "" if apply == "none" else request.form.get("code")
    if not carts.may_try_code(code):
        code = None
        flash(carts.TOO_MANY_CODES, "problem")
    new_code = bool(code) and normalised_code(code or "") != carts.current_cart().code
    carts.choose(request.form.get("area"), code)
    if removed or 0 in quantities.values():
        return redirect(url_for("cart.show", removed=1), 303)
    if apply and not problems:
        anchor = "summary" if apply == "area" else "discount"  # not a field, which would take the focus
        return redirect(url_for("cart.show", again="area" if apply == "area" else "code", _anchor=anchor), 303)
    if request.form.get("go") != "checkout" and new_code and not problems:  # the Enter key in the field of the code
        return redirect(url_for("cart.show", again="code", _anchor="discount"), 303)
    to_checkout = request.form.get("go") == "checkout" and not problems and carts.current_cart().ready
    return redirect(url_for("checkout.details" if to_checkout else "cart.show"), 303)


@cart.post("/cart/undo")
def undo() -> Response:
    """Put back the lines that were removed last."""
    carts.undo_removal()
    return redirect(url_for("cart.show"), 303)


def _shown_quantities(text: str | None) -> dict[str, int] | None:
    """Parse the hidden field with the quantities that the page showed; None when it is empty."""
    pairs = [pair.rpartition(":") for pair in (text or "").split()]
    return {sku: int(count) for sku, _, count in pairs if re.fullmatch("[0-9]{1,4}", count)} if text else None


@cart.post("/cart/share")
@limiter.limit("60 per hour")  # mobile operators put thousands of phones behind one address
def share_mine() -> Response:
    """Make a link to the buyer's cart and show it. An unchanged cart keeps its link."""
    quantities = {line.sku: line.quantity for line in carts.current_cart().lines}
    if not quantities:
        return redirect(url_for("cart.show"), 303)
    last = shared_cart(session.get("shared", ""), utcnow())
    if last is None or {line.sku: line.quantity for line in last.lines} != quantities:
        last = write(lambda: share(quantities, utcnow(), BUYER_LINK_LIFETIME))
        session["shared"] = last.code
    flash("Here is the link to your cart. Anyone who opens it can put the same things into their own cart", "good")
    return redirect(url_for("cart.shared", code=last.code), 303)


@cart.get("/c/<code>")
@wrong_links
def shared(code: str) -> str | Response:
    """Show a shared cart at current prices. It changes nothing: link previews and bots open it too."""
    found = shared_cart(code, utcnow())
    if found is None:
        return error_page(404, NO_CART)
    cart = _contents(found)
    link = f"{current_app.config['SHOP_URL']}{url_for('cart.shared', code=found.code)}"
    text = render_template("whatsapp/shared_cart.txt", cart=cart, link=link).strip()
    return render_template("cart/shared.html", shared=found, cart=cart, link=link, whatsapp_url=whatsapp_link(text))


@cart.post("/c/<code>")
@wrong_links
def take_shared(code: str) -> Response:
    """Add a shared cart to the visitor's cart."""
    found = shared_cart(code, utcnow())
    if found is None:
        return error_page(404, NO_CART)
    cart = _contents(found)
    withdrawn = ["Something that was in it is no longer sold"] if cart.withdrawn else []
    try:
        left_out = carts.add_shared(cart)
    except CartProblem as problem:
        flash(str(problem), "problem")
        return redirect(url_for("cart.shared", code=code), 303)
    for message in [*withdrawn, *left_out]:
        flash(message, "problem")
    if any(line.left > 0 for line in cart.lines):
        write(lambda: count_use(found.id))
        flash("These things are in your cart now. Change them as you like", "good")
    return redirect(url_for("cart.show"), 303)


@cart.get("/d/<discount>")
def discount_link(discount: str) -> str | Response:
    """Store the discount code of a link with the visitor's cart, and say what it gives."""
    if not carts.may_try_code(discount):
        return error_page(429, ("Too many wrong codes", f"{carts.TOO_MANY_CODES}."))
    code = discount_code_by_name(discount)
    problem = (
        not_known(normalised_code(discount)) if code is None else code.problem_with(code.minimum_subtotal, utcnow())
    )
    if code is None or problem:
        return error_page(404, ("This discount code does not work", f"{problem}."))
    carts.keep_code(code.code)
    category = counted_category(code)
    offer = offer_of(code, category.name if category else "")
    return render_template("cart/discount_link.html", code=code, category=category, offer=offer)


def _variant_choice(product: str, quantity: int) -> str:
    """The address of the product page that asks for a variant, with the quantity kept."""
    if not re.fullmatch("[a-z0-9-]{1,80}", product):
        raise CartProblem("Choose which one you would like, then add it to the cart")
    return url_for("catalog.product", slug=product, choose=1, quantity=quantity, _anchor="choice")


def _contents(found: SharedCart) -> CartContents:
    return cart_contents({line.sku: line.quantity for line in found.lines})
