"""What a buyer may do with their own order: cancel it while it is unpaid, or take its goods into the cart again."""

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
csrf.exempt(buyer_acts)  # the order's token is the right to do it; see origin.py
CAN_REORDER = (Payment.EXPIRED, Payment.CANCELLED, Payment.REFUNDED)


@buyer_acts.get("/orders/<token>/cancel")
def ask_to_cancel(token: str) -> str | Response:
    """Ask before an unpaid order is cancelled, and say what happens to money that comes later."""
    order = order_by_token(token) or abort(404)
    if order.payment != Payment.AWAITING:
        return redirect(url_for("orders.show", token=token), 303)
    change = request.args.get("then") == "change"
    open_states = (AttemptState.OPEN, AttemptState.SUPERSEDED)
    page_open = any(attempt.state in open_states for attempt in order.attempts)
    return render_template("payments/cancel_order.html", order=order, change=change, page_open=page_open)


@buyer_acts.post("/orders/<token>/cancel")
def cancel(token: str) -> Response:
    """Cancel an unpaid order: its goods and its code are free at once. To change it, they go into the cart again."""
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
    """Put what an order that has ended held into the cart."""
    order = order_by_token(token) or abort(404)
    if order.payment not in CAN_REORDER:
        return redirect(url_for("orders.show", token=token), 303)
    with _limited(order):
        return _into_cart(order)


def _limited(order: Order) -> AbstractContextManager[object]:
    """Counted against the order once it was found: a token that opens nothing is not counted, and kept nowhere."""
    return limiter.limit("20 per hour", key_func=lambda: order.token)


def _into_cart(order: Order) -> Response:
    """Put an order's goods into the cart, as far as they are still sold, and say what is not there any more."""
    wanted = cart_contents({line.sku: line.quantity for line in order.lines})
    sold = {line.sku for line in wanted.lines}
    missed = [f"{line.name} is no longer sold" for line in order.lines if line.sku not in sold]
    try:
        missed += carts.take_in(wanted)
    except CartProblem as problem:
        missed = [str(problem)]
    else:
        carts.choose(None, order.discount_code or None)
        flash(f"What was in order {order.number} is in your cart", "good")
    for words in missed:
        flash(words, "problem")
    return redirect(url_for("cart.show"), 303)
