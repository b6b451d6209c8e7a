"""Anonymising after the retention period, and the public privacy page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order, OrderEvent
from shop.privacy import anonymise
from shop.privacy.anonymise import anonymise_old_orders
from tests import both_databases, order_factory
from tests.faults.at_once import at_once
from tests.privacy.test_anonymise import DONE, WAITING
from tests.shopper import hidden_fields

LONG_AGO = timedelta(days=800)


def keep_old(app, age=LONG_AGO, **fields):
    """Store an order unchanged for this long; returns its id."""
    order = order_factory.order(placed_at=utcnow() - age, **fields)
    for event in order.events:
        event.at = utcnow() - age
    order_factory.keep(app, order)
    with app.app_context():
        return db.session.scalar(select(Order.id).order_by(Order.id.desc()).limit(1))


def anonymise_old(app, months=24):
    with app.app_context():
        return anonymise_old_orders(months, utcnow())


@both_databases
@pytest.mark.parametrize("fields", [*DONE, {"payment": "paid", "fulfilment": "sent"}])
def test_orders_are_anonymised_after_the_retention_period(app, fields):
    keep_old(app, **fields)
    young = keep_old(app, age=timedelta(days=700), **fields)

    assert (anonymise_old(app), anonymise_old(app)) == (1, 0)
    with app.app_context():
        assert db.session.get(Order, young).anonymised_at is None


@both_databases
@pytest.mark.parametrize("fields", [fields for fields, _ in WAITING[:4]] + [{"payment": "expired", "refund_due": True}])
def test_orders_that_need_work_are_not_anonymised_after_the_retention_period(app, fields):
    keep_old(app, **fields)

    assert anonymise_old(app) == 0


@both_databases
def test_recent_events_prevent_anonymising_an_old_order(app):
    order_id = keep_old(app, payment="refunded")
    with app.app_context():
        write(lambda: db.session.get(Order, order_id).record("The buyer called"))

    assert anonymise_old(app) == 0


@both_databases
def test_concurrent_sweeps_anonymise_each_order_once(app, monkeypatch):
    for _ in range(7):
        keep_old(app, payment="expired")
    monkeypatch.setattr(anonymise, "BATCH", 3)

    assert sum(at_once([lambda: anonymise_old(app)] * 3)) == 7
    with app.app_context():
        words = list(db.session.scalars(select(OrderEvent.words)))
        assert words.count("Everything about the buyer was removed") == 7


@both_databases
def test_after_a_kill_each_order_is_unchanged_or_anonymised(app, monkeypatch):
    class Killed(BaseException):
        pass

    for _ in range(3):
        keep_old(app, payment="expired")
    real, seen = anonymise.remove_search_terms, []

    def die(order):
        seen.append(order.id)
        if len(seen) == 2:
            raise Killed
        real(order)

    monkeypatch.setattr(anonymise, "remove_search_terms", die)
    with pytest.raises(Killed):
        anonymise_old(app)
    with app.app_context():
        assert [bool(order.anonymised_at) for order in db.session.scalars(select(Order).order_by(Order.id))] == [
            *(True, False, False)
        ]
    assert anonymise_old(app) == 2


def test_without_a_retention_period_no_order_is_anonymised(app, settings):
    from shop import create_app

    keep_old(app, payment="expired")
    assert anonymise_old(app, months=0) == 0
    never = create_app({**settings, "RETENTION_MONTHS": "0"}).test_cli_runner().invoke(args=["orders", "anonymise"])
    assert (never.exit_code, "RETENTION_MONTHS is 0" in never.output) == (1, True)
    assert app.test_cli_runner().invoke(args=["orders", "anonymise"]).output == "1 buyers anonymised.\n"


def test_the_privacy_page_names_data_recipients_and_retention_and_can_be_cached(app, shopper):
    reply = shopper.get("/privacy")

    for words in ("Chpter", "The rider", "24 months after", "Data Protection Act", "merchant@example.com", "Mkono"):
        assert words in reply.text
    assert reply.headers["Cache-Control"] == "public, max-age=0, s-maxage=60, must-revalidate"
    assert "Set-Cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("Vary", "")
    assert shopper.get("/privacy", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304


def test_the_privacy_page_is_linked_from_the_footer_and_the_checkout(app, shopper):
    assert 'href="/privacy"' in shopper.get("/").text
    shopper.add()
    checkout = shopper.get("/checkout").text
    assert re.search(r'name="pay".*?href="/privacy"', checkout, re.DOTALL)


def test_the_privacy_page_of_a_shop_without_retention_period_says_so(settings):
    from shop import create_app

    page = create_app({**settings, "RETENTION_MONTHS": "0"}).test_client().get("/privacy").text

    assert "As long as we keep accounts" in page


@both_databases
def test_two_concurrent_requests_anonymise_once(app, owner):
    order_factory.keep(app, order_factory.order(payment="refunded"))
    form = {**hidden_fields(owner.get("/admin/").text), "who": "0722000111", "typed": "0722000111"}

    replies = at_once([lambda: owner.browser.post("/admin/privacy/anonymise", data=form)] * 3)

    assert sorted(reply.status_code for reply in replies)[0] == 303
    assert all(reply.status_code < 500 for reply in replies)
    with app.app_context():
        words = list(db.session.scalars(select(OrderEvent.words)))
        assert words.count("Everything about the buyer was removed") == 1
