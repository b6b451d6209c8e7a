"""The day an order arrives: counted in working days of its delivery area, from its cut-off hour on.

Pure functions of a time and a calendar: nothing here reads the clock or the database.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shop.core.clock import NAIROBI

ALL_DAYS = "1234567"  # ISO weekdays: 1 is Monday
HORIZON = 120  # days ahead that are looked at: a shop that is closed for longer promises no day


@dataclass(frozen=True)
class DeliveryCalendar:
    """When an area is served. An order placed before `cutoff_hour` (Nairobi) on a working day is counted from it."""

    first_day: int  # working days from then until the order arrives at the earliest: 0 is the same day
    last_day: int  # at the latest; not less than `first_day`
    working_days: str = ALL_DAYS  # ISO weekdays: "12345" is Monday to Friday
    cutoff_hour: int = 24  # 24: an order counts until midnight


def arrival(now: datetime, calendar: DeliveryCalendar, closed: Collection[date] = ()) -> tuple[date, date] | None:
    """The first and the last day on which an order placed at `now` (UTC) arrives; None if no day can be promised.

    `closed` are days on which the shop does not work.
    """
    here = now.astimezone(NAIROBI)
    served = [
        day
        for day in (here.date() + timedelta(days=number) for number in range(HORIZON))
        if str(day.isoweekday()) in calendar.working_days and day not in closed
    ]
    if served and served[0] == here.date() and here.hour >= calendar.cutoff_hour:
        served = served[1:]
    if len(served) <= calendar.last_day:
        return None
    return served[calendar.first_day], served[calendar.last_day]


def readable_day(day: date) -> str:
    """A day as pages write it: "Tue 1 Dec"."""
    return f"{day:%a %-d %b}"
