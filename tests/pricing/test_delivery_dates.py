"""Delivery dates: a table a person can check against a calendar of December 2026, whose first day is a Tuesday."""

from datetime import date, datetime

import pytest

from shop.core.clock import NAIROBI
from shop.pricing.delivery_dates import ClosedDays, DeliveryCalendar, DeliveryDates, delivery_dates

NEXT_DAY = DeliveryCalendar("123456", 14, 1, 1)  # Monday to Saturday
SAME_DAY = DeliveryCalendar("1234567", 12, 0, 0)
FAR = DeliveryCalendar("12345", 12, 2, 3)
CHRISTMAS = ClosedDays(frozenset((date(2026, 12, 25), date(2026, 12, 26))))
OPEN = ClosedDays()


def december(day: int) -> date:
    return date(2026, 12, day)


@pytest.mark.parametrize(
    ("paid", "calendar", "closed", "first", "last"),
    [
        ("2026-12-01 13:59", NEXT_DAY, OPEN, december(2), december(2)),
        ("2026-12-01 14:00", NEXT_DAY, OPEN, december(3), december(3)),  # from the cut-off hour on: the next day
        ("2026-12-01 11:59", SAME_DAY, OPEN, december(1), december(1)),
        ("2026-12-01 12:00", SAME_DAY, OPEN, december(2), december(2)),
        ("2026-12-05 10:00", NEXT_DAY, OPEN, december(7), december(7)),  # leaves on Saturday, arrives on Monday
        ("2026-12-05 15:00", NEXT_DAY, OPEN, december(8), december(8)),  # leaves on Monday
        ("2026-12-06 23:00", NEXT_DAY, OPEN, december(8), december(8)),  # Sunday: leaves on Monday
        ("2026-12-04 11:00", FAR, OPEN, december(8), december(9)),  # over the weekend
        ("2026-12-24 10:00", NEXT_DAY, CHRISTMAS, december(28), december(28)),  # after Christmas and Sunday
        ("2026-12-25 10:00", NEXT_DAY, CHRISTMAS, december(29), december(29)),
        ("2026-12-30 13:00", FAR, OPEN, date(2027, 1, 4), date(2027, 1, 5)),  # into another year
        ("2026-12-01 15:00", NEXT_DAY, ClosedDays(until=december(10)), december(11), december(11)),
        ("2026-12-10 15:00", NEXT_DAY, ClosedDays(until=december(10)), december(12), december(12)),
        ("2026-12-01 09:00", NEXT_DAY, ClosedDays(frozenset([december(10)]), december(10)), december(12), december(12)),
    ],
)
def test_a_paid_order_leaves_and_arrives_on_working_days(paid, calendar, closed, first, last):
    paid_at = datetime.fromisoformat(paid).replace(tzinfo=NAIROBI)

    assert delivery_dates(paid_at, calendar, closed) == DeliveryDates(first, last)


def test_the_day_and_the_cut_off_hour_are_those_of_nairobi():
    late_in_utc = datetime.fromisoformat("2026-12-01T21:30:00+00:00")  # 00:30 on 2 December in Nairobi

    assert delivery_dates(late_in_utc, SAME_DAY, OPEN).last == december(2)


def test_the_promise_in_words():
    assert DeliveryDates(december(1), december(1)).words() == "by Tue 1 Dec"
    assert DeliveryDates(december(2), december(4)).words() == "between Wed 2 and Fri 4 Dec"
    assert DeliveryDates(date(2026, 11, 30), december(2)).words() == "between Mon 30 Nov and Wed 2 Dec"
    assert DeliveryDates(december(2), december(4)).words(pickup=True) == "ready by Fri 4 Dec"


@pytest.mark.parametrize("text", ["", "8 12 1 1", "123 12 2 1", "123 12 1", "123 x 1 1"])
def test_a_text_that_is_no_calendar_is_refused(text):
    with pytest.raises(ValueError, match=r"\w"):
        DeliveryCalendar.read(text)


def test_a_calendar_is_read_as_it_was_written():
    assert DeliveryCalendar.read(str(FAR)) == FAR
