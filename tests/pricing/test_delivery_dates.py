"""The promised day: working days of the area, counted from its cut-off hour on."""

from datetime import date, datetime

import pytest

from shop.core.clock import NAIROBI
from shop.pricing.delivery_dates import DeliveryCalendar, arrival, readable_day

WEEKDAYS = DeliveryCalendar(1, 2, "12345", 14)
FRIDAY = date(2026, 11, 27)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=NAIROBI)


@pytest.mark.parametrize(
    ("hour", "calendar", "closed", "days"),
    [
        (10, WEEKDAYS, (), ("Mon 30 Nov", "Tue 1 Dec")),
        (14, WEEKDAYS, (), ("Tue 1 Dec", "Wed 2 Dec")),  # at the cut-off hour the next working day counts
        (10, WEEKDAYS, (date(2026, 11, 30),), ("Tue 1 Dec", "Wed 2 Dec")),
        (10, WEEKDAYS, (FRIDAY,), ("Tue 1 Dec", "Wed 2 Dec")),
        (10, DeliveryCalendar(0, 0), (), ("Fri 27 Nov", "Fri 27 Nov")),
        (23, DeliveryCalendar(0, 0), (), ("Fri 27 Nov", "Fri 27 Nov")),
        (10, DeliveryCalendar(1, 1, "6"), (), ("Sat 5 Dec", "Sat 5 Dec")),
    ],
)
def test_an_order_of_friday_arrives_on_working_days(hour, calendar, closed, days):
    promised = arrival(at(FRIDAY, hour), calendar, closed)

    assert promised is not None
    assert tuple(map(readable_day, promised)) == days


def test_the_hour_is_that_of_nairobi():
    utc = at(FRIDAY, 1).astimezone(tz=None)

    assert arrival(utc, DeliveryCalendar(0, 0)) == (FRIDAY, FRIDAY)


def test_an_area_without_working_days_promises_no_day():
    assert arrival(at(FRIDAY, 10), DeliveryCalendar(1, 2, "")) is None
