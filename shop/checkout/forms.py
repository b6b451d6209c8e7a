"""What the checkout asks, and how it says what is wrong."""

import secrets

from email_validator import EmailNotValidError
from flask import current_app, request
from itsdangerous import BadSignature, Signer
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from shop.config import Settings
from shop.core.clock import nairobi
from shop.core.phones import PhoneError, kenyan_mobile, readable_phone, unusual_mobile
from shop.core.text import name_problem, normalised_email, suggested_email, trimmed, typed_line, typed_text
from shop.orders.placement import Buyer, code_used_up_for_buyer, held_until
from shop.pricing.models import DiscountCode
from shop.web.base_form import BaseForm

TYPED = ("full_name", "phone_number", "email", "area", "location", "note", "code", "shown_total", "doubted")
MOST_TYPED = 2000  # characters of one answer that are kept
GO_ON = "send the form again"
BAD_EMAIL = "Enter an email address in the correct format, like name@example.com"


def new_key() -> str:
    """A one-time key for a form: of all sendings of that form, one makes an order."""
    return _keys().sign(secrets.token_urlsafe(16)).decode()


def _keys() -> Signer:
    settings: Settings = current_app.config["SETTINGS"]
    return Signer(list(reversed(settings.secret_keys)), salt="checkout key")  # the last one signs, all are believed


class CheckoutForm(BaseForm):
    """Who buys and where it goes."""

    full_name = StringField(
        "Full name",
        [DataRequired("Enter your full name"), Length(max=120, message="Full name must be 120 characters or fewer")],
        filters=[typed_line, trimmed],
    )
    phone_number = StringField(
        "M-PESA phone number", [DataRequired("Enter your M-PESA phone number")], filters=[typed_line]
    )
    email = StringField("Email address", [DataRequired("Enter your email address")], filters=[typed_line])
    area = RadioField("Delivery area", validate_choice=False)
    location = TextAreaField(
        "Address or landmark",
        [Length(max=250, message="Address must be 250 characters or fewer")],
        filters=[typed_line],
    )
    note = TextAreaField(
        "Note", [Length(max=500, message="Note must be 500 characters or fewer")], filters=[typed_text]
    )
    code = StringField("Discount code", filters=[typed_line])
    once = HiddenField()  # the one-time key
    shown_total = HiddenField()  # the total the buyer saw; never a price, only compared
    shown = HiddenField()  # all else the page showed, as shop/checkout/page_snapshot.py has it; only compared
    doubted = HiddenField()  # numbers and addresses that the page asked the buyer to check

    pickups: frozenset[str] = frozenset()

    def offer(self, areas: list[tuple[str, str]], pickups: frozenset[str]) -> None:
        """Say which areas there are (id, name), and at which of them nothing is brought."""
        self.area.choices = areas
        self.pickups = pickups

    def validate_full_name(self, field: StringField) -> None:
        """A name is put into a mail to an address anybody may type: no links in it, and nothing hidden."""
        if problem := name_problem(field.data):
            raise ValidationError(f"Full name {problem}")

    def validate_phone_number(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling; one of no range in use has to be sent twice."""
        try:
            number = kenyan_mobile(field.data)
        except PhoneError as error:
            raise ValidationError(str(error)) from None
        if unusual_mobile(number) and self._first_seen(number):
            raise ValidationError(
                f"Please check {readable_phone(number)}: few numbers begin so. If it is right, {GO_ON}"
            )

    def validate_email(self, field: StringField) -> None:
        """An address that could exist; one that looks mistyped has to be sent twice."""
        try:
            address = normalised_email(field.data)
        except EmailNotValidError:
            raise ValidationError(BAD_EMAIL) from None
        likely = suggested_email(address)
        if likely and self._first_seen(address):
            raise ValidationError(f"Did you mean {likely}? Correct it, or if {address} is right, {GO_ON}")

    def validate_area(self, field: RadioField) -> None:
        """One of the areas on offer."""
        if str(field.data) not in {value for value, _ in field.choices}:
            raise ValidationError("Choose where it should go")

    def validate_location(self, field: TextAreaField) -> None:
        """Needed where something is brought."""
        if not field.data and str(self.area.data) not in self.pickups:
            raise ValidationError("Enter where the rider should bring it, like an estate, building or landmark")

    def _first_seen(self, answer: str) -> bool:
        """Whether the buyer has not been asked about this answer yet. The page that comes back knows that they were."""
        asked_about = (self.doubted.data or "")[:MOST_TYPED].split()
        if answer in asked_about:
            return False
        self.doubted.data = " ".join([*asked_about, answer])
        return True

    def problem_with_code(self, code: DiscountCode | None) -> str | None:
        """Whether this phone number has had its share of the code already, in words."""
        if (
            code is None
            or self.phone_number.errors
            or not code_used_up_for_buyer(code, kenyan_mobile(self.phone_number.data))
        ):
            return None
        until = held_until(code, kenyan_mobile(self.phone_number.data))
        if until:
            return (
                f"Discount code {code.code} is held by an order with this phone number that waits to be paid, until "
                f"{nairobi(until)}. Pay or cancel that order, by the link we mailed, or remove the code"
            )
        return f"Discount code {code.code} has been used with this phone number already. Remove it to go on"

    def answers(self) -> dict[str, str]:
        """Everything that was sent, as it was, cut where no true answer is so long."""
        kept = {name: request.form.get(name, "")[:MOST_TYPED] for name in TYPED}
        return {**kept, "shown": self.shown.data or ""}

    @property
    def key(self) -> str | None:
        """The one-time key, if we issued it."""
        try:
            return _keys().unsign(self.once.data or "").decode()
        except (BadSignature, UnicodeError):
            return None

    def buyer(self) -> Buyer:
        """The answers in the shop's own words; past here nobody sees the form."""
        return Buyer(
            full_name=self.full_name.data,
            phone_number=kenyan_mobile(self.phone_number.data),
            email=normalised_email(self.email.data),
            location=self.location.data,
            note=self.note.data,
        )
