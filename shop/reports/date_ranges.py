"""Date ranges of a report, in Nairobi days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shop.core.clock import NAIROBI, midnight, read_day

TABS = {1: "Today", 7: "7 days", 30: "30 days"}
DEFAULT_DAYS = 7
MAX_DAYS = 731
MAX_DAYS_BY_DAY = 62  # longer ranges are drawn by month
DAY = timedelta(days=1)


class InvalidDateRange(Exception):
    """The typed days are not a date range. `field` is "from" or "to"; the message tells how to correct it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Bucket:
    """One bar of a chart: an hour, a day or a month. `days` are its first and last day, None for an hour."""

    name: str
    start: datetime  # UTC
    end: datetime  # UTC, exclusive
    days: tuple[date, date] | None


@dataclass(frozen=True)
class DateRange:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def length(self) -> int:
        """Number of days."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """The start of the first day, UTC."""
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The end of the last day, UTC, exclusive."""
        return midnight(self.last + DAY)

    @property
    def before(self) -> "DateRange":
        """The range of the same length just before."""
        return DateRange(self.first - self.length * DAY, self.first - DAY)

    @property
    def words(self) -> str:
        """The range for people: "24 Nov 2026" or "18 Nov to 24 Nov 2026"."""
        if self.length == 1:
            return f"{self.last:%-d %b %Y}"
        year = "" if self.first.year == self.last.year else f" {self.first:%Y}"
        return f"{self.first:%-d %b}{year} to {self.last:%-d %b %Y}"

    @property
    def steps(self) -> list[Bucket]:
        """Its buckets: the hours of one day, else days, or months in a long range."""
        if self.length == 1:
            return list(_hours(self))
        if self.length <= MAX_DAYS_BY_DAY:
            days = [self.first + n * DAY for n in range(self.length)]
            return [Bucket(f"{day:%-d %b}", midnight(day), midnight(day + DAY), (day, day)) for day in days]
        return list(_months(self))

    @property
    def step_word(self) -> str:
        """The unit of its buckets."""
        return "Hour" if self.length == 1 else "Day" if self.length <= MAX_DAYS_BY_DAY else "Month"


def last_days(count: int, now: datetime) -> DateRange:
    """The last `count` days, today included."""
    today = now.astimezone(NAIROBI).date()
    return DateRange(today - (count - 1) * DAY, today)


def parse_date_range(first: str, last: str, now: datetime) -> DateRange:
    """Parse days typed as YYYY-MM-DD. A missing last day is today, a missing first day is the last day.

    Raises InvalidDateRange.
    """
    today = now.astimezone(NAIROBI).date()
    end = _day(last, "to", "last day") if last else None
    start = _day(first, "from", "first day") if first else end or today
    end = end or max(start, today)
    if end < start:
        raise InvalidDateRange("to", "The last day is before the first. Choose a later one")
    if (end - start).days >= MAX_DAYS:
        raise InvalidDateRange("from", "That is more than two years. Choose a later first day")
    return DateRange(start, end)


def _day(typed: str, field: str, name: str) -> date:
    day = read_day(typed)
    if day is None:
        raise InvalidDateRange(field, f"The {name} is not a date. Write it like 2026-11-24")
    return day


def _hours(period: DateRange) -> Iterator[Bucket]:
    start = period.start
    while start < period.end:
        end = start + timedelta(hours=1)
        yield Bucket(f"{start.astimezone(NAIROBI):%H:00}", start, end, None)
        start = end


def _months(period: DateRange) -> Iterator[Bucket]:
    """Calendar months; the first and the last may be incomplete."""
    first = period.first
    while first <= period.last:
        next_month = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = min(next_month - DAY, period.last)
        yield Bucket(f"{first:%b %Y}", midnight(first), midnight(last + DAY), (first, last))
        first = next_month
