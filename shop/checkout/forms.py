"""The checkout form, its error messages, and the changes since its page was shown."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from email_validator import EmailNotValidError
from flask import current_app, request
from itsdangerous import BadSignature, Signer
from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, ValidationError

from shop.cart.contents import CartContents
from shop.checkout.contact_fields import read_contact_phone, read_receiver_phone
from shop.checkout.page_snapshot import PageSnapshot, area_withdrawn, changes_since
from shop.config import Settings
from shop.core.clock import nairobi
from shop.core.phones import (
    PhoneError,
    contact_phone,
    is_kenyan_mobile,
    kenyan_mobile,
    readable_phone,
    unusual_mobile,
)
from shop.core.text import name_problem, normalised_email, suggested_email, trimmed, typed_line, typed_text
from shop.orders.placement import MAX_OPEN_ORDERS, Buyer, code_used_up_for_buyer, held_until
from shop.payments.chpter_contact import shop_contact
from shop.pricing.models import DeliveryArea, DiscountCode, not_known
from shop.web.base_form import BaseForm

SAVED_FIELDS = (
    *("full_name", "phone_number", "email", "area", "location", "other_receiver", "receiver_name", "receiver_phone"),
    *("note", "keep", "code", "shown_total", "doubted"),
)
MAX_NAME_LENGTH = 120  # characters
MAX_ANSWER_LENGTH = 2000  # characters of one answer that are saved
SEND_AGAIN = "send the form again"
OPEN_TOO_LONG = "This page was open for too long. Nothing is lost: check it and press Pay again"
PAY_OPEN_ORDERS = "Pay one of them on its page, or wait until one ends, then press Pay again"
NAMES = {"phone_number": "phone number", "email": "email address"}
BAD_EMAIL = "Enter an email address in the correct format, like name@example.com"


def new_key() -> str:
    """A signed idempotency key: a form that is sent several times makes one order."""
    return _key_signer().sign(secrets.token_urlsafe(16)).decode()


def _key_signer() -> Signer:
    settings: Settings = current_app.config["SETTINGS"]
    return Signer(list(reversed(settings.secret_keys)), salt="checkout key")  # the last key signs, all are accepted


class CheckoutForm(BaseForm):
    """The buyer, the delivery area, the receiver and the discount code."""

    full_name = StringField(
        "Full name",
        [
            DataRequired("Enter your full name"),
            Length(max=MAX_NAME_LENGTH, message=f"Full name must be {MAX_NAME_LENGTH} characters or fewer"),
        ],
        filters=[typed_line, trimmed],
    )
    phone_number = StringField("Phone number", [DataRequired("Enter your phone number")], filters=[typed_line])
    email = StringField("Email address", filters=[typed_line])
    area = RadioField("Delivery area", validate_choice=False)
    location = TextAreaField(
        "Address or landmark",
        [Length(max=250, message="Address must be 250 characters or fewer")],
        filters=[typed_line],
    )
    other_receiver = BooleanField("Someone else receives it")
    receiver_name = StringField("Receiver’s full name", filters=[typed_line, trimmed])
    receiver_phone = StringField("Receiver’s phone number", filters=[typed_line])
    note = TextAreaField(
        "Note", [Length(max=500, message="Note must be 500 characters or fewer")], filters=[typed_text]
    )
    keep = BooleanField("Keep my details on this phone")
    code = StringField("Discount code", filters=[typed_line])
    checkout_key = HiddenField()  # the idempotency key
    shown_total = HiddenField()  # the total that the page showed, for comparison only
    shown = HiddenField()  # a page snapshot, for comparison only
    doubted = HiddenField()  # unusual phone numbers and email addresses that the page asked the buyer to check

    pickups: frozenset[str] = frozenset()

    def offer(self, areas: Sequence[DeliveryArea]) -> None:
        """Set the delivery areas to choose from."""
        self.area.choices = [SelectChoice(str(area.id), area.name) for area in areas]
        self.pickups = frozenset(str(area.id) for area in areas if area.pickup)

    def validate_full_name(self, field: StringField) -> None:
        """Refuse links and hidden characters: the name is sent by email to an address that was not verified."""
        if problem := name_problem(field.data):
            raise ValidationError(f"Full name {problem}")

    def validate_phone_number(self, field: StringField) -> None:
        """Require a phone number. A foreign one, and one outside the known Kenyan ranges, must be sent twice."""
        number = read_contact_phone(field.data)
        if is_kenyan_mobile(number):
            self._confirm_unusual(number)
        elif self._must_confirm(number):
            raise ValidationError(
                f"M-PESA needs a Kenyan number. With {readable_phone(number)} you can pay by card only: choose card on "
                f"the payment page. If the number is right, {SEND_AGAIN}"
            )

    def validate_email(self, field: StringField) -> None:
        """Require a valid address, or none if the shop has its own for Chpter. A likely mistake must be sent twice."""
        if not field.data:
            if self.needs_email:
                raise ValidationError("Enter your email address")
            return
        try:
            address = normalised_email(field.data)
        except EmailNotValidError:
            raise ValidationError(BAD_EMAIL) from None
        likely = suggested_email(address)
        if likely and self._must_confirm(address):
            raise ValidationError(f"Did you mean {likely}? Correct it, or if {address} is right, {SEND_AGAIN}")

    def validate_area(self, field: RadioField) -> None:
        """Require one of the offered areas."""
        if str(field.data) not in {choice.value for choice in field.choices}:
            raise ValidationError("Choose where it should go")

    def validate_location(self, field: TextAreaField) -> None:
        """Require an address, except at pickup points."""
        if not field.data and str(self.area.data) not in self.pickups:
            raise ValidationError("Enter where the rider should bring it, like an estate, building or landmark")

    def validate_receiver_name(self, field: StringField) -> None:
        """Require a name as of the buyer, if another person receives the order."""
        if not self.other_receiver.data:
            return
        if not field.data:
            raise ValidationError("Enter the receiver’s full name")
        if len(field.data) > MAX_NAME_LENGTH:
            raise ValidationError(f"Receiver’s full name must be {MAX_NAME_LENGTH} characters or fewer")
        if problem := name_problem(field.data):
            raise ValidationError(f"Receiver’s full name {problem}")

    def validate_receiver_phone(self, field: StringField) -> None:
        """Require a Kenyan mobile number, if another person receives the order."""
        if not self.other_receiver.data:
            return
        if not field.data:
            raise ValidationError("Enter the receiver’s phone number")
        self._confirm_unusual(read_receiver_phone(field.data))

    @property
    def needs_email(self) -> bool:
        """Whether the buyer must give an address, because the shop has none that Chpter could get in its place."""
        return not shop_contact().email

    @property
    def takes_foreign_phone(self) -> bool:
        """Whether a number from another country is accepted."""
        return bool(shop_contact().phone_number)

    @property
    def card_only(self) -> bool:
        """Whether the typed number is from another country, so that M-PESA cannot be used."""
        try:
            return not is_kenyan_mobile(contact_phone(self.phone_number.data or ""))
        except PhoneError:
            return False

    def note_card_only(self) -> None:
        """The page says at the field that a foreign number can pay by card only: do not ask about it again."""
        if self.card_only:
            self._must_confirm(contact_phone(self.phone_number.data))

    def _confirm_unusual(self, number: str) -> None:
        if unusual_mobile(number) and self._must_confirm(number):
            raise ValidationError(
                f"Please check {readable_phone(number)}: few numbers begin like that. If it is right, {SEND_AGAIN}"
            )

    def _must_confirm(self, answer: str) -> bool:
        """True when the buyer was not asked about this answer before. The page that comes back remembers it."""
        asked_about = (self.doubted.data or "")[:MAX_ANSWER_LENGTH].split()
        if answer in asked_about:
            return False
        self.doubted.data = " ".join([*asked_about, answer])
        return True

    def problem_with_code(self, code: DiscountCode | None) -> str | None:
        """The error message when this phone number has used the discount code up, or None."""
        if code is None or self.phone_number.errors:
            return None
        phone_number = contact_phone(self.phone_number.data)
        if not code_used_up_for_buyer(code, phone_number):
            return None
        until = held_until(code, phone_number)
        if until:
            return (
                f"Discount code {code.code} is held by an unpaid order with this phone number until {nairobi(until)}. "
                "Pay or cancel that order on its page, or remove the code"
            )
        return f"Discount code {code.code} has been used with this phone number already. Remove it to go on"

    def answers(self) -> dict[str, str]:
        """The answers as they were sent, each cut to MAX_ANSWER_LENGTH."""
        answers = {name: request.form.get(name, "")[:MAX_ANSWER_LENGTH] for name in SAVED_FIELDS}
        return {**answers, "shown": self.shown.data or ""}

    @property
    def key(self) -> str | None:
        """The idempotency key; None when its signature is wrong."""
        try:
            return _key_signer().unsign(self.checkout_key.data or "").decode()
        except (BadSignature, UnicodeError):
            return None

    def buyer(self) -> Buyer:
        """The validated and normalised answers."""
        return Buyer(
            full_name=self.full_name.data,
            phone_number=contact_phone(self.phone_number.data),
            email=normalised_email(self.email.data) if self.email.data else "",
            location=self.location.data,
            note=self.note.data,
            receiver_name=self.receiver_name.data if self.other_receiver.data else "",
            receiver_phone=kenyan_mobile(self.receiver_phone.data) if self.other_receiver.data else "",
        )


@dataclass(frozen=True)
class CheckoutProblems:
    """Errors as (id of a field, message), and a text about changes to read before pressing Pay again."""

    errors: list[tuple[str, str]]
    changes: str


def checkout_problems(
    form: CheckoutForm, cart: CartContents, shown: PageSnapshot, sent: Mapping[str, str]
) -> CheckoutProblems:
    """Collect the problems of a validated form.

    `sent` holds the saved answers and what the submission met: `main` (an error), `many` (fields with too many open
    orders), `news` (a change) and `code_refused` (an error of the discount code).
    """
    _check_discount_code(form, cart, shown, sent)
    withdrawn = area_withdrawn(shown, cart, sent.get("area", ""))
    if withdrawn and form.area.errors:
        form.area.errors = [withdrawn]
    for name in sent.get("many", "").split():
        if name in NAMES and not form[name].errors:
            form[name].errors = [f"{MAX_OPEN_ORDERS} orders with this {NAMES[name]} wait to be paid. {PAY_OPEN_ORDERS}"]
    errors = [("main", sent["main"])] if sent.get("main") else []
    for field in form:
        if field.name != "csrf_token":
            errors.extend((field.name, str(message)) for message in field.errors)
    changes = changes_since(shown, sent.get("shown_total", ""), cart)
    texts = [text for text in (sent.get("news", ""), *changes) if text]
    return CheckoutProblems(errors, ". ".join([*texts, "If that is right, press Pay"] if changes else texts))


def _check_discount_code(form: CheckoutForm, cart: CartContents, shown: PageSnapshot, sent: Mapping[str, str]) -> None:
    if sent.get("code_refused"):
        form.code.errors = [sent["code_refused"]]
    elif cart.code_problem and shown.code == cart.code:  # the page showed the code as applied
        switched_off = cart.code_problem == not_known(cart.code)
        problem = f"Discount code {cart.code} has ended" if switched_off else cart.code_problem
        form.code.errors = [f"{problem}. Remove it to go on"]
    elif cart.code_problem:
        form.code.errors = [cart.code_problem]
    elif used_up := form.problem_with_code(cart.discount_code):
        form.code.errors = [used_up]
