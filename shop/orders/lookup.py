"""Look up an order by its token, and the form that asks for a lost link."""

import re

from sqlalchemy import select
from sqlalchemy.sql.base import ExecutableOption
from wtforms import StringField
from wtforms.validators import DataRequired, ValidationError

from shop.core.database import db
from shop.core.phones import PhoneError, kenyan_mobile
from shop.orders.models import Order
from shop.orders.search_index import order_number_in
from shop.web.base_form import BaseForm

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,40}")


def order_by_token(token: str, *options: ExecutableOption) -> Order | None:
    """The order with this token, or None. Malformed tokens do not reach the database."""
    if not _TOKEN.fullmatch(token):
        return None
    return db.session.scalar(select(Order).where(Order.token == token).options(*options))


class LookupForm(BaseForm):
    """Order number and phone number of a buyer who lost the link."""

    order_number = StringField("Order number", [DataRequired("Enter your order number")])
    phone_number = StringField("Phone number", [DataRequired("Enter the phone number you ordered with")])

    def validate_order_number(self, _field: StringField) -> None:
        """Require eight digits."""
        if not self.number:
            raise ValidationError("Order number must be 8 digits, like 1234 5678")

    def validate_phone_number(self, field: StringField) -> None:
        """Require a Kenyan mobile number."""
        try:
            kenyan_mobile(field.data)
        except PhoneError as error:
            raise ValidationError(str(error)) from None

    @property
    def number(self) -> str:
        """The order number as it is stored; "" without one."""
        return order_number_in(self.order_number.data or "") or ""
