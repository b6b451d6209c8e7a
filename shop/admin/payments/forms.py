"""What the desk asks about money."""

import re
from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, ValidationError

from shop.core.money import AmountError, read_shillings, shillings
from shop.core.text import one_line
from shop.payments.manual_payments import ManualPayment
from shop.payments.mpesa_messages import MAX_MESSAGE_LENGTH, CodeError, Direction, read_code, read_message
from shop.web.base_form import BaseForm

LONGEST_REASON = 200  # characters
NO_REASON = "Enter a reason: whoever reads it later was not here"
METHODS = {"MPESA": "M-PESA", "CASH": "Cash", "BANK": "Bank", "CARD": "Card"}


def read_amount(text: str, smallest: int = 1) -> int:
    """Whole shillings, at least `smallest`, in any spelling people use. Raises AmountError."""
    amount = read_shillings(text)
    if amount < smallest:
        raise AmountError(f"Amount must be {shillings(smallest)} or more")
    return amount


def tidy(typed: str | None) -> str | None:
    """What was typed, on one line: what nobody can see is not sent back in a page either."""
    return typed and one_line(typed[: 4 * LONGEST_REASON], 2 * LONGEST_REASON)


def tidy_message(typed: str | None) -> str | None:
    """A pasted message, or a code, on one line."""
    return typed and one_line(typed[: 2 * MAX_MESSAGE_LENGTH], MAX_MESSAGE_LENGTH)


class MoneyForm(BaseForm):
    """Money that a person saw come or go."""

    amount = StringField("Amount in KSh", [InputRequired("Enter the amount")], filters=[tidy])
    method = RadioField(
        "How", [InputRequired("Choose how the money moved")], choices=list(METHODS.items()), validate_choice=True
    )
    code = StringField("M-PESA code", filters=[tidy_message])
    reason = StringField("Reason", [DataRequired(NO_REASON)], filters=[tidy])
    seen = HiddenField()
    compared = HiddenField()  # a code the page warned about: it looks like one that is counted
    code_required = True
    also: Direction | None = None  # a message of this direction is taken too

    def validate_amount(self, field: StringField) -> None:
        """Whole shillings."""
        try:
            read_amount(field.data)
        except AmountError as error:
            raise ValidationError(str(error)) from None

    def validate_code(self, field: StringField) -> None:
        """Ten letters and digits or the whole message, with M-PESA only. A message names the sum that was entered."""
        typed = (field.data or "").strip()
        if self.method.data != "MPESA":
            if typed:
                raise ValidationError("Leave the code empty, or choose M-PESA")
        elif typed or self.code_required:
            try:
                read_code(typed, self.also)
            except CodeError as error:
                raise ValidationError(str(error)) from None
            said = read_message(typed).amount
            if said and not self.amount.errors and said != read_amount(self.amount.data):
                raise ValidationError(
                    f"The message says {shillings(said)}. Correct the amount, or enter the code alone"
                )

    def validate_reason(self, field: StringField) -> None:
        """Not too long."""
        if len(field.data) > LONGEST_REASON:
            raise ValidationError(f"Reason must be {LONGEST_REASON} characters or fewer")

    def money(self) -> ManualPayment:
        """The answers in the shop's own words."""
        code = (self.code.data or "").strip()
        return ManualPayment(
            amount=read_amount(self.amount.data),
            method=self.method.data,
            code=read_code(code, self.also) if code else None,
            reason=self.reason.data,
        )


class PaidForm(MoneyForm):
    """Money that came. When it is less than lacks, the rest is let off only by a tick that names that very sum."""

    let_off_tick = BooleanField("Let off")
    lacking = HiddenField()

    def let_off(self) -> int:
        """Whole shillings that are to be let off."""
        lacking = self.lacking.data or ""
        return int(lacking) if self.let_off_tick.data and re.fullmatch(r"[0-9]{1,9}", lacking, re.ASCII) else 0

    def ask_to_let_off(self, short: int) -> None:
        """Less came than lacks, by `short` shillings: ask whether they are let off."""
        self.amount.errors = [f"That is {shillings(short)} less than lacks. Ask the buyer for it, or let it off below"]
        self.lacking.data, self.let_off_tick.data = str(short), False
        self.lacking.raw_data = None


class ReasonForm(BaseForm):
    """Why something is undone, and which state of the order the page showed."""

    reason = StringField("Reason", [DataRequired(NO_REASON)], filters=[tidy])
    seen = HiddenField()

    def validate_reason(self, field: StringField) -> None:
        """Not too long."""
        if len(field.data) > LONGEST_REASON:
            raise ValidationError(f"Reason must be {LONGEST_REASON} characters or fewer")


class RefundForm(MoneyForm):
    """Money that was given back: never more than is here, and some M-PESA refunds have no code of their own."""

    code_required = False
    also = Direction.REVERSED  # a refund may be made by a reversal

    def __init__(self, most: int, **options: Any) -> None:
        super().__init__(**options)
        self.most = most

    def validate_amount(self, field: StringField) -> None:
        """Whole shillings, and no more than came."""
        super().validate_amount(field)
        if read_amount(field.data) > self.most:
            raise ValidationError(f"No more than {shillings(self.most)} can be given back: that is what is here")


class CodeForm(BaseForm):
    """A message as it was forwarded, or the code alone."""

    text = TextAreaField(
        "M-PESA message or code",
        [DataRequired("Paste the message, or type its code")],
        filters=[tidy_message],
    )
