"""What the desk asks about one order."""

import re
import secrets
from dataclasses import dataclass, field

from email_validator import EmailNotValidError
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, Regexp, ValidationError

from shop.checkout.forms import BAD_EMAIL
from shop.core.phones import PhoneError, kenyan_mobile
from shop.core.text import name_problem, normalised_email, trimmed, typed_line, typed_text
from shop.orders.corrections import NAMES
from shop.web.base_form import BaseForm

LONGEST_NOTE = 400  # characters: what is written must fit one line of the timeline whole
NO_KEY = re.compile(r"[^A-Za-z0-9_-]")


class HandOverForm(BaseForm):
    """What the buyer says at the counter."""

    code = StringField(
        "Collect code",
        [
            DataRequired("Enter the 4 digits the buyer shows you"),
            Regexp(r"[0-9]{4}\Z", message="Collect code must be 4 digits, like 0417"),
        ],
        filters=[lambda typed: re.sub(r"[\s-]", "", typed_line(typed)[:40])],
    )


class LostCodeForm(BaseForm):
    """Why an order is handed over without its code."""

    reason = StringField(
        "How do you know that it is the buyer?",
        [
            DataRequired("Enter how you know that it is the buyer"),
            Length(max=200, message="The reason must be 200 characters or fewer"),
        ],
        filters=[typed_line],
    )


class StepBackForm(BaseForm):
    """Why an order is put back to before its last step."""

    reason = StringField(
        "Why?",
        [
            DataRequired("Enter a reason: it stands in the timeline"),
            Length(max=200, message="The reason must be 200 characters or fewer"),
        ],
        filters=[typed_line],
    )


class CorrectForm(BaseForm):
    """Who buys and where it goes, as the order has it."""

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
    note = TextAreaField(
        "Buyer’s note", [Length(max=500, message="Note must be 500 characters or fewer")], filters=[typed_text]
    )

    def validate_full_name(self, field: StringField) -> None:
        """As at the checkout: it stands in mails."""
        if problem := name_problem(field.data):
            raise ValidationError(f"Name {problem}")

    def validate_phone_number(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling."""
        try:
            kenyan_mobile(field.data)
        except PhoneError as error:
            raise ValidationError(str(error)) from None

    def validate_email(self, field: StringField) -> None:
        """An address that could exist, or none."""
        try:
            field.data = normalised_email(field.data) if field.data else ""
        except EmailNotValidError:
            raise ValidationError(BAD_EMAIL) from None

    def answers(self) -> dict[str, str]:
        """As the order keeps them."""
        return {
            **{field: self[field].data or "" for field in NAMES},
            "phone_number": kenyan_mobile(self.phone_number.data),
        }


class _Written(BaseForm):
    """Words of a person, and a key that makes two sendings of the form one."""

    once = HiddenField(default=lambda: secrets.token_urlsafe(16))

    def key(self, order_id: int) -> str:
        """The one-time key as it is stored: of this order, whatever was sent."""
        return f"{order_id}-{NO_KEY.sub('', self.once.data or '')[:22]}"[:40]


class NoteForm(_Written):
    """For the desk alone."""

    note = TextAreaField(
        "Private note",
        [
            DataRequired("Enter the note, or leave the page without one"),
            Length(max=LONGEST_NOTE, message=f"Private note must be {LONGEST_NOTE} characters or fewer"),
        ],
        filters=[typed_text],
    )


class MessageForm(_Written):
    """For the buyer, by mail."""

    message = TextAreaField(
        "Message to the buyer",
        [
            DataRequired("Enter what the buyer should know"),
            Length(max=LONGEST_NOTE, message=f"Message must be {LONGEST_NOTE} characters or fewer"),
        ],
        filters=[typed_text],
    )


@dataclass(frozen=True)
class OrderForms:
    """All questions of an order's page; the one that was sent holds what was typed and what is wrong with it."""

    hand_over: HandOverForm = field(default_factory=lambda: HandOverForm(formdata=None))
    lost_code: LostCodeForm = field(default_factory=lambda: LostCodeForm(formdata=None))
    note: NoteForm = field(default_factory=lambda: NoteForm(formdata=None))
    message: MessageForm = field(default_factory=lambda: MessageForm(formdata=None))

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Field and words of everything that is wrong."""
        forms = (self.hand_over, self.lost_code, self.note, self.message)
        return [problem for form in forms for problem in form.problems]
