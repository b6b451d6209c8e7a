"""Delivery areas and pickup points in the admin."""

import pytest
from sqlalchemy import select

from shop.core.database import db
from shop.orders.models import Order
from shop.pricing.models import DeliveryArea, delivery_areas
from tests import both_databases
from tests.admin_client import AdminClient
from tests.at_once import at_once
from tests.page_checks import CANARY
from tests.shopper import hidden_fields

LIST, NEW = "/admin/selling/areas", "/admin/selling/areas/new"
ANSWERS = {"kind": "brought", "name": "Thika", "fee": "350", "delivery_time": "1 to 2 days", "place": "", "hours": ""}
POINT = {
    "kind": "pickup",
    "name": "Our door",
    "fee": "0",
    "place": "Shop 4, Biashara Street",
    "hours": "Mon to Sat, 9 to 5",
}


def send(owner, address=NEW, **answers):
    return owner.post(address, {**hidden_fields(owner.get(address).text), **ANSWERS, **answers})


def act(owner, area_id, what):
    return owner.post(f"{LIST}/{area_id}/{what}", hidden_fields(owner.get(LIST).text))


def ids(app, **having):
    with app.app_context():
        return list(db.session.scalars(select(DeliveryArea.id).filter_by(**having).order_by(DeliveryArea.position)))


def text_of(owner):
    return " ".join("".join(owner.page.itertext()).split())


@both_databases
def test_a_new_area_stands_last_and_can_be_ordered_to_at_once(app, owner, shopper):
    assert send(owner).status_code == 303

    with app.app_context():
        last = delivery_areas()[-1]
        assert (last.name, last.fee, last.delivery_time, last.pickup) == ("Thika", 350, "1 to 2 days", False)
    shopper.add()
    assert "Thika" in shopper.get("/checkout").text
    assert shopper.checkout(area=last.code).status_code == 303


@both_databases
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


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"name": " "}, "Enter a name"),
        ({"name": "x" * 81}, "Name must be 80 characters or fewer"),
        ({"fee": ""}, "Fee must be a whole number from KSh 0 to KSh 100,000"),
        ({"fee": "-5"}, "Fee must be a whole number from KSh 0 to KSh 100,000"),
        ({"fee": "100001"}, "Fee must be a whole number from KSh 0 to KSh 100,000"),
        ({"delivery_time": ""}, "Enter a delivery time, like 1 to 2 days"),
        ({"kind": "drone"}, "Choose delivery or pickup"),
        ({"kind": "pickup"}, "Enter the address, like a street, building or landmark"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(app, owner, answers, words):
    before = ids(app)

    assert send(owner, **answers).status_code == 422
    assert words in text_of(owner)
    assert owner.page.find(".//input[@id='delivery_time']").get("value") == answers.get("delivery_time", "1 to 2 days")
    assert ids(app) == before


@both_databases
@pytest.mark.parametrize("name", list(ANSWERS))
def test_hostile_answers_never_break_the_page(owner, name):
    for nasty in ("\x00", "x" * 5000, "😀" * 30, CANARY, "9" * 400, "٣", "\u202e", "a\r\nBcc: b@example.com"):
        assert send(owner, **{name: nasty}).status_code in (303, 422), nasty
    owner.get(LIST)
    assert act(owner, "99999", "off").status_code == 404
    assert act(owner, "1", "away").status_code == 404
    assert owner.get(f"{LIST}/%00").status_code == 404


def test_the_last_way_to_get_the_goods_cannot_be_switched_off(app, owner, shopper):
    for area_id in ids(app):
        assert act(owner, area_id, "off").status_code == 303

    assert len(ids(app, active=True)) == 1
    owner.get(LIST)
    assert "At least one area or pickup point must be on: switch another one on first" in text_of(owner)
    shopper.add()
    assert shopper.checkout(area="pickup").status_code == 303
    act(owner, ids(app)[0], "on")
    assert len(ids(app, active=True)) == 2


def last_two(app):
    every = ids(app)
    with app.app_context():
        db.session.execute(
            DeliveryArea.__table__.update().where(DeliveryArea.id.not_in(every[:2])).values(active=False)
        )
        db.session.commit()
    return every[:2]


def switch_both_off(app, owner, pair):
    other = AdminClient(app)
    other.sign_in()
    hands = [(owner, pair[0]), (other, pair[1])]
    forms = [hidden_fields(hand.get(LIST).text) for hand, _ in hands]
    presses = [
        lambda h=hand, a=area_id, f=form: h.browser.post(f"{LIST}/{a}/off", data={**f, "sure": "1"})
        for (hand, area_id), form in zip(hands, forms, strict=True)
    ]
    assert [reply.status_code for reply in at_once(presses)] == [303, 303]


@both_databases
def test_of_two_who_switch_off_the_last_two_at_once_one_is_refused(app, owner):
    switch_both_off(app, owner, last_two(app))

    assert len(ids(app, active=True)) == 1


@both_databases
def test_an_area_moves_up_one_place_and_the_first_stays(app, owner):
    first, second, third = ids(app)[:3]

    act(owner, third, "up")
    assert ids(app)[:3] == [first, third, second]
    act(owner, first, "up")
    assert ids(app)[:3] == [first, third, second]


def test_the_lowest_fee_on_product_pages_follows_at_once(app, owner, shopper):
    assert "Delivery from KSh 200" in shopper.get("/products/kiondo-classic").text
    send(owner, fee="90")

    assert "Delivery from KSh 90" in shopper.get("/products/kiondo-classic").text


def test_staff_may_not_change_areas(app, staff):
    token = hidden_fields(staff.get("/admin/").text)

    assert staff.get(LIST).status_code == staff.get(NEW).status_code == 403
    assert staff.post(f"{LIST}/{ids(app)[0]}/off", token).status_code == 403
    assert staff.post(NEW, {**token, **ANSWERS}).status_code == 403
