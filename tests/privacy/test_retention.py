"""Anonymising after the retention period, and the public privacy page."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import create_app
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order, OrderEvent
from shop.privacy import anonymise
from shop.privacy.anonymise import anonymise_old_orders
from tests import both_databases, order_factory
from tests.at_once import at_once
from tests.privacy.test_anonymise import FINISHED, LONG_AGO, OTHER, UNFINISHED
from tests.shopper import hidden_fields


def keep_old(app, age=LONG_AGO, **fields):
    """Write an order unchanged for this long."""
    order = order_factory.order(placed_at=utcnow() - age, **fields)
    order.events[0].at = utcnow() - age
    order_factory.keep(app, order)


def anonymise_old(app, months=24):
    with app.app_context():
        return anonymise_old_orders(months, utcnow())


def anonymised(app):
    """Whether each order is anonymised."""
    with app.app_context():
        return [order.anonymised_at is not None for order in db.session.scalars(select(Order).order_by(Order.id))]


def removals(app):
    with app.app_context():
        words = list(db.session.scalars(select(OrderEvent.words)))
    return words.count("Everything about the buyer was removed")


@both_databases
def test_finished_orders_are_anonymised_after_the_retention_period(app):
    old = [*FINISHED, {"payment": "paid", "fulfilment": "sent"}]
    unfinished = [fields for fields, _ in UNFINISHED[:4]] + [{"payment": "expired", "refund_due": True}]
    for fields in (*old, *unfinished):
        keep_old(app, **fields)
    keep_old(app, age=timedelta(days=700), payment="refunded")
    keep_old(app, payment="refunded", full_name="Recently called")
    with app.app_context():
        called = db.session.query(Order).filter_by(full_name="Recently called").one()
        write(lambda: called.record("The buyer called"))

    assert (anonymise_old(app), anonymise_old(app)) == (len(old), 0)
    assert anonymised(app) == [True] * len(old) + [False] * (len(unfinished) + 2)


@both_databases
def test_concurrent_sweeps_anonymise_each_order_once(app, monkeypatch):
    for _ in range(7):
        keep_old(app, payment="expired")
    monkeypatch.setattr(anonymise, "BATCH", 3)

    assert sum(at_once([lambda: anonymise_old(app)] * 3)) == 7
    assert removals(app) == 7


@both_databases
def test_concurrent_requests_anonymise_once(app, owner):
    order_factory.keep(app, order_factory.order(payment="refunded"))
    form = {**hidden_fields(owner.get("/admin/").text), "who": OTHER, "typed": OTHER}

    replies = at_once([lambda: owner.browser.post("/admin/privacy/anonymise", data=form)] * 3)

    assert min(reply.status_code for reply in replies) == 303
    assert all(reply.status_code < 500 for reply in replies)
    assert removals(app) == 1


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
    assert anonymised(app) == [True, False, False]
    assert anonymise_old(app) == 2


def test_without_a_retention_period_no_order_is_anonymised(app, settings):
    keep_old(app, payment="expired")
    assert anonymise_old(app, months=0) == 0
    never = create_app({**settings, "RETENTION_MONTHS": "0"})
    result = never.test_cli_runner().invoke(args=["orders", "anonymise"])

    assert (result.exit_code, "RETENTION_MONTHS is 0" in result.output) == (1, True)
    assert "As long as we keep accounts" in never.test_client().get("/privacy").text
    assert app.test_cli_runner().invoke(args=["orders", "anonymise"]).output == "1 buyers anonymised.\n"


def test_the_privacy_page_names_data_recipients_and_retention_and_is_linked_and_cached(shopper):
    reply = shopper.get("/privacy")

    for words in ("Chpter", "The rider", "24 months after", "Data Protection Act", "merchant@example.com", "Mkono"):
        assert words in reply.text
    assert reply.headers["Cache-Control"] == "public, max-age=0, s-maxage=60, must-revalidate"
    assert "Set-Cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("Vary", "")
    assert shopper.get("/privacy", headers={"If-None-Match": reply.headers["ETag"]}).status_code == 304
    assert 'href="/privacy"' in shopper.get("/").text
    shopper.add()
    assert re.search(r'name="pay".*?href="/privacy"', shopper.get("/checkout").text, re.DOTALL)
