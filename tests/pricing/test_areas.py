"""Delivery areas: which are offered, and what the buyer sees."""

from datetime import timedelta

import pytest

from shop.core.clock import NAIROBI, utcnow
from shop.core.database import db, write
from shop.pricing.delivery_dates import DeliveryCalendar, DeliveryDates
from shop.pricing.models import DeliveryArea, delivery_areas
from shop.store.delivery_promise import area_note
from shop.store.settings import clear_store_cache, current_store, store_settings_row


def area(**values) -> DeliveryArea:
    empty = {"delivery_time": "", "pickup": False, "place": "", "hours": ""}
    return DeliveryArea(**{"code": "x", "name": "X", "fee": 0, "position": 1, **empty, **values})


@pytest.mark.parametrize(
    ("values", "place"),
    [
        ({"place": "Kimathi St", "hours": "9-17"}, ""),  # no pickup point, so the place is not shown
        ({"pickup": True, "place": "Kimathi St", "hours": "9-17"}, "Kimathi St, 9-17"),
        ({"pickup": True, "hours": "9-17"}, "9-17"),
        ({"pickup": True}, ""),
    ],
)
def test_a_pickup_point_shows_its_place_and_hours(values, place):
    assert area(**values).pickup_place == place


def test_an_area_without_a_calendar_promises_its_delivery_time(app):
    with app.app_context():
        assert area_note(area(delivery_time="1-2 days")) == "1-2 days"
        assert area_note(area(delivery_time="today", pickup=True, place="Kimathi St")) == "today. Kimathi St"


def test_an_area_with_a_calendar_promises_a_date_without_the_closed_days_of_the_settings(app):
    def promised() -> str:
        return area_note(area(calendar=DeliveryCalendar("1234567", 24, 0, 1), delivery_time="in 1 day"))

    with app.app_context():
        today = utcnow().astimezone(NAIROBI).date()
        open_days = [today + timedelta(days=number) for number in range(4)]
        assert promised() == DeliveryDates(open_days[0], open_days[1]).words()

        write(lambda: setattr(store_settings_row(), "closed_days", f"{open_days[1]} {open_days[2]}"))
        clear_store_cache()
        assert promised() == DeliveryDates(open_days[0], open_days[3]).words()


def test_active_areas_are_offered_in_the_merchants_order_and_the_lowest_fee_is_known(app):
    with app.app_context():
        lowest = min(one.fee for one in delivery_areas() if not one.pickup)
        assert current_store().delivery_from == lowest == 200
        db.session.add_all([area(code="a", name="A", position=-1), area(code="z", name="Z", position=999)])
        db.session.add(area(code="c", name="C", position=0, active=False))
        db.session.commit()

        codes = [one.code for one in delivery_areas()]

        assert (codes[0], codes[-1]) == ("a", "z")
        assert "c" not in codes
