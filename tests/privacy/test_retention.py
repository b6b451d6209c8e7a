"""Buyers are forgotten by themselves when their time is over, each once, and the public page says when that is."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order, OrderEvent
from shop.privacy import anonymise as forgetting
from shop.privacy.anonymise import anonymise_old_orders
from tests import both_databases, order_factory
from tests.faults.at_once import at_once
from tests.privacy.test_anonymise import DONE, WAITING
from tests.shopper import hidden_fields

LONG_AGO = timedelta(days=800)


def keep_old(app, age=LONG_AGO, **fields):
    """An order that nothing has happened to for so long; its id."""
    order = order_factory.order(placed_at=utcnow() - age, **fields)
    for event in order.events:
        event.at = utcnow() - age
    order_factory.keep(app, order)
    with app.app_context():
        return db.session.scalar(select(Order.id).order_by(Order.id.desc()).limit(1))


def old_forgotten(app, months=24):
    with app.app_context():
        return anonymise_old_orders(months, utcnow())


@both_databases
@pytest.mark.parametrize("fields", [*DONE, {"payment": "paid", "fulfilment": "sent"}])
def test_after_the_retention_period_buyers_are_forgotten_by_themselves(app, fields):
    keep_old(app, **fields)
    young = keep_old(app, age=timedelta(days=700), **fields)

    assert (old_forgotten(app), old_forgotten(app)) == (1, 0)
    with app.app_context():
        assert db.session.get(Order, young).anonymised_at is None


@both_databases
@pytest.mark.parametrize("fields", [fields for fields, _ in WAITING[:4]] + [{"payment": "expired", "refund_due": True}])
def test_orders_that_wait_for_anything_are_never_forgotten_by_themselves(app, fields):
    keep_old(app, **fields)

    assert old_forgotten(app) == 0


@both_databases
def test_what_happened_lately_keeps_an_old_order(app):
    order_id = keep_old(app, payment="refunded")
    with app.app_context():
        write(lambda: db.session.get(Order, order_id).record("The buyer called"))

    assert old_forgotten(app) == 0


@both_databases
def test_sweeps_at_once_forget_each_order_once(app, monkeypatch):
    for _ in range(7):
        keep_old(app, payment="expired")
    monkeypatch.setattr(forgetting, "BATCH", 3)

    assert sum(at_once([lambda: old_forgotten(app)] * 3)) == 7
    with app.app_context():
        words = list(db.session.scalars(select(OrderEvent.words)))
        assert words.count("Everything about the buyer was removed") == 7


@both_databases
def test_a_kill_in_the_middle_leaves_each_order_whole_or_forgotten(app, monkeypatch):
    class Killed(BaseException):
        pass

    for _ in range(3):
        keep_old(app, payment="expired")
    real, seen = forgetting._tidy_timeline, []

    def die(order, person):
        seen.append(order.id)
        if len(seen) == 2:
            raise Killed
        real(order, person)

    monkeypatch.setattr(forgetting, "_tidy_timeline", die)
    with pytest.raises(Killed):
        old_forgotten(app)
    with app.app_context():
        assert [bool(order.anonymised_at) for order in db.session.scalars(select(Order).order_by(Order.id))] == [
            *(True, False, False)
        ]
    assert old_forgotten(app) == 2


def test_no_retention_period_keeps_buyers_and_the_command_says_so(app, settings):
    from shop import create_app

    keep_old(app, payment="expired")
    assert old_forgotten(app, months=0) == 0
    never = create_app({**settings, "RETENTION_MONTHS": "0"}).test_cli_runner().invoke(args=["orders", "anonymise"])
    assert (never.exit_code, "RETENTION_MONTHS is 0" in never.output) == (1, True)
    assert app.test_cli_runner().invoke(args=["orders", "anonymise"]).output == "1 buyers anonymised.\n"


def test_the_privacy_page_says_what_who_and_how_long_and_any_cache_may_keep_it(app, shopper):
    reply = shopper.get("/privacy")

    for words in ("Chpter", "The rider", "24 months after", "Data Protection Act", "merchant@example.com", "Mkono"):
        assert words in reply.text
    assert reply.headers["Cache-Control"] == "public, max-age=0, s-maxage=60, must-revalidate"
    assert "Set-Cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("Vary", "")
    assert shopper.get("/privacy", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304


def test_the_privacy_page_is_linked_from_every_foot_and_beside_pay(app, shopper):
    assert 'href="/privacy"' in shopper.get("/").text
    shopper.add()
    checkout = shopper.get("/checkout").text
    assert re.search(r'name="pay".*?href="/privacy"', checkout, re.DOTALL)


def test_a_shop_that_keeps_buyers_for_ever_says_that(settings):
    from shop import create_app

    page = create_app({**settings, "RETENTION_MONTHS": "0"}).test_client().get("/privacy").text

    assert "As long as we keep books" in page


@both_databases
def test_two_who_forget_at_once_forget_once(app, clerk):
    order_factory.keep(app, order_factory.order(payment="refunded"))
    form = {**hidden_fields(clerk.get("/admin/").text), "who": "0722000111", "typed": "0722000111"}

    replies = at_once([lambda: clerk.browser.post("/admin/privacy/anonymise", data=form)] * 3)

    assert sorted(reply.status_code for reply in replies)[0] == 303
    assert all(reply.status_code < 500 for reply in replies)
    with app.app_context():
        words = list(db.session.scalars(select(OrderEvent.words)))
        assert words.count("Everything about the buyer was removed") == 1
