"""Forms of payment actions."""

import re
from typing import Any

from wtforms import BooleanField, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, ValidationError

from shop.core.money import AmountError, read_shillings, shillings
from shop.core.text import one_line
from shop.orders.payment_summary import PAYMENT_METHODS
from shop.payments.manual_payments import ManualPayment
from shop.payments.mpesa_messages import MAX_MESSAGE_LENGTH, CodeError, Direction, read_code, read_message
from shop.web.base_form import BaseForm

MAX_REASON_LENGTH = 200
NO_REASON = "Enter a reason, for your own records"


def read_amount(text: str, minimum: int = 1) -> int:
    """Read whole shillings, at least `minimum`. Raises AmountError."""
    amount = read_shillings(text)
    if amount < minimum:
        raise AmountError(f"Amount must be {shillings(minimum)} or more")
    return amount


def one_typed_line(typed: str | None) -> str | None:
    """The typed text on one line, without invisible characters."""
    return typed and one_line(typed[: 4 * MAX_REASON_LENGTH], 2 * MAX_REASON_LENGTH)


def one_message_line(typed: str | None) -> str | None:
    """A pasted M-PESA message, or a code, on one line."""
    return typed and one_line(typed[: 2 * MAX_MESSAGE_LENGTH], MAX_MESSAGE_LENGTH)


class ReasonForm(BaseForm):
    """Why an action is taken. `seen` is the state of the order that the page showed."""

    reason = StringField("Reason", [DataRequired(NO_REASON)], filters=[one_typed_line])
    seen = HiddenField()

    def validate_reason(self, field: StringField) -> None:
        if len(field.data) > MAX_REASON_LENGTH:
            raise ValidationError(f"Reason must be {MAX_REASON_LENGTH} characters or fewer")


class PaymentForm(ReasonForm):
    """A payment or a refund that a person entered."""

    amount = StringField("Amount in KSh", [InputRequired("Enter the amount")], filters=[one_typed_line])
    method = RadioField(
        "How",
        [InputRequired("Choose how the money was sent")],
        choices=[SelectChoice(*method) for method in PAYMENT_METHODS.items()],
    )
    code = StringField("M-PESA code", filters=[one_message_line])
    reason = StringField("Reason", [DataRequired(NO_REASON)], filters=[one_typed_line])  # again: after the code
    compared = HiddenField()  # a code that the page warned about: it looks like a code that is used
    code_required = True
    also: Direction | None = None  # a message of this direction is accepted too

    def validate_amount(self, field: StringField) -> None:
        try:
            read_amount(field.data)
        except AmountError as error:
            raise ValidationError(str(error)) from None

    def validate_code(self, field: StringField) -> None:
        """An M-PESA code or the whole message, for M-PESA only. A message must name the amount that was entered."""
        typed = (field.data or "").strip()
        if self.method.data != "MPESA":
            if typed:
                raise ValidationError("Leave the code empty, or choose M-PESA")
        elif typed or self.code_required:
            try:
                read_code(typed, self.also)
            except CodeError as error:
                raise ValidationError(str(error)) from None
            amount = read_message(typed).amount
            if amount and not self.amount.errors and amount != read_amount(self.amount.data):
                raise ValidationError(
                    f"The message says {shillings(amount)}. Correct the amount, or enter the code alone"
                )

    def payment(self) -> ManualPayment:
        """The checked answers."""
        code = (self.code.data or "").strip()
        return ManualPayment(
            amount=read_amount(self.amount.data),
            method=self.method.data,
            code=read_code(code, self.also) if code else None,
            reason=self.reason.data,
        )


class MarkPaidForm(PaymentForm):
    """A payment. A shortfall is written off only with a tick that names its amount."""

    write_off = BooleanField("Write off")
    shortfall = HiddenField()

    def written_off(self) -> int:
        """Whole shillings to write off."""
        shortfall = self.shortfall.data or ""
        return int(shortfall) if self.write_off.data and re.fullmatch(r"[0-9]{1,9}", shortfall, re.ASCII) else 0

    def ask_to_write_off(self, shortfall: int) -> None:
        """Ask whether this shortfall, in whole shillings, is written off."""
        self.amount.errors = [f"That is {shillings(shortfall)} too little. Ask the buyer for it, or write it off below"]
        self.shortfall.data, self.write_off.data = str(shortfall), False
        self.shortfall.raw_data = None


class RefundForm(PaymentForm):
    """A refund, of at most `maximum` shillings. Some M-PESA refunds have no code of their own."""

    code_required = False
    also = Direction.REVERSED  # a refund may be made by a reversal

    def __init__(self, maximum: int, **options: Any) -> None:
        super().__init__(**options)
        self.maximum = maximum

    def validate_amount(self, field: StringField) -> None:
        super().validate_amount(field)
        if read_amount(field.data) > self.maximum:
            raise ValidationError(f"You can refund at most {shillings(self.maximum)}: that is the balance of the order")


class MpesaCodeForm(BaseForm):
    """A forwarded M-PESA message, or the code alone."""

    text = TextAreaField(
        "M-PESA message or code",
        [DataRequired("Paste the message, or type its code")],
        filters=[one_message_line],
    )
