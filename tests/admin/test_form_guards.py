"""Fingerprints and idempotency keys: what one form of each kind does in detail. test_every_form.py tries all forms."""

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

AREA, NEW = "/admin/delivery-areas/1", "/admin/delivery-areas/new"
ANSWERS = {"kind": "brought", "name": "Thika", "fee": "350", "delivery_time": "1 to 2 days", "place": "", "hours": ""}


@pytest.fixture
def second(app, provider, owner):
    """Another owner in another browser."""
    other = AdminClient(app, provider)
    assert other.sign_in().status_code == 303
    return other


def area(app):
    with app.app_context():
        return db.session.get(DeliveryArea, 1)


def test_a_field_that_both_changed_keeps_what_was_typed_and_says_so(app, owner, second):
    mine, theirs = fields_of(owner.get(AREA).text), fields_of(second.get(AREA).text)
    second.post(AREA, {**theirs, "fee": "350"})

    mistake = owner.post(AREA, {**mine, "fee": "300", "name": ""})
    assert mistake.status_code == 422, "a mistake is said first, and the change is not forgotten"
    reply = owner.post(AREA, {**fields_of(mistake.text), "name": "Town"})

    assert reply.status_code == 409
    assert f"Fee was {mine['fee']} when you opened this page; it is 350 now. You typed 300" in problems(reply)
    assert owner.post(AREA, fields_of(reply.text)).status_code == 303
    assert (area(app).fee, area(app).name) == (300, "Town")


def test_a_form_without_its_fingerprint_is_shown_again_and_one_sent_twice_is_no_conflict(app, owner):
    form = {**fields_of(owner.get(AREA).text), "fee": "410"}
    del form["fingerprint"]

    reply = owner.post(AREA, form)

    assert reply.status_code == 409
    assert area(app).fee != 410
    assert [owner.post(AREA, fields_of(reply.text)).status_code for _ in range(2)] == [303, 303]
    assert area(app).fee == 410


@both_databases
def test_of_two_owners_who_save_at_the_same_moment_one_is_told(owner, second):
    works = []
    for user, change in ((owner, {"fee": "350"}), (second, {"delivery_time": "tomorrow"})):
        form = {**fields_of(user.get(AREA).text), **change}
        works.append(lambda user=user, form=form: user.browser.post(AREA, data=form).status_code)

    assert sorted(at_once(works)) == [303, 409]


def test_a_refused_form_creates_its_record_once_corrected_and_old_keys_are_deleted(app, owner, monkeypatch):
    reply = owner.post(NEW, {**fields_of(owner.get(NEW).text), **ANSWERS, "fee": "much"})
    assert reply.status_code == 422
    assert owner.post(NEW, {**fields_of(reply.text), "fee": "90"}).status_code == 303

    with app.app_context():
        assert db.session.scalar(select(func.count()).where(DeliveryArea.name == "Thika")) == 1
        assert sweep_keys() == 0
        later = utcnow() + idempotency.KEPT_FOR
        monkeypatch.setattr(idempotency, "utcnow", lambda: later)
        assert sweep_keys() == 1
        assert db.session.scalar(select(func.count()).select_from(IdempotencyKey)) == 0
