"""Delivery areas and pickup points in the admin."""

import pytest
from sqlalchemy import select, update

from shop.core.database import db
from shop.orders.models import Order
from shop.pricing.delivery_dates import DeliveryCalendar
from shop.pricing.models import DeliveryArea, delivery_areas
from tests import both_databases
from tests.admin_client import AdminClient
from tests.at_once import at_once
from tests.product_factory import problems
from tests.shopper import hidden_fields

LIST, NEW = "/admin/delivery-areas", "/admin/delivery-areas/new"
ANSWERS = {"kind": "brought", "name": "Thika", "fee": "350", "delivery_time": "1 to 2 days", "place": "", "hours": ""}
DATED = {"free_from": "5000", "working_days": "123456", "cutoff_hour": "14", "first_day": "1", "last_day": "3"}
POINT = {
    "kind": "pickup",
    "name": "Our door",
    "fee": "0",
    "place": "Shop 4, Biashara Street",
    "hours": "Mon to Sat, 9 to 5",
}
FEE = "Fee must be a whole number from KSh 0 to KSh 100,000"


def send(owner, address=NEW, **answers):
    return owner.post(address, {**hidden_fields(owner.get(address).text), **ANSWERS, **answers})


def act(owner, area_id, what):
    return owner.post(f"{LIST}/{area_id}/{what}", hidden_fields(owner.get(LIST).text))


def ids(app, **having):
    with app.app_context():
        return list(db.session.scalars(select(DeliveryArea.id).filter_by(**having).order_by(DeliveryArea.position)))


def test_a_new_area_is_last_can_be_ordered_to_and_changes_the_lowest_fee_at_once(app, owner, shopper):
    assert "Delivery from KSh 200" in shopper.get("/").text
    assert send(owner, fee="90").status_code == 303

    with app.app_context():
        last = delivery_areas()[-1]
        assert (last.name, last.fee, last.delivery_time, last.pickup) == ("Thika", 90, "1 to 2 days", False)
    assert "Delivery from KSh 90" in shopper.get("/").text
    page = shopper.get("/products/kiondo-classic").text
    assert '<strong>Thika</strong> 1 to 2 days, <span class="one-word">KSh 90</span>' in page
    shopper.add()
    assert "Thika" in shopper.get("/checkout").text
    assert shopper.checkout(area=last.code).status_code == 303


def test_an_order_keeps_the_pickup_place_and_fee_it_was_placed_with(app, owner, shopper):
    send(owner, **POINT)
    with app.app_context():
        code, area_id = db.session.execute(select(DeliveryArea.code, DeliveryArea.id).filter_by(name="Our door")).one()
    order = shopper.buy(area=code)
    send(owner, f"{LIST}/{area_id}", **{**POINT, "name": "Moved", "fee": "90", "place": "Elsewhere"})

    page = shopper.get(order.order_path).text
    assert "Shop 4, Biashara Street, Mon to Sat, 9 to 5" in page
    assert "Elsewhere" not in page
    with app.app_context():
        kept = db.session.scalar(select(Order))
        assert (kept.area_name, kept.delivery_fee) == ("Our door", 0)


def test_an_area_with_figures_promises_a_date_and_without_them_its_delivery_time(app, owner):
    send(owner, **DATED, delivery_time="")
    with app.app_context():
        saved = delivery_areas()[-1]
        assert (saved.free_from, saved.calendar) == (5000, DeliveryCalendar("123456", 14, 1, 3))
        address = f"{LIST}/{saved.id}"
    owner.get(address)
    shown = {box.get("name"): box.get("value") for box in owner.page.iter("input")}
    assert {name: shown[name] for name in ("cutoff_hour", "first_day", "last_day")} == {
        "cutoff_hour": "14",
        "first_day": "1",
        "last_day": "3",
    }

    send(owner, address, free_from="", cutoff_hour="", first_day="", last_day="")
    with app.app_context():
        saved = delivery_areas()[-1]
        assert (saved.free_from, saved.calendar, saved.delivery_time) == (None, None, "1 to 2 days")


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"name": " "}, "Enter a name"),
        ({"name": "x" * 81}, "Name must be 80 characters or fewer"),
        *(({"fee": fee}, FEE) for fee in ("", "-5", "100001")),
        ({"delivery_time": ""}, "Enter a delivery time, like 1 to 2 days, or the figures of the delivery date"),
        ({"free_from": "0"}, "Free from must be a whole number from KSh 1 to KSh 1,000,000"),
        (DATED | {"working_days": "8"}, "Choose the working days"),
        (DATED | {"cutoff_hour": "25"}, "Cut-off hour must be a whole number from 0 to 24"),
        (DATED | {"first_day": ""}, "Earliest day is missing: enter it, or empty all figures of the delivery date"),
        (DATED | {"first_day": "4"}, "Latest day must not be before the earliest day"),
        ({"kind": "drone"}, "Choose delivery or pickup"),
        ({"kind": "pickup"}, "Enter the address, like a street, building or landmark"),
    ],
)
def test_a_wrong_answer_is_explained_and_nothing_typed_is_lost(app, owner, answers, words):
    before = ids(app)

    refused = send(owner, **answers)

    assert refused.status_code == 422
    assert words in problems(refused)
    assert owner.page.find(".//input[@id='delivery_time']").get("value") == answers.get("delivery_time", "1 to 2 days")
    assert ids(app) == before


def test_the_last_active_area_cannot_be_switched_off(app, owner, shopper):
    for area_id in ids(app):
        assert act(owner, area_id, "off").status_code == 303

    assert len(ids(app, active=True)) == 1
    assert "At least one area or pickup point must be on: switch another one on first" in owner.get(LIST).text
    shopper.add()
    assert shopper.checkout(area="pickup").status_code == 303
    act(owner, ids(app)[0], "on")
    assert len(ids(app, active=True)) == 2
    assert act(owner, "99999", "off").status_code == act(owner, "1", "away").status_code == 404


@both_databases
def test_of_two_owners_who_switch_off_the_last_two_areas_at_once_one_is_refused(app, owner):
    last_two = ids(app)[:2]
    with app.app_context():
        db.session.execute(update(DeliveryArea).where(DeliveryArea.id.not_in(last_two)).values(active=False))
        db.session.commit()
    other = AdminClient(app)
    other.sign_in()
    works = []
    for user, area_id in zip((owner, other), last_two, strict=True):
        form = {**hidden_fields(user.get(LIST).text), "sure": "1"}
        works.append(lambda user=user, area_id=area_id, form=form: user.post(f"{LIST}/{area_id}/off", form).status_code)

    assert at_once(works) == [303, 303]
    assert len(ids(app, active=True)) == 1


def test_an_area_moves_up_one_place_and_the_first_stays(app, owner):
    first, second, third = ids(app)[:3]

    for moved in (third, first):
        act(owner, moved, "up")
        assert ids(app)[:3] == [first, third, second]
