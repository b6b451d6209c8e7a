"""Spans of days as a merchant in Kenya counts them: a day begins at midnight in Nairobi."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from shop.core.clock import NAIROBI

TABS = {1: "Today", 7: "7 days", 30: "30 days"}
USUAL = 7
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 12, 31)
LONGEST = 731  # days
MOST_BY_DAY = 62  # days; longer spans are drawn by month
DAY = timedelta(days=1)


class InvalidDateRange(Exception):
    """The days typed are none. `field` is "from" or "to"; the message says the cure."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class Bucket:
    """One bar of a chart: an hour, a day or a month. `days` are its first and last, None for an hour."""

    name: str
    start: datetime
    end: datetime  # no longer in it
    days: tuple[date, date] | None


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both in it."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """How many days."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """Its first moment, UTC."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after it, UTC."""
        return midnight(self.last + DAY)

    @property
    def before(self) -> "Period":
        """As many days, just before."""
        return Period(self.first - self.length * DAY, self.first - DAY)

    @property
    def words(self) -> str:
        """ "24 Nov 2026", or "18 Nov to 24 Nov 2026"."""
        if self.length == 1:
            return f"{self.last:%-d %b %Y}"
        year = "" if self.first.year == self.last.year else f" {self.first:%Y}"
        return f"{self.first:%-d %b}{year} to {self.last:%-d %b %Y}"

    @property
    def steps(self) -> list[Bucket]:
        """Its hours, days or months, whichever makes a chart one can read."""
        if self.length == 1:
            return list(_hours(self))
        if self.length <= MOST_BY_DAY:
            days = [self.first + n * DAY for n in range(self.length)]
            return [Bucket(f"{day:%-d %b}", midnight(day), midnight(day + DAY), (day, day)) for day in days]
        return list(_months(self))

    @property
    def step_word(self) -> str:
        """What a step is called."""
        return "Hour" if self.length == 1 else "Day" if self.length <= MOST_BY_DAY else "Month"


def midnight(day: date) -> datetime:
    """The moment a Nairobi day begins, UTC."""
    return datetime.combine(day, time(), NAIROBI).astimezone(UTC)


def last_days(count: int, now: datetime) -> Period:
    """So many days, of which today is the last."""
    today = now.astimezone(NAIROBI).date()
    return Period(today - (count - 1) * DAY, today)


def parse_date_range(first: str, last: str, now: datetime) -> Period:
    """Parse days typed as YYYY-MM-DD. A missing last day is today, a missing first day is the last day.

    Raises InvalidDateRange.
    """
    today = now.astimezone(NAIROBI).date()
    end = _day(last, "to", "last day") if last else None
    start = _day(first, "from", "first day") if first else end or today
    end = end or max(start, today)
    if end < start:
        raise InvalidDateRange("to", "The last day is before the first. Choose a later one")
    if (end - start).days >= LONGEST:
        raise InvalidDateRange("from", "That is more than two years. Choose a later first day")
    return Period(start, end)


def _day(typed: str, field: str, name: str) -> date:
    try:
        day = date.fromisoformat(typed) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", typed) else None
    except ValueError:
        day = None
    if day is None or not EARLIEST <= day <= LATEST:
        raise InvalidDateRange(field, f"The {name} is not a date. Write it like 2026-11-24")
    return day


def _hours(period: Period) -> Iterator[Bucket]:
    start = period.start
    while start < period.end:
        end = start + timedelta(hours=1)
        yield Bucket(f"{start.astimezone(NAIROBI):%H:00}", start, end, None)
        start = end


def _months(period: Period) -> Iterator[Bucket]:
    """Calendar months; the first and last may be parts of one."""
    first = period.first
    while first <= period.last:
        next_month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = min(next_month - DAY, period.last)
        yield Bucket(f"{first:%b %Y}", midnight(first), midnight(last + DAY), (first, last))
        first = next_month
