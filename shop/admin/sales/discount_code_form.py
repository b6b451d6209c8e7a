"""The form of a discount code."""

import re
from typing import Any

from sqlalchemy import select
from wtforms import RadioField, SelectField, StringField
from wtforms.validators import ValidationError

from shop.catalog.models import Category
from shop.core.clock import NAIROBI, midnight, utcnow
from shop.core.database import db
from shop.core.text import typed_line
from shop.pricing.discount_codes import normalised_code
from shop.pricing.models import DiscountCode
from shop.web.base_form import BaseForm
from shop.web.form_fields import MAX_SHILLINGS, DayField, WholeNumberField, day_end, last_day_before

KINDS = {"percent": "Percent", "fixed": "Shillings"}
MIN_PERCENT, MAX_PERCENT = 1, 90
MAX_USES = 100_000


class DiscountCodeForm(BaseForm):
    """A discount code: its value, its days and its limits. `saved` is the code to change, None for a new one."""

    code = StringField("Code", filters=[typed_line])
    kind = RadioField("Type", default="percent", validate_choice=False)
    value = WholeNumberField("Discount", 1, MAX_SHILLINGS, needed=True)
    minimum_subtotal = WholeNumberField("Minimum subtotal", 0, MAX_SHILLINGS, money=True)
    category = SelectField("Counts for", validate_choice=False)
    starts = DayField("First day")
    until = DayField("Last day")
    max_uses = WholeNumberField("Uses in total", 1, MAX_USES)
    max_uses_per_buyer = WholeNumberField("Uses for each phone number", 1, 1000)

    def __init__(self, saved: DiscountCode | None = None, **given: Any) -> None:
        super().__init__(**given)
        self.saved = saved
        named = select(Category.id, Category.name).order_by(Category.active.desc(), Category.position)
        self.categories = {"": "All products"} | {str(key): name for key, name in db.session.execute(named)}
        self.category.choices = list(self.categories.items())

    @property
    def normalised_code(self) -> str:
        """The code as it is stored."""
        return normalised_code(self.code.data or "")

    def fill(self, code: DiscountCode) -> None:
        """Fill in the form from a saved code."""
        self.code.data, self.kind.data, self.value.data = code.code, code.kind, str(code.value)
        self.minimum_subtotal.data = str(code.minimum_subtotal or "")
        self.category.data = str(code.category_id or "")
        self.starts.data = f"{code.starts_at.astimezone(NAIROBI):%Y-%m-%d}" if code.starts_at else ""
        self.until.data = last_day_before(code.expires_at).isoformat() if code.expires_at else ""
        self.max_uses.data = "" if code.max_uses is None else str(code.max_uses)
        self.max_uses_per_buyer.data = "" if code.max_uses_per_buyer is None else str(code.max_uses_per_buyer)

    def values(self) -> dict[str, Any]:
        """The checked answers, as columns of DiscountCode."""
        return {
            "code": self.normalised_code,
            "kind": self.kind.data,
            "value": self.value.number,
            "minimum_subtotal": self.minimum_subtotal.number or 0,
            "category_id": int(self.category.data) if self.category.data else None,
            "starts_at": midnight(self.starts.day) if self.starts.day else None,
            "expires_at": day_end(self.until.day) if self.until.day else None,
            "max_uses": self.max_uses.number,
            "max_uses_per_buyer": self.max_uses_per_buyer.number,
        }

    def validate_code(self, _field: StringField) -> None:
        if self.saved is not None and self.normalised_code == self.saved.code:
            return
        if not re.fullmatch("[A-Z0-9][A-Z0-9-]{2,19}", self.normalised_code):
            raise ValidationError("Code must be 3 to 20 letters, digits or hyphens, like KARIBU10")
        if self.saved is not None and self.saved.uses:
            raise ValidationError(f"Code {self.saved.code} was used already, so it can’t be renamed. Make a new code")

    def validate_kind(self, field: RadioField) -> None:
        if field.data not in KINDS:
            raise ValidationError("Choose percent or shillings")

    def validate_value(self, field: WholeNumberField) -> None:
        if self.kind.data == "percent" and field.number and not MIN_PERCENT <= field.number <= MAX_PERCENT:
            raise ValidationError(f"Discount must be from {MIN_PERCENT} to {MAX_PERCENT} percent")

    def validate_category(self, field: SelectField) -> None:
        field.data = field.data or ""
        if field.data not in self.categories:
            raise ValidationError("Choose a category, or all products")

    def validate_until(self, field: DayField) -> None:
        if field.day and self.starts.day and field.day < self.starts.day:
            raise ValidationError("Last day must not be before the first day")
        if field.day and self.saved is None and day_end(field.day) <= utcnow():
            raise ValidationError("Last day is in the past. Choose today or later, or leave it empty")

    def validate_max_uses(self, field: WholeNumberField) -> None:
        if self.saved is not None and field.number is not None and field.number < self.saved.uses:
            raise ValidationError(f"Uses in total can’t be below {self.saved.uses}: the code was used that often")
