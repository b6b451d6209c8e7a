"""Searches are recorded in the audit log: who and when, once in 15 minutes, and never what was searched for."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from shop.accounts import audit_log
from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db
from tests import both_databases, order_factory
from tests.admin_client import DONE, EMAIL, STAFF
from tests.query_counter import counted

NAME, PHONE = "Zuhura", "0733 123 456"


@pytest.fixture
def later(monkeypatch):
    """Set the clock to so many minutes after the full hour."""
    began = utcnow().replace(minute=0, second=0)

    def go(minutes):
        monkeypatch.setattr(audit_log, "utcnow", lambda: began + timedelta(minutes=minutes))

    go(0)
    return go


@pytest.fixture
def orders(app):
    return order_factory.keep(
        app,
        *(order_factory.order(full_name=NAME, phone_number="254733123456", email="z@example.com") for _ in range(30)),
    )


def log(app):
    with app.app_context():
        return [tuple(row) for row in db.session.execute(select(AuditLogEntry.who, AuditLogEntry.words).where(DONE))]


@both_databases
def test_a_search_is_recorded_once_in_fifteen_minutes_per_user(app, owner, staff, orders, later):
    for minutes in (0, 7, 14):
        later(minutes)
        staff.get("/admin/", query_string={"q": NAME})
        staff.get("/admin/", query_string={"q": PHONE})
    later(14)
    owner.get("/admin/", query_string={"q": "nobody at all"})
    later(15)
    staff.get("/admin/", query_string={"q": PHONE})

    assert log(app) == [
        (STAFF, "Searched the orders: 30 found"),
        (EMAIL, "Searched the orders: 0 found"),
        (STAFF, "Searched the orders: 30 found"),
    ]


def test_paging_and_searching_are_recorded_and_opening_a_list_is_not(app, staff, orders, later):
    for address in ("/admin/", "/admin/emails", "/admin/?tab=all"):
        staff.get(address)
    assert log(app) == []

    staff.get(staff.page.find(".//a[@rel='next']").get("href"))
    staff.get("/admin/emails", query_string={"q": "z@example.com"})

    assert log(app) == [(STAFF, "Paged through the orders"), (STAFF, "Searched the emails: 0 found")]


def test_an_uncounted_search_is_recorded_without_a_number(app, owner, later, orders, monkeypatch):
    monkeypatch.setattr("shop.orders.search.MAX_COUNT", 10)

    owner.get("/admin/", query_string={"q": NAME})

    assert log(app) == [(EMAIL, "Searched the orders")]


def test_each_privacy_lookup_is_recorded(app, owner, orders, later):
    for who in (PHONE, "z@example.com", "neither", "0700 000 000"):
        owner.get("/admin/privacy", query_string={"who": who})
    owner.get("/admin/privacy")

    assert [words for _, words in log(app)] == [
        "Viewed the personal data of the buyer of 30 orders",
        "Viewed the personal data of the buyer of 30 orders",
        "Viewed the personal data of the buyer of 0 orders",
    ]


def test_the_search_text_is_not_recorded(app, owner, orders, later, caplog):
    owner.get("/admin/", query_string={"q": f"{NAME} {PHONE}"})
    owner.get("/admin/emails", query_string={"q": "z@example.com"})
    owner.get("/admin/privacy", query_string={"who": PHONE})

    kept = str(log(app)) + caplog.text + owner.browser.get_cookie("session").value
    assert len(log(app)) == 3
    assert not [word for word in (NAME, "123 456", "123456", "z@example") if word in kept]


def test_only_the_first_of_the_searches_writes(app, owner, orders, later):
    for writes in (["INSERT"], []):
        with counted(app) as queries:
            owner.get("/admin/", query_string={"q": NAME})

        assert [query.split()[0] for query in queries if query.startswith(("INSERT", "UPDATE"))] == writes


def test_without_an_audit_log_entry_no_buyers_are_shown(owner, orders, later, monkeypatch):
    def refuse(work):
        raise OperationalError("INSERT", {}, Exception("away"))

    monkeypatch.setattr(audit_log, "write", refuse)
    reply = owner.get("/admin/", query_string={"q": NAME})

    assert reply.status_code == 503
    assert orders[0] not in reply.text
