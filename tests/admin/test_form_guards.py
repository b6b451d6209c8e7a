"""Fingerprints and idempotency keys: tested on one form of each kind."""

import pytest
from sqlalchemy import func, select

from shop.core.clock import utcnow
from shop.core.database import db
from shop.pricing.models import DeliveryArea
from shop.web import idempotency
from shop.web.idempotency import IdempotencyKey, sweep_keys
from tests import both_databases
from tests.admin_client import AdminClient
from tests.at_once import at_once
from tests.product_factory import fields_of, problems

AREA, NEW = "/admin/selling/areas/1", "/admin/selling/areas/new"
ANSWERS = {"kind": "brought", "name": "Thika", "fee": "350", "delivery_time": "1 to 2 days", "place": "", "hours": ""}


@pytest.fixture
def second(app, provider, owner):
    """Another owner in another browser."""
    other = AdminClient(app, provider)
    assert other.sign_in().status_code == 303
    return other


def area(app, **having):
    with app.app_context():
        return db.session.scalars(select(DeliveryArea).filter_by(**(having or {"id": 1}))).one()


def areas_called(app, name):
    with app.app_context():
        return db.session.scalar(select(func.count()).where(DeliveryArea.name == name))


@both_databases
def test_a_change_by_another_owner_is_not_undone_by_an_older_page(app, owner, second):
    mine, theirs = fields_of(owner.get(AREA).text), fields_of(second.get(AREA).text)
    second.post(AREA, {**theirs, "fee": "350"})

    reply = owner.post(AREA, {**mine, "delivery_time": "tomorrow"})

    assert reply.status_code == 409
    assert f"Fee was {mine['fee']} when you opened this page; it is 350 now" in problems(reply)
    assert area(app).delivery_time == mine["delivery_time"]
    again = fields_of(reply.text)
    assert (again["fee"], again["delivery_time"]) == ("350", "tomorrow")
    assert owner.post(AREA, again).status_code == 303
    assert (area(app).fee, area(app).delivery_time) == (350, "tomorrow")


def test_a_field_that_both_changed_keeps_what_was_typed_and_says_so(app, owner, second):
    mine, theirs = fields_of(owner.get(AREA).text), fields_of(second.get(AREA).text)
    second.post(AREA, {**theirs, "fee": "350"})

    reply = owner.post(AREA, {**mine, "fee": "300"})

    assert f"Fee was {mine['fee']} when you opened this page; it is 350 now. You typed 300" in problems(reply)
    assert owner.post(AREA, fields_of(reply.text)).status_code == 303
    assert area(app).fee == 300


def test_a_form_that_is_sent_twice_is_no_conflict_with_itself(app, owner):
    form = {**fields_of(owner.get(AREA).text), "fee": "410"}

    assert [owner.post(AREA, form).status_code for _ in range(2)] == [303, 303]


def test_a_form_without_its_fingerprint_is_shown_again_and_saves_nothing(app, owner):
    form = {**fields_of(owner.get(AREA).text), "fee": "410"}
    del form["fingerprint"]

    reply = owner.post(AREA, form)

    assert reply.status_code == 409
    assert area(app).fee != 410
    assert owner.post(AREA, fields_of(reply.text)).status_code == 303
    assert area(app).fee == 410


def test_a_mistake_beside_a_change_is_said_first_and_the_change_is_not_forgotten(app, owner, second):
    mine, theirs = fields_of(owner.get(AREA).text), fields_of(second.get(AREA).text)
    second.post(AREA, {**theirs, "fee": "350"})

    reply = owner.post(AREA, {**mine, "delivery_time": ""})
    assert reply.status_code == 422
    assert owner.post(AREA, {**fields_of(reply.text), "delivery_time": "tomorrow"}).status_code == 409


@both_databases
def test_of_two_who_save_at_the_same_moment_one_is_told(app, owner, second):
    forms = [fields_of(who.get(AREA).text) for who in (owner, second)]
    presses = [
        lambda who=who, form=form, change=change: who.browser.post(AREA, data={**form, **change})
        for who, form, change in zip(
            (owner, second), forms, ({"fee": "350"}, {"delivery_time": "tomorrow"}), strict=True
        )
    ]

    assert sorted(reply.status_code for reply in at_once(presses)) == [303, 409]


def test_the_order_of_a_list_that_moved_is_said_with_a_button(app, owner, second):
    mine, theirs = fields_of(owner.get("/admin/selling/areas").text), fields_of(second.get("/admin/selling/areas").text)
    second.post("/admin/selling/areas/3/up", theirs)

    reply = owner.post("/admin/selling/areas/3/up", mine)

    assert reply.status_code == 409
    assert "The order of the areas was" in reply.text
    assert owner.post("/admin/selling/areas/3/up", fields_of(reply.text)).status_code == 303
    with app.app_context():
        assert db.session.scalars(select(DeliveryArea.id).order_by(DeliveryArea.position)).first() == 3


@both_databases
def test_a_form_that_makes_something_makes_it_once(app, owner):
    form = {**fields_of(owner.get(NEW).text), **ANSWERS}

    replies = [owner.post(NEW, form) for _ in range(2)]
    replies += at_once([lambda: owner.browser.post(NEW, data={**form, "name": "Ruiru"})] * 2)

    assert [(reply.status_code, reply.headers["Location"]) for reply in replies] == [(303, "/admin/selling/areas")] * 4
    assert areas_called(app, "Thika") == areas_called(app, "Ruiru") == 1


def test_a_form_that_was_refused_makes_its_thing_when_it_is_right(app, owner):
    reply = owner.post(NEW, {**fields_of(owner.get(NEW).text), **ANSWERS, "fee": "much"})
    assert reply.status_code == 422

    assert owner.post(NEW, {**fields_of(reply.text), "fee": "90"}).status_code == 303
    assert areas_called(app, "Thika") == 1


def test_old_keys_are_swept_away(app, owner, monkeypatch):
    owner.post(NEW, {**fields_of(owner.get(NEW).text), **ANSWERS})
    with app.app_context():
        assert sweep_keys() == 0
        later = utcnow() + idempotency.KEPT_FOR
        monkeypatch.setattr(idempotency, "utcnow", lambda: later)

        assert sweep_keys() == 1
        assert db.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
