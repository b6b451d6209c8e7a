"""The page that sends a buyer the link of a lost order, and the headers of every order page."""

from contextlib import suppress

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.core.database import db, write
from shop.core.phones import kenyan_mobile
from shop.core.signals import order_link_requested
from shop.orders.lookup import LookupForm
from shop.orders.models import Order
from shop.orders.search_index import order_token_in
from shop.web.extensions import csrf, limiter
from shop.web.rate_limits import bucket

orders = Blueprint("orders", __name__)


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


def _send_link(number: str, phone: str) -> None:
    order = db.session.scalar(select(Order).where(Order.number == number, Order.phone_number == phone))
    if order:
        order_link_requested.send(order)
