"""What the lookup page asks."""

from wtforms import StringField
from wtforms.validators import DataRequired, ValidationError

from shop.orders.words import order_number_in
from shop.phones import PhoneError, kenyan_mobile
from shop.typed import TypedForm


class LookupForm(TypedForm):
    """The two things a buyer still knows when the link is lost."""

    order_number = StringField("Order number", [DataRequired("Enter your order number")])
    phone_number = StringField("Phone number", [DataRequired("Enter the phone number you ordered with")])

    def validate_order_number(self, _field: StringField) -> None:
        """Eight digits, as people write them."""
        if not self.number:
            raise ValidationError("Order number must be 8 digits, like 1234 5678")

    def validate_phone_number(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling."""
        try:
            kenyan_mobile(field.data)
        except PhoneError as error:
            raise ValidationError(str(error)) from None

    @property
    def number(self) -> str:
        """The order number as it is stored; "" where there is none."""
        return order_number_in(self.order_number.data or "") or ""
