"""The outbox pages: waiting, sent and failed emails; sending again, never twice by accident."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape
from itertools import count

import pytest
from sqlalchemy import func, select

from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import IN_HAND, MAX_TRIES, send_due
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from tests import both_databases, order_factory
from tests.at_once import at_once
from tests.emails.smtp_server import settings_for
from tests.page_checks import CANARY
from tests.shopper import hidden_fields


@pytest.fixture
def settings(settings, office):
    return {**settings, **settings_for(office.port)}


@pytest.fixture
def put(app):
    """A function that puts an email about an order of its own into the outbox, and returns its id."""
    numbers = count()

    def put(about_order=True, **fields):
        number, now = next(numbers), utcnow()
        if about_order:
            order_factory.keep(app, order_factory.order())
        with app.app_context():
            values = {
                "kind": "paid",
                "order_id": db.session.scalar(select(func.max(Order.id))) if about_order else None,
                "idempotency_key": f"key-{number}",
                "recipient": "achieng@example.com",
                "subject": f"Letter {number}",
                "body": "Hello Achieng,\n\nhere it is.\n",
                "message_id": f"<{number}@localhost>",
                "written_at": now,
                "next_try_at": now,
            }
            email = OutboxEmail(**values | fields)
            write(lambda: db.session.add(email))
            return email.id

    return put


def stored(app, email_id):
    with app.app_context():
        return db.session.get(OutboxEmail, email_id)


def emails_in(app):
    with app.app_context():
        return db.session.scalar(select(func.count(OutboxEmail.id)))


def send_emails(app, after=timedelta()):
    with app.app_context():
        return send_due(app.config["SETTINGS"], utcnow() + after)


def press(owner, email_id, action, **fields):
    form = hidden_fields(owner.get(f"/admin/emails/{email_id}").text)
    return owner.post(f"/admin/emails/{email_id}/{action}", {**form, **fields})


def subjects(page):
    return re.findall(r"Letter \d+", "".join(re.findall(r'table__name"><a[^>]*>([^<]+)', page)))


def test_each_email_is_on_one_tab_and_failures_are_on_the_report_too(owner, put):
    put(tries=3, last_error="ConnectionRefusedError")
    put(sent_at=utcnow(), tries=1)
    put(tries=1, ended_at=utcnow(), last_error="SMTPRecipientsRefused 550 5.1.1")

    pages = {tab: owner.get(f"/admin/emails?tab={tab}").text for tab in ("waiting", "sent", "failed", "none")}

    assert {tab: subjects(page) for tab, page in pages.items()} == {
        "waiting": ["Letter 0"],
        "sent": ["Letter 1"],
        "failed": ["Letter 2"],
        "none": ["Letter 0"],
    }
    assert "The mail server could not be reached" in pages["waiting"]
    assert "does not accept emails for this address" in pages["failed"]
    assert "1 email could not be sent" in pages["sent"]
    assert "1 email could not be sent" in owner.get("/admin/reports").text


@both_databases
def test_an_email_is_found_by_its_address_and_by_the_number_of_its_order(app, owner, put):
    for recipient in ("Wanjiru.K@example.com", "wanjiru.k@example.com", "achieng@example.com"):
        put(recipient=recipient)
    with app.app_context():
        number = db.session.scalar(select(Order.number).order_by(Order.id.desc()))

    def found(typed):
        reply = owner.get("/admin/emails", query_string={"q": typed, "before": "", "tab": ""})
        assert reply.status_code == 200
        return subjects(reply.text)

    assert found("WANJIRU.K@EXAMPLE.COM") == ["Letter 1"]
    assert found("Wanjiru.K@example.com") == ["Letter 1", "Letter 0"]
    for typed in (number, f"{number[:4]} {number[4:]}", f"#{number}"):
        assert found(typed) == ["Letter 2"]
    for strange in ("%", "99999999999999999999", "²³", CANARY, "x" * 5000, "🧺", "' OR 1=1 --"):
        assert found(strange) == []
        assert owner.get("/admin/emails", query_string={"before": strange, "tab": strange}).status_code == 200


@both_databases
def test_the_list_is_paged_by_key(owner, put):
    for _ in range(60):
        put(sent_at=utcnow())
    first = owner.get("/admin/emails?tab=sent").text
    put(sent_at=utcnow())
    second = owner.get(unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])).text

    assert subjects(first) + subjects(second) == [f"Letter {n}" for n in reversed(range(60))]


def test_an_email_is_shown_as_it_was_written_and_one_with_a_secret_link_is_not(owner, put):
    email_id = put(body=f"Hello {CANARY},\n\nthank you.\n", tries=2, last_error="WeirdError")
    page = owner.get(f"/admin/emails/{email_id}").text
    for words in ("Letter 0", "achieng@example.com", "&lt;canary&gt;", "The email was not accepted (WeirdError)"):
        assert words in page
    assert "&lt;0@localhost&gt;" in page and "/admin/orders/" in page

    page = owner.get(f"/admin/emails/{put(encrypted=True, body='gAAAAciphertext')}").text
    assert "The text of this email is not shown" in page and "gAAAA" not in page

    for wrong in ("0", "999999", "99999999999999", "x", "-1", "1.5", "%00", "²"):
        assert owner.get(f"/admin/emails/{wrong}").status_code == 404, wrong


def test_a_failed_email_is_sent_again_under_its_message_id(app, staff, put, office):
    email_id = put(tries=1, ended_at=utcnow(), last_error="SMTPRecipientsRefused 550 5.1.1")
    assert send_emails(app, timedelta(days=9)) == 0

    reply = press(staff, email_id, "again")

    assert reply.status_code == 303
    assert "is being sent again" in staff.get(reply.location).text
    assert send_emails(app) == 1
    assert [letter["Message-ID"] for letter in office.letters] == ["<0@localhost>"]
    with app.app_context():
        entry = db.session.scalars(select(AuditLogEntry).where(AuditLogEntry.order_id.is_not(None))).one()
        assert (entry.words, entry.who) == ("Sent again: Letter 0", "packer@example.com")
        assert entry.words in [event.words for event in db.session.get(Order, entry.order_id).events]


def test_the_message_id_stays_the_same_over_all_tries(app, owner, put, office):
    office.answers = {"achieng@example.com": "451 later"}
    email_id = put()
    for hours in range(0, 200, 5):
        send_emails(app, timedelta(hours=hours))
    assert stored(app, email_id).tries == MAX_TRIES
    office.answers = {}

    press(owner, email_id, "again")

    assert send_emails(app) == 1
    assert stored(app, email_id).message_id == office.letters[0]["Message-ID"] == "<0@localhost>"


def test_a_delayed_email_may_be_tried_at_once_but_not_one_that_a_worker_is_sending(app, owner, put):
    late = put(tries=8, next_try_at=utcnow() + timedelta(hours=4))
    in_hand = put(tries=0, next_try_at=utcnow() + IN_HAND)

    assert "Send again" not in owner.get(f"/admin/emails/{in_hand}").text
    press(owner, in_hand, "again", csrf_token=hidden_fields(owner.get("/admin/").text)["csrf_token"])
    press(owner, late, "again")

    assert send_emails(app) == 1
    assert stored(app, in_hand).sent_at is None


def test_a_sent_email_is_copied_once_however_often_the_button_is_pressed(app, owner, put, office):
    email_id = put()
    send_emails(app)
    form = hidden_fields(owner.get(f"/admin/emails/{email_id}").text)

    replies = [owner.post(f"/admin/emails/{email_id}/copy", form) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [303] * 3
    assert "A copy was sent just now" in owner.get(replies[1].location).text
    assert send_emails(app) == 1
    first, copy = (letter["Message-ID"] for letter in office.letters)
    assert first == stored(app, email_id).message_id == "<0@localhost>" != copy
    assert copy.endswith("@localhost>")
    assert "1 copy was sent" in owner.get(f"/admin/emails/{email_id}").text


@both_databases
def test_simultaneous_presses_make_one_copy(app, owner, put):
    email_id = put(sent_at=utcnow())
    form = hidden_fields(owner.get(f"/admin/emails/{email_id}").text)

    replies = at_once([lambda: owner.browser.post(f"/admin/emails/{email_id}/copy", data=form)] * 3)

    assert [reply.status_code for reply in replies] == [303] * 3
    assert emails_in(app) == 2


def test_an_unsent_email_is_never_copied_a_sent_one_never_tried_again_and_a_forged_count_sends_nothing(app, owner, put):
    waiting, sent = put(), put(sent_at=utcnow())
    press(owner, waiting, "copy", copies="0")
    press(owner, sent, "again")
    for copies in ("", "x", "-1", "5", "9" * 30, "\0"):
        assert press(owner, sent, "copy", copies=copies).status_code == 303

    assert stored(app, sent).sent_at
    assert emails_in(app) == 2


def test_emails_about_no_order_are_for_owners_because_they_may_hold_links_of_accounts(staff, owner, put):
    email_id = put(about_order=False, subject="Letter 77")

    assert subjects(owner.get("/admin/emails").text) == ["Letter 77"]
    assert owner.get(f"/admin/emails/{email_id}").status_code == 200
    assert subjects(staff.get("/admin/emails").text) == []
    assert staff.get(f"/admin/emails/{email_id}").status_code == 404
    token = hidden_fields(staff.get("/admin/").text)
    assert staff.post(f"/admin/emails/{email_id}/again", token).status_code == 404


def test_the_merchant_is_told_when_emails_are_only_files(app, owner, monkeypatch):
    assert "No mail server is set" not in owner.get("/admin/emails").text
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], smtp_host=""))
    assert "No mail server is set" in owner.get("/admin/emails").text
