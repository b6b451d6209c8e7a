"""What the lookup page asks."""

from wtforms import StringField
from wtforms.validators import DataRequired, ValidationError

from shop.phones import PhoneError, kenyan_mobile
from shop.typed import TypedForm


class LookupForm(TypedForm):
    """The two things a buyer still knows when the link is lost."""

    order_number = StringField("Order number", [DataRequired("Enter your order number")])
    phone_number = StringField("Phone number", [DataRequired("Enter the phone number you ordered with")])

    def validate_order_number(self, _field: StringField) -> None:
        """Eight digits, with any blanks and hyphens."""
        if len(self.number) != 8:
            raise ValidationError("Order number must be 8 digits, like 1234 5678")

    def validate_phone_number(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling."""
        try:
            kenyan_mobile(field.data)
        except PhoneError as error:
            raise ValidationError(str(error)) from None

    @property
    def number(self) -> str:
        """The order number as it is stored."""
        return "".join(character for character in (self.order_number.data or "")[:40] if character in "0123456789")
