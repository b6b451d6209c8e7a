"""Reading the phone numbers of a buyer and of a receiver, with the error messages of a form."""

from wtforms.validators import ValidationError

from shop.core.phones import PhoneError, contact_phone, is_kenyan_mobile, kenyan_mobile
from shop.payments.chpter_contact import shop_contact

NEEDS_KENYAN = "Phone number must be a Kenyan mobile, like 0712 345 678. This shop takes no other numbers"
BAD_RECEIVER_PHONE = "Receiver’s phone number must be a Kenyan mobile, like 0712 345 678 or 0110 345 678"


def read_contact_phone(text: str) -> str:
    """The digits of a buyer's phone number, for a form. Raises ValidationError.

    A foreign number is accepted only if the shop has a Kenyan one, which Chpter gets in its place.
    """
    try:
        number = contact_phone(text)
    except PhoneError as error:
        raise ValidationError(str(error)) from None
    if not is_kenyan_mobile(number) and not shop_contact().phone_number:
        raise ValidationError(NEEDS_KENYAN)
    return number


def read_receiver_phone(text: str) -> str:
    """A receiver's phone number as 2547XXXXXXXX or 2541XXXXXXXX, for a form. Raises ValidationError."""
    try:
        return kenyan_mobile(text)
    except PhoneError:
        raise ValidationError(BAD_RECEIVER_PHONE) from None
