"""Shared form fields: whole numbers and days. Row ids in addresses."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from wtforms import Form, StringField
from wtforms.validators import ValidationError

from shop.core.clock import NAIROBI, midnight, read_day
from shop.core.money import AmountError, read_shillings, shillings
from shop.core.text import typed_line

MAX_SHILLINGS = 1_000_000  # for a fee, a discount or a minimum
PER_PAGE = 25


class WholeNumberField(StringField):
    """A whole number from `least` to `most`, read like an amount of money; `number` is None if empty.

    With `money`, its messages name shillings.
    """

    def __init__(
        self, label: str, least: int, most: int, *, needed: bool = False, money: bool = False, **bound: Any
    ) -> None:
        super().__init__(label, filters=[typed_line], **bound)
        self.least, self.most, self.needed, self.money = least, most, needed, money

    @property
    def number(self) -> int | None:
        """The typed value; None if empty or invalid."""
        try:
            return read_shillings(self.data or "")
        except AmountError:
            return None

    def pre_validate(self, _form: Form) -> None:
        """Raise ValidationError, naming the field and the cure."""
        if not self.data and not self.needed:
            return
        if self.number is None or not self.least <= self.number <= self.most:
            least, most = (
                (shillings(self.least), shillings(self.most)) if self.money else (f"{self.least:,}", f"{self.most:,}")
            )
            raise ValidationError(f"{self.label.text} must be a whole number from {least} to {most}")


class DayField(StringField):
    """A day in Nairobi, as a date input sends it (YYYY-MM-DD); `day` is None if empty."""

    def __init__(self, label: str, **bound: Any) -> None:
        super().__init__(label, filters=[typed_line], **bound)

    @property
    def day(self) -> date | None:
        """The typed value; None if empty or invalid."""
        return read_day(self.data or "")

    def pre_validate(self, _form: Form) -> None:
        """Raise ValidationError, naming the field and the cure."""
        if self.data and self.day is None:
            raise ValidationError(f"{self.label.text} must be a day from 2000 to 2099, like 2026-12-24")


def day_end(day: date) -> datetime:
    """The end of a day in Nairobi, which is the start of the next, UTC."""
    return midnight(day + timedelta(days=1))


def last_day_before(end: datetime) -> date:
    """The last whole day in Nairobi before a time: the inverse of `day_end`."""
    return (end - timedelta(microseconds=1)).astimezone(NAIROBI).date()


def row_id(text: str) -> int:
    """A row id from an address; 0, which no row has, for anything else."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else 0
