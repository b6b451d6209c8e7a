"""The cart's page and its buttons. No JavaScript, no token: the origin of the request is checked instead."""

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shop.cart import basket as carts
from shop.extensions import csrf
from shop.origin import from_elsewhere

cart = Blueprint("cart", __name__)
csrf.exempt(cart)  # catalogue pages carry no token, so that caches may keep them; see `ours_only`


@cart.before_request
def ours_only() -> None:
    """Refuse a form that another site sent."""
    if request.method == "POST" and from_elsewhere():
        abort(403)


@cart.get("/cart")
def show() -> str:
    """What is in the cart, priced now."""
    basket = carts.current_basket()
    page = render_template("cart/show.html", basket=basket)
    carts.accept_changes(basket)
    return page


@cart.post("/cart/add")
def add() -> Response:
    """Put a SKU into the cart."""
    sku = "".join(filter(str.isprintable, request.form.get("sku", "")))[:40]
    try:
        quantity = carts.read_quantity(request.form.get("quantity", "1"))
        if not quantity:
            raise carts.CartProblem("Quantity must be at least 1")
        if not sku:
            raise carts.CartProblem("Choose which one you would like, then add it to the cart")
        carts.add(sku, quantity)
    except carts.CartProblem as problem:
        flash(str(problem), "problem")
    else:
        flash("Added to your cart", "good")
    return redirect(url_for("cart.show"), 303)


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
            quantities[sku] = carts.read_quantity(value)
        except carts.CartProblem as problem:
            problems.add(str(problem))
    for words in sorted(problems):
        flash(words, "problem")
    carts.change({**quantities, removed: 0} if removed else quantities)
    carts.choose(request.form.get("area"), request.form.get("code"))
    going = request.form.get("go") == "checkout" and not removed and not problems
    return redirect(url_for("checkout.details" if going else "cart.show"), 303)
