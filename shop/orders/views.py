"""The page a buyer follows an order on, its JSON, and the way back to a lost link."""

from contextlib import suppress

from flask import Blueprint, Response, abort, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse

from shop.clock import utcnow
from shop.database import db, write
from shop.details import details
from shop.extensions import csrf, limiter
from shop.limits import bucket
from shop.orders.expiring import buyer_returned
from shop.orders.finding import order_with
from shop.orders.forms import LookupForm
from shop.orders.models import Order
from shop.orders.signals import link_asked_for
from shop.orders.states import AttemptState
from shop.orders.story import pickup_place, story_of
from shop.orders.words import order_token_in
from shop.phones import kenyan_mobile

orders = Blueprint("orders", __name__)
REFRESHES = (10, 10, 15, 15, 20, 20, 30, 30, 45, 45, *([60] * 25))  # seconds; how a page without JavaScript looks again


@orders.get("/orders/<token>")
def show(token: str) -> str | AnyResponse:
    """Everything about one order. Coming back from the payment page proves nothing and settles nothing."""
    order = _by_token(token)
    if request.args.get("from") == "payment":
        attempt = order.latest_attempt
        if order.payable and attempt and attempt.state == AttemptState.OPEN:
            buyer_returned(order, utcnow())
        return redirect(url_for("orders.show", token=token), 303)
    return order_page(order)


@orders.get("/orders/<token>/code")
def code(token: str) -> str:
    """The order's page with the form for an M-PESA code, which no reload may empty."""
    return order_page(_by_token(token), code_open=True)


def order_page(order: Order, code: str = "", code_problem: str = "", code_open: bool = False) -> str:
    """The page of an order; with the M-PESA code its buyer typed, and what is wrong with it."""
    shop = details()
    looked = min(max(request.args.get("looked", 0, type=int), 0), len(REFRESHES))
    return render_template(
        "orders/show.html",
        order=order,
        story=story_of(order, shop.whatsapp, shop.address),
        place=pickup_place(order, shop.address),
        code=code,
        code_problem=code_problem,
        code_open=code_open or bool(code_problem),
        looked=looked,
        refresh=REFRESHES[looked] if looked < len(REFRESHES) else None,
    )


@orders.get("/orders/<token>/status")
def status(token: str) -> Response:
    """Where the order stands, for the page that waits: it compares `state` with its own."""
    order = _by_token(token)
    attempt = order.latest_attempt
    states = {"payment": order.payment, "attempt": attempt.state if attempt else None, "fulfilment": order.fulfilment}
    story = story_of(order)
    return jsonify({**states, "state": story.state, **({"failure": story.failure} if story.failure else {})})


@orders.route("/orders/find", methods=["GET", "POST"])
@csrf.exempt  # the form checks its own token, so that a stale one costs nothing that was typed
@limiter.limit("600 per hour", methods=["POST"])  # carriers put thousands of phones behind one address
def lookup() -> str | tuple[str, int] | AnyResponse:
    """Send a lost link to the order's own e-mail address. The answer is the same whether or not there is an order."""
    form = LookupForm()
    if token := order_token_in(form.order_number.data or ""):  # the link itself: whoever has it may follow it
        return redirect(url_for("orders.show", token=token), 303)
    if not form.is_submitted():
        return render_template("orders/lookup.html", form=form, problems=[], sent=False)
    if not form.validate():
        problems = [(field.name, str(words)) for field in form for words in field.errors]
        return render_template("orders/lookup.html", form=form, problems=problems, sent=False), 422
    number, phone = form.number, kenyan_mobile(form.phone_number.data)
    with (
        limiter.limit("10 per hour", key_func=_number_asked_for),
        suppress(IntegrityError),  # asked twice at once: the other one's mail is on its way
    ):
        write(lambda: _send_link(number, phone))
    return render_template("orders/lookup.html", form=form, problems=[], sent=True)


@orders.after_request
def private(response: AnyResponse) -> AnyResponse:
    """An order page is its buyer's own: in no cache, in no search engine."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _number_asked_for() -> str:
    """What lookups of one order count against, however its number is spelled."""
    return bucket(LookupForm().number)


def _by_token(token: str) -> Order:
    whole = (Order.lines, Order.events, Order.attempts, Order.money)
    return order_with(token, *map(selectinload, whole)) or abort(404)


def _send_link(number: str, phone: str) -> None:
    order = db.session.scalar(select(Order).where(Order.number == number, Order.phone_number == phone))
    if order:
        link_asked_for.send(order)
