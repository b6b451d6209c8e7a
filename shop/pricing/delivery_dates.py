"""When a paid order arrives, by an area's delivery calendar and the shop's closed days; no database, no request."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count, islice

from shop.core.clock import NAIROBI, readable_day

WEEKDAYS = "1234567"  # Monday to Sunday, as date.isoweekday counts


@dataclass(frozen=True)
class DeliveryCalendar:
    """On which days an area's orders leave and arrive. Its text, "123456 14 1 2", is how it is stored."""

    working_days: str  # one or more of WEEKDAYS: "123456" is Monday to Saturday
    cutoff_hour: int  # 0 to 24 in Nairobi: an order paid before this hour leaves on the same working day
    first_day: int  # working days from the day it leaves until it arrives, at the earliest
    last_day: int  # the same at the latest

    def __post_init__(self) -> None:
        if not self.working_days or not set(self.working_days) <= set(WEEKDAYS) or self.first_day > self.last_day:
            raise ValueError(f"not a delivery calendar: {self}")

    def __str__(self) -> str:
        return f"{self.working_days} {self.cutoff_hour} {self.first_day} {self.last_day}"

    @classmethod
    def read(cls, text: str) -> "DeliveryCalendar":
        """The calendar of a stored text. Raises ValueError."""
        working_days, *numbers = text.split()
        cutoff_hour, first_day, last_day = map(int, numbers)
        return cls(working_days, cutoff_hour, first_day, last_day)


@dataclass(frozen=True)
class ClosedDays:
    """Days in Nairobi on which the shop neither sends nor delivers."""

    days: frozenset[date] = frozenset()
    until: date | None = None  # closed on every day before this one


@dataclass(frozen=True)
class DeliveryDates:
    """The days in Nairobi on which an order arrives: the earliest and the latest."""

    first: date
    last: date

    def words(self, pickup: bool = False) -> str:
        """The promise in words: "by Tue 1 Dec", "between Wed 2 and Fri 4 Dec", for a pickup "ready by Tue 1 Dec"."""
        if pickup:
            return f"ready by {readable_day(self.last)}"
        if self.first == self.last:
            return f"by {readable_day(self.last)}"
        same_month = (self.first.year, self.first.month) == (self.last.year, self.last.month)
        first = f"{self.first:%a %-d}" if same_month else readable_day(self.first)
        return f"between {first} and {readable_day(self.last)}"


def delivery_dates(paid_at: datetime, calendar: DeliveryCalendar, closed: ClosedDays) -> DeliveryDates:
    """When an order that is paid at this aware time arrives.

    It leaves on the day of the payment, from the cut-off hour on the next day; always on a working day. The days until
    it arrives are working days too.
    """
    paid = paid_at.astimezone(NAIROBI)
    start = paid.date() + timedelta(days=paid.hour >= calendar.cutoff_hour)
    days = list(islice(_working_days(max(start, closed.until or start), calendar, closed), calendar.last_day + 1))
    return DeliveryDates(days[calendar.first_day], days[calendar.last_day])


def _working_days(start: date, calendar: DeliveryCalendar, closed: ClosedDays) -> Iterator[date]:
    """The days from `start` on that are working days of the calendar and not closed."""
    days = (start + timedelta(days=number) for number in count())
    return (day for day in days if str(day.isoweekday()) in calendar.working_days and day not in closed.days)
