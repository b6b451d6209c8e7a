"""Actions of the buyer on the order page: cancel an unpaid order, or order the same products again."""

from contextlib import AbstractContextManager

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from shop.cart import current_cart as carts
from shop.cart.contents import CartProblem, cart_contents
from shop.core.database import write
from shop.orders.lookup import order_by_token
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments import manual_payments
from shop.payments.models import AttemptState
from shop.web.extensions import csrf, limiter

buyer_acts = Blueprint("buyer_acts", __name__)
csrf.exempt(buyer_acts)  # the order's token is the permission; request_checks.py checks the origin


@buyer_acts.get("/orders/<token>/cancel")
def ask_to_cancel(token: str) -> str | Response:
    """Ask before an unpaid order is cancelled, and explain what happens to a later payment."""
    order = order_by_token(token) or abort(404)
    if order.payment != Payment.AWAITING:
        return redirect(url_for("orders.show", token=token), 303)
    change = request.args.get("then") == "change"
    open_states = (AttemptState.OPEN, AttemptState.SUPERSEDED)
    page_open = any(attempt.state in open_states for attempt in order.attempts)
    return render_template("payments/cancel_order.html", order=order, change=change, page_open=page_open)


@buyer_acts.post("/orders/<token>/cancel")
def cancel(token: str) -> Response:
    """Cancel an unpaid order and release its stock and discount code. To change it, its products go into the cart."""
    order = order_by_token(token) or abort(404)
    try:
        with _limited(order):
            write(lambda: manual_payments.cancel(order, "You cancelled the order"))
    except StaleState:
        return redirect(url_for("orders.show", token=token), 303)
    if request.form.get("then") == "change":
        return _into_cart(order)
    return redirect(url_for("orders.show", token=token), 303)


@buyer_acts.post("/orders/<token>/again")
def again(token: str) -> Response:
    """Put the products of an order that has ended into the cart."""
    order = order_by_token(token) or abort(404)
    if not order.ended:
        return redirect(url_for("orders.show", token=token), 303)
    with _limited(order):
        return _into_cart(order)


def _limited(order: Order) -> AbstractContextManager[object]:
    """Limit actions on an existing order; other tokens are neither counted nor stored."""
    return limiter.limit("20 per hour", key_func=lambda: order.token)


def _into_cart(order: Order) -> Response:
    """Put an order's products into the cart, as far as they are still sold, and name the others."""
    wanted = cart_contents({line.sku: line.quantity for line in order.lines})
    sold = {line.sku for line in wanted.lines}
    missing = [f"{line.name} is no longer sold" for line in order.lines if line.sku not in sold]
    try:
        missing += carts.add_shared(wanted)
    except CartProblem as problem:
        missing = [str(problem)]
    else:
        if order.payment != Payment.PAID:  # else its discount code was used
            carts.choose(None, order.discount_code or None)
        if any(line.left > 0 for line in wanted.lines):
            flash(f"What was in order {order.number} is in your cart", "good")
    for words in missing:
        flash(words, "problem")
    return redirect(url_for("cart.show"), 303)
