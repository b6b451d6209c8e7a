"""What a discount code is asked for."""

import re
from typing import Any

from wtforms import RadioField, StringField
from wtforms.validators import ValidationError

from shop.core.clock import NAIROBI, utcnow
from shop.core.text import typed_line
from shop.pricing.discount_codes import normalised_code
from shop.pricing.models import DiscountCode
from shop.web.base_form import BaseForm
from shop.web.form_fields import MAX_SHILLINGS, DayField, WholeNumberField, day_end, day_start, last_day_before

KINDS = {"percent": "Percent", "fixed": "Shillings"}
LEAST_PERCENT, MOST_PERCENT = 1, 90
MOST_USES = 100_000


class CodeForm(BaseForm):
    """A code, what it takes off, when, and how often."""

    code = StringField("Code", filters=[typed_line])
    kind = RadioField("What it takes off", default="percent", validate_choice=False)
    value = WholeNumberField("How much", 1, MAX_SHILLINGS, needed=True)
    minimum_subtotal = WholeNumberField("Smallest order", 0, MAX_SHILLINGS, money=True)
    starts = DayField("First day")
    until = DayField("Last day")
    max_uses = WholeNumberField("Uses in all", 1, MOST_USES)
    max_uses_per_buyer = WholeNumberField("Uses for each phone number", 1, 1000)

    def __init__(self, kept: DiscountCode | None = None, **given: Any) -> None:
        super().__init__(**given)
        self.kept = kept

    @property
    def tidy(self) -> str:
        """The code as it is stored."""
        return normalised_code(self.code.data or "")

    def fill(self, code: DiscountCode) -> None:
        """Show a code as it is."""
        self.code.data, self.kind.data, self.value.data = code.code, code.kind, str(code.value)
        self.minimum_subtotal.data = str(code.minimum_subtotal or "")
        self.starts.data = f"{code.starts_at.astimezone(NAIROBI):%Y-%m-%d}" if code.starts_at else ""
        self.until.data = last_day_before(code.expires_at).isoformat() if code.expires_at else ""
        self.max_uses.data = "" if code.max_uses is None else str(code.max_uses)
        self.max_uses_per_buyer.data = "" if code.max_uses_per_buyer is None else str(code.max_uses_per_buyer)

    def values(self) -> dict[str, Any]:
        """The checked answers, as columns of DiscountCode."""
        return {
            "code": self.tidy,
            "kind": self.kind.data,
            "value": self.value.number,
            "minimum_subtotal": self.minimum_subtotal.number or 0,
            "starts_at": day_start(self.starts.day) if self.starts.day else None,
            "expires_at": day_end(self.until.day) if self.until.day else None,
            "max_uses": self.max_uses.number,
            "max_uses_per_buyer": self.max_uses_per_buyer.number,
        }

    def say_what_is_used(self, code: DiscountCode) -> None:
        """Put into words that the form goes against what buyers have used by now."""
        if self.max_uses.number is not None and self.max_uses.number < code.uses:
            self.max_uses.errors = [f"Uses in all can’t be below {code.uses}: so often it has been used already"]
        if self.tidy != code.code and code.uses:
            self.code.errors = [f"Code {code.code} has been used, so its name stays. Make a new one instead"]

    def validate_code(self, _field: StringField) -> None:
        """Something people can read out and type."""
        if self.kept is not None and self.tidy == self.kept.code:
            return
        if not re.fullmatch("[A-Z0-9][A-Z0-9-]{2,19}", self.tidy):
            raise ValidationError("Code must be 3 to 20 letters, digits or hyphens, like KARIBU10")
        if self.kept is not None and self.kept.uses:
            raise ValidationError(f"Code {self.kept.code} has been used, so its name stays. Make a new one instead")

    def validate_kind(self, field: RadioField) -> None:
        """One of the two."""
        if field.data not in KINDS:
            raise ValidationError("Choose percent or shillings")

    def validate_value(self, field: WholeNumberField) -> None:
        """A percentage leaves something to pay."""
        if self.kind.data == "percent" and field.number and not LEAST_PERCENT <= field.number <= MOST_PERCENT:
            raise ValidationError(f"How much must be from {LEAST_PERCENT} to {MOST_PERCENT} percent")

    def validate_until(self, field: DayField) -> None:
        """Not before it begins, and a new code not over before it is made."""
        if field.day and self.starts.day and field.day < self.starts.day:
            raise ValidationError("Last day must not be before the first day")
        if field.day and self.kept is None and day_end(field.day) <= utcnow():
            raise ValidationError("Last day has passed already. Choose today or later, or leave it empty")

    def validate_max_uses(self, field: WholeNumberField) -> None:
        """Never below what is used."""
        if self.kept is not None and field.number is not None and field.number < self.kept.uses:
            raise ValidationError(f"Uses in all can’t be below {self.kept.uses}: so often it has been used already")
