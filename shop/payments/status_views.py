"""The order page, on which a buyer follows an order and its payment, and its status as JSON."""

from flask import Response, abort, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from shop.core.clock import utcnow
from shop.orders.expiry import buyer_returned
from shop.orders.lookup import order_by_token
from shop.orders.models import Order
from shop.orders.views import orders
from shop.payments.models import AttemptState
from shop.payments.status_page import pickup_place, status_of
from shop.store.settings import current_store

REFRESH_SECONDS = (10, 10, 15, 15, 20, 20, 30, 30, 45, 45, *([60] * 25))  # between reloads without JavaScript


@orders.get("/orders/<token>")
def show(token: str) -> str | AnyResponse:
    """Show an order. A return from the payment page proves nothing and settles nothing."""
    order = _by_token(token)
    if request.args.get("from") == "payment":
        attempt = order.latest_attempt
        if order.payable and attempt and attempt.state == AttemptState.OPEN:
            buyer_returned(order, utcnow())
        return redirect(url_for("orders.show", token=token), 303)
    return order_page(order)


@orders.get("/orders/<token>/code")
def code(token: str) -> str:
    """Show the order with the form for an M-PESA code, and without reloads, which would empty the form."""
    return order_page(_by_token(token), code_open=True)


def order_page(order: Order, code: str = "", code_problem: str = "", code_open: bool = False) -> str:
    """Render the order page; with the M-PESA code its buyer typed and the problem with it, if any."""
    shop = current_store()
    looked = min(max(request.args.get("looked", 0, type=int), 0), len(REFRESH_SECONDS))
    return render_template(
        "payments/order_page.html",
        order=order,
        story=status_of(order, shop.whatsapp, shop.address),
        place=pickup_place(order, shop.address),
        code=code,
        code_problem=code_problem,
        code_open=code_open or bool(code_problem),
        looked=looked,
        refresh=REFRESH_SECONDS[looked] if looked < len(REFRESH_SECONDS) else None,
    )


@orders.get("/orders/<token>/status")
def status(token: str) -> Response:
    """The order's status for the waiting page, which reloads when `state` changes."""
    order = _by_token(token)
    attempt = order.latest_attempt
    states = {"payment": order.payment, "attempt": attempt.state if attempt else None, "fulfilment": order.fulfilment}
    story = status_of(order)
    return jsonify({**states, "state": story.state, **({"failure": story.failure} if story.failure else {})})


def _by_token(token: str) -> Order:
    shown = (Order.lines, Order.events, Order.attempts, Order.money)
    return order_by_token(token, *map(selectinload, shown)) or abort(404)
