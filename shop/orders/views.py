"""The page that finds an order: those of this browser, or a lost link by email; and the headers of all order pages."""

from contextlib import suppress

from flask import Blueprint, redirect, render_template, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField
from wtforms.validators import DataRequired, ValidationError

from shop.core.database import db, write
from shop.core.phones import PhoneError, contact_phone
from shop.core.signals import order_link_requested
from shop.orders.lookup import known_orders
from shop.orders.models import Order
from shop.orders.search_index import order_number_in, order_token_in
from shop.web.base_form import BaseForm
from shop.web.extensions import bucket, csrf, limiter

orders = Blueprint("orders", __name__)


class LookupForm(BaseForm):
    """Order number and phone number of a buyer who lost the link."""

    order_number = StringField("Order number", [DataRequired("Enter your order number")])
    phone_number = StringField("Phone number", [DataRequired("Enter the phone number you ordered with")])

    def validate_order_number(self, _field: StringField) -> None:
        if not self.number:
            raise ValidationError("Order number must be 8 digits, like 1234 5678")

    def validate_phone_number(self, field: StringField) -> None:
        try:
            contact_phone(field.data)
        except PhoneError as error:
            raise ValidationError(str(error)) from None

    @property
    def number(self) -> str:
        """The order number as it is stored; "" without one."""
        return order_number_in(self.order_number.data or "") or ""


@orders.route("/orders/find", methods=["GET", "POST"])
@csrf.exempt  # the form checks its own token: an expired one must not lose the answers
@limiter.limit("600 per hour", methods=["POST"])  # mobile operators put thousands of phones behind one address
def lookup() -> str | tuple[str, int] | AnyResponse:
    """Send a lost link to the order's email address. The answer is the same whether or not the order exists."""
    form = LookupForm()
    if token := order_token_in(form.order_number.data or ""):  # the buyer pasted the link itself
        return redirect(url_for("orders.show", token=token), 303)
    if not form.is_submitted():
        return _lookup_page(form)
    if not form.validate():
        return _lookup_page(form), 422
    number, phone = form.number, contact_phone(form.phone_number.data)
    with (
        limiter.limit("10 per hour", key_func=_order_number_key),
        suppress(IntegrityError),  # requested twice at once: the other request sends the email
    ):
        write(lambda: _send_link(number, phone))
    return _lookup_page(form, sent=True)


def _lookup_page(form: LookupForm, *, sent: bool = False) -> str:
    problems = form.problems if form.is_submitted() else []
    return render_template("orders/lookup.html", form=form, problems=problems, sent=sent, known=known_orders())


@orders.after_request
def private(response: AnyResponse) -> AnyResponse:
    """Keep order pages out of caches and search engines."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _order_number_key() -> str:
    return bucket(LookupForm().number)


def _send_link(number: str, phone: str) -> None:
    order = db.session.scalar(select(Order).where(Order.number == number, Order.phone_number == phone))
    if order:
        order_link_requested.send(order)
