"""Shared form fields: lines of text, whole numbers and days. Row ids in addresses."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from wtforms import Field, Form, StringField, TextAreaField
from wtforms.validators import DataRequired, StopValidation, ValidationError

from shop.core.clock import NAIROBI, midnight, read_day
from shop.core.money import AmountError, read_shillings, shillings
from shop.core.text import one_line, typed_line, typed_text

MAX_SHILLINGS = 1_000_000  # for a fee, a discount or a minimum
PER_PAGE = 25
MAX_TYPED_LENGTH = 10_000  # characters of one field that are read


def tidy_line(typed: str | None) -> str:
    """Text on one line without invisible characters."""
    return one_line(typed or "", MAX_TYPED_LENGTH, joiners=True)


def tidy_text(typed: str | None) -> str:
    """Text without invisible characters. It keeps its lines, but no more than one empty line in a row."""
    lines = [tidy_line(line) for line in (typed or "")[:MAX_TYPED_LENGTH].replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def max_length(limit: int) -> Callable[[Form, Field], None]:
    """A validator that names the number of characters. It sets no maxlength: a browser would cut what is pasted."""

    def check(_form: Form, field: Field) -> None:
        if len(field.data) > limit:
            raise StopValidation(f"{field.label.text} has {len(field.data):,} characters; {limit:,} fit")

    return check


def text_line(label: str, limit: int, *, required: bool = True) -> StringField:
    """A field for one line of at most `limit` characters."""
    filled = [DataRequired(f"{label} is empty: fill it in")] if required else []
    return StringField(label, [*filled, max_length(limit)], filters=[tidy_line])


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


class DaysField(TextAreaField):
    """Days in Nairobi, one a line, like 25 Dec 2026 or 2026-12-25. Its text is rewritten in order by `fill`."""

    def __init__(self, label: str, most: int, **bound: Any) -> None:
        super().__init__(label, filters=[typed_text], **bound)
        self.most = most

    @property
    def days(self) -> list[date]:
        """The typed days, in order and each once; those that cannot be read are left out."""
        return sorted({day for line in self._lines if (day := _typed_day(line))})

    def fill(self, days: Iterable[date]) -> None:
        """Show these days."""
        self.data = "\n".join(f"{day:%-d %b %Y}" for day in days)

    @property
    def _lines(self) -> list[str]:
        return [line.strip() for line in (self.data or "").splitlines() if line.strip()]

    def pre_validate(self, _form: Form) -> None:
        """Raise ValidationError, naming the line and the cure."""
        for line in self._lines:
            if _typed_day(line) is None:
                raise ValidationError(
                    f"{self.label.text}: “{line[:40]}” is not one day. "
                    "Write each day on a line of its own, like 25 Dec 2026"
                )
        if len(self.days) > self.most:
            raise ValidationError(f"{self.label.text} must be {self.most} or fewer")


def _typed_day(line: str) -> date | None:
    """The day of a line like 25 Dec 2026, 25 December 2026 or 2026-12-25, of the years 2000 to 2099; else None."""
    for form in ("%d %b %Y", "%d %B %Y"):
        with suppress(ValueError):
            day = datetime.strptime(line, form).date()
            return day if 2000 <= day.year <= 2099 else None
    return read_day(line)


def day_end(day: date) -> datetime:
    """The end of a day in Nairobi, which is the start of the next, UTC."""
    return midnight(day + timedelta(days=1))


def last_day_before(end: datetime) -> date:
    """The last whole day in Nairobi before a time: the inverse of `day_end`."""
    return (end - timedelta(microseconds=1)).astimezone(NAIROBI).date()


def row_id(text: str) -> int:
    """A row id from an address; 0, which no row has, for anything else."""
    return int(text) if re.fullmatch("[1-9][0-9]{0,8}", text) else 0
