"""Delivery areas: which are offered, and what the buyer sees."""

import pytest

from shop.core.database import db
from shop.pricing.models import DeliveryArea, delivery_areas
from shop.store.settings import current_store


def area(**values) -> DeliveryArea:
    empty = {"delivery_time": "", "pickup": False, "place": "", "hours": ""}
    return DeliveryArea(**{"code": "x", "name": "X", "fee": 0, "position": 1, **empty, **values})


@pytest.mark.parametrize(
    ("values", "place", "note"),
    [
        ({"delivery_time": "1-2 days"}, "", "1-2 days"),
        (
            {"delivery_time": "today", "place": "Kimathi St", "hours": "9-17"},
            "",
            "today",
        ),  # no pickup point, so the place is not shown
        ({"pickup": True, "place": "Kimathi St", "hours": "9-17"}, "Kimathi St, 9-17", "Kimathi St, 9-17"),
        ({"pickup": True, "place": "Kimathi St", "delivery_time": "today"}, "Kimathi St", "today. Kimathi St"),
        ({"pickup": True, "hours": "9-17"}, "9-17", "9-17"),
        ({"pickup": True}, "", ""),
    ],
)
def test_an_area_shows_its_delivery_time_or_pickup_place_and_hours(values, place, note):
    assert (area(**values).pickup_place, area(**values).note) == (place, note)


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
