"""The questions these pages share: whole numbers, days, and which row of a list is meant."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from wtforms import Form, StringField
from wtforms.validators import ValidationError

from shop.core.clock import NAIROBI
from shop.core.money import AmountError, read_shillings, shillings
from shop.core.text import typed_line

MOST_SHILLINGS = 1_000_000  # of a fee, a discount or a minimum
PER_PAGE = 25


class WholeNumber(StringField):
    """A whole number from `least` to `most`, read as sums are; `number` is None where nothing was written.

    With `money` its messages say shillings.
    """

    def __init__(
        self, label: str, least: int, most: int, *, needed: bool = False, money: bool = False, **bound: Any
    ) -> None:
        super().__init__(label, filters=[typed_line], **bound)
        self.least, self.most, self.needed, self.money = least, most, needed, money

    @property
    def number(self) -> int | None:
        """What was written, once it has been checked."""
        try:
            return read_shillings(self.data or "")
        except AmountError:
            return None

    def pre_validate(self, _form: Form) -> None:
        """Name the field and the cure."""
        if not self.data and not self.needed:
            return
        if self.number is None or not self.least <= self.number <= self.most:
            least, most = (
                (shillings(self.least), shillings(self.most)) if self.money else (f"{self.least:,}", f"{self.most:,}")
            )
            raise ValidationError(f"{self.label.text} must be a whole number from {least} to {most}")


class Day(StringField):
    """A day in Nairobi, as a date box sends it (YYYY-MM-DD); `day` is None where nothing was written."""

    def __init__(self, label: str, **bound: Any) -> None:
        super().__init__(label, filters=[typed_line], **bound)

    @property
    def day(self) -> date | None:
        """What was written, once it has been checked."""
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", self.data or ""):
            return None
        try:
            day = date.fromisoformat(self.data or "")
        except ValueError:
            return None
        return day if 2020 <= day.year <= 2099 else None

    def pre_validate(self, _form: Form) -> None:
        """Name the field and the cure."""
        if self.data and self.day is None:
            raise ValidationError(f"{self.label.text} must be a day from 2020 to 2099, like 2026-12-24")


def begins(day: date) -> datetime:
    """The first moment of a day in Nairobi."""
    return datetime.combine(day, time(), NAIROBI)


def ends(day: date) -> datetime:
    """The first moment after a day in Nairobi."""
    return begins(day + timedelta(days=1))


def last_day(end: datetime) -> date:
    """The last day before a moment, in Nairobi: the inverse of `ends`."""
    return (end - timedelta(microseconds=1)).astimezone(NAIROBI).date()


def row_id(text: str) -> int:
    """The id in an address; 0, which no row has, for what is none."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else 0
