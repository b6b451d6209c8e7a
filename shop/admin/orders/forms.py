"""Forms of one order."""

import re
import secrets
from dataclasses import dataclass, field

from email_validator import EmailNotValidError
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from shop.checkout.contact_fields import read_contact_phone, read_receiver_phone
from shop.checkout.forms import BAD_EMAIL, MAX_NAME_LENGTH
from shop.core.phones import contact_phone
from shop.core.text import name_problem, normalised_email, trimmed, typed_line, typed_text
from shop.orders.corrections import NAMES
from shop.web.base_form import BaseForm

MAX_NOTE_LENGTH = 400  # fits one timeline entry
NOT_IN_KEY = re.compile(r"[^A-Za-z0-9_-]")


class HandOverForm(BaseForm):
    """The collection code that the buyer shows."""

    code = StringField(
        "Collection code",
        [
            DataRequired("Enter the 4 digits the buyer shows you"),
            Regexp(r"[0-9]{4}\Z", message="Collection code must be 4 digits, like 0417"),
        ],
        filters=[lambda typed: re.sub(r"[\s-]", "", typed_line(typed)[:40])],
    )


def _reason(question: str, missing: str) -> StringField:
    too_long = Length(max=200, message="The reason must be 200 characters or fewer")
    return StringField(question, [DataRequired(missing), too_long], filters=[typed_line])


class LostCodeForm(BaseForm):
    """Why an order is handed over without its collection code."""

    reason = _reason("How do you know that it is the buyer?", "Enter how you know that it is the buyer")


class SendForm(BaseForm):
    """Who brings an order that is marked sent. The buyer is told."""

    rider = StringField(
        "Rider’s name and phone number",
        [Length(max=120, message="Rider’s name and phone number must be 120 characters or fewer")],
        filters=[typed_line],
    )


class UndoStepForm(BaseForm):
    """Why the last fulfilment step is undone."""

    reason = _reason("Why?", "Enter a reason for the timeline")


class CorrectForm(BaseForm):
    """The contact and delivery details of an order. Without a receiver the buyer receives it."""

    full_name = StringField(
        "Name",
        [DataRequired("Enter the buyer’s name"), Length(max=120, message="Name must be 120 characters or fewer")],
        filters=[typed_line, trimmed],
    )
    phone_number = StringField("Phone number", [DataRequired("Enter the buyer’s phone number")], filters=[typed_line])
    email = StringField("Email address", filters=[typed_line])
    location = TextAreaField(
        "Address or landmark",
        [Length(max=250, message="Address must be 250 characters or fewer")],
        filters=[typed_line],
    )
    receiver_name = StringField(
        "Receiver’s name",
        [Length(max=MAX_NAME_LENGTH, message=f"Receiver’s name must be {MAX_NAME_LENGTH} characters or fewer")],
        filters=[typed_line, trimmed],
    )
    receiver_phone = StringField("Receiver’s phone number", filters=[typed_line])
    note = TextAreaField(
        "Buyer’s note", [Length(max=500, message="Note must be 500 characters or fewer")], filters=[typed_text]
    )

    def validate_full_name(self, field: StringField) -> None:
        if problem := name_problem(field.data):
            raise ValidationError(f"Name {problem}")

    def validate_phone_number(self, field: StringField) -> None:
        read_contact_phone(field.data)

    def validate_email(self, field: StringField) -> None:
        try:
            field.data = normalised_email(field.data) if field.data else ""
        except EmailNotValidError:
            raise ValidationError(BAD_EMAIL) from None

    def validate_receiver_name(self, field: StringField) -> None:
        if self.receiver_phone.data and not field.data:
            raise ValidationError("Enter the receiver’s name, or remove the receiver’s phone number")
        if problem := name_problem(field.data):
            raise ValidationError(f"Receiver’s name {problem}")

    def validate_receiver_phone(self, field: StringField) -> None:
        if field.data:
            read_receiver_phone(field.data)
        elif self.receiver_name.data:
            raise ValidationError("Enter the receiver’s phone number, or remove the receiver’s name")

    def answers(self) -> dict[str, str]:
        """The checked answers, by column of the order."""
        receiver = self.receiver_phone.data
        return {
            **{field: self[field].data or "" for field in NAMES},
            "phone_number": contact_phone(self.phone_number.data),
            "receiver_phone": read_receiver_phone(receiver) if receiver else "",
        }


class _TextForm(BaseForm):
    """A text, with an idempotency key."""

    idempotency_key = HiddenField(default=lambda: secrets.token_urlsafe(16))

    def key(self, order_id: int) -> str:
        """The idempotency key to store, at most 40 safe characters."""
        return f"{order_id}-{NOT_IN_KEY.sub('', self.idempotency_key.data or '')[:22]}"[:40]


class NoteForm(_TextForm):
    """A note that the buyer does not see."""

    note = TextAreaField(
        "Private note",
        [
            DataRequired("Enter the note, or leave the page without one"),
            Length(max=MAX_NOTE_LENGTH, message=f"Private note must be {MAX_NOTE_LENGTH} characters or fewer"),
        ],
        filters=[typed_text],
    )


class MessageForm(_TextForm):
    """A message to the buyer, by email and on the order page."""

    message = TextAreaField(
        "Message to the buyer",
        [
            DataRequired("Enter the message"),
            Length(max=MAX_NOTE_LENGTH, message=f"Message must be {MAX_NOTE_LENGTH} characters or fewer"),
        ],
        filters=[typed_text],
    )


@dataclass(frozen=True)
class OrderForms:
    """All forms of an order's page. The submitted one holds what was typed, and its problems."""

    hand_over: HandOverForm = field(default_factory=lambda: HandOverForm(formdata=None))
    lost_code: LostCodeForm = field(default_factory=lambda: LostCodeForm(formdata=None))
    send: SendForm = field(default_factory=lambda: SendForm(formdata=None))
    note: NoteForm = field(default_factory=lambda: NoteForm(formdata=None))
    message: MessageForm = field(default_factory=lambda: MessageForm(formdata=None))

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Field and error text."""
        forms = (self.hand_over, self.lost_code, self.send, self.note, self.message)
        return [problem for form in forms for problem in form.problems]
