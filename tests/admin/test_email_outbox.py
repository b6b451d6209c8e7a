"""The outbox pages: waiting, sent and failed emails; sending again, never twice by accident."""

import re
from datetime import timedelta
from html import unescape

import pytest
from sqlalchemy import func, select

from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import IN_HAND, MAX_TRIES, send_due
from shop.emails.models import OutboxEmail
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
    """Put a mail about an order of its own into the outbox; its id."""
    count = iter(range(1_000_000))

    def put(about_order=True, **fields):
        one, now = next(count), utcnow()
        values = {
            "kind": "paid",
            "idempotency_key": f"key-{one}",
            "recipient": "achieng@example.com",
            "subject": f"Letter {one}",
            "body": "Hello Achieng,\n\nhere it is.\n",
            "message_id": f"<{one}@localhost>",
            "written_at": now,
            "next_try_at": now,
            **fields,
        }
        order = order_factory.order()
        if about_order:
            order_factory.keep(app, order)
        with app.app_context():
            if about_order:
                values["order_id"] = db.session.scalar(select(func.max(order_factory.Order.id)))
            mail = OutboxEmail(**values)
            write(lambda: db.session.add(mail))
            return mail.id

    return put


@pytest.fixture
def mail_of(app):
    """One mail of the outbox, by id."""

    def mail_of(mail_id):
        with app.app_context():
            return db.session.get(OutboxEmail, mail_id)

    return mail_of


def sweep(app, after=timedelta()):
    with app.app_context():
        return send_due(app.config["SETTINGS"], utcnow() + after)


def press(owner, mail_id, act, **fields):
    form = hidden_fields(owner.get(f"/admin/mail/{mail_id}").text)
    return owner.post(f"/admin/mail/{mail_id}/{act}", {**form, **fields})


def subjects(page):
    return re.findall(r"Letter \d+", "".join(re.findall(r'table__name"><a[^>]*>([^<]+)', page)))


@both_databases
def test_each_mail_stands_under_one_tab(owner, put):
    now = utcnow()
    put(tries=3, last_error="ConnectionRefusedError")
    put(sent_at=now, tries=1)
    put(tries=1, ended_at=utcnow(), last_error="SMTPRecipientsRefused 550 5.1.1")

    pages = {tab: owner.get(f"/admin/mail?tab={tab}").text for tab in ("waiting", "sent", "failed", "none")}

    assert {tab: subjects(page) for tab, page in pages.items()} == {
        "waiting": ["Letter 0"],
        "sent": ["Letter 1"],
        "failed": ["Letter 2"],
        "none": ["Letter 0"],
    }
    assert "The mail server could not be reached" in pages["waiting"]
    assert "does not accept emails for this address" in pages["failed"]
    assert "1 email could not be sent" in pages["sent"]


@both_databases
def test_a_mail_is_found_by_its_whole_address_and_by_the_number_of_its_order(app, owner, put):
    put(recipient="Wanjiru.K@example.com")
    put(recipient="wanjiru.k@example.com")
    put()
    with app.app_context():
        number = db.session.scalar(select(order_factory.Order.number).order_by(order_factory.Order.id.desc()))

    found = {
        q: subjects(owner.get("/admin/mail", query_string={"q": q}).text)
        for q in ("WANJIRU.K@EXAMPLE.COM", "Wanjiru.K@example.com", number, f"{number[:4]} {number[4:]}", f"#{number}")
    }

    assert list(found.values()) == [["Letter 1"], ["Letter 1", "Letter 0"], ["Letter 2"], ["Letter 2"], ["Letter 2"]]


@both_databases
@pytest.mark.parametrize("typed", ["\0", "%", "99999999999999999999", "²³", CANARY, "x" * 5000, "🧺", "' OR 1=1 --"])
def test_strange_searches_find_nothing_and_break_nothing(owner, put, typed):
    put()
    reply = owner.get("/admin/mail", query_string={"q": typed, "before": typed, "tab": typed})

    assert reply.status_code == 200
    assert subjects(reply.text) == (["Letter 0"] if typed == "\0" else [])


@both_databases
def test_the_list_is_paged_by_key(owner, put):
    for _ in range(60):
        put(sent_at=utcnow())
    first = owner.get("/admin/mail?tab=sent").text
    put(sent_at=utcnow())
    second = owner.get(unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])).text

    assert subjects(first) + subjects(second) == [f"Letter {n}" for n in reversed(range(60))]


def test_one_mail_is_read_as_it_was_written(owner, put):
    mail_id = put(body=f"Hello {CANARY},\n\nthank you.\n", tries=2, last_error="WeirdError", message_id="<7@localhost>")
    page = owner.get(f"/admin/mail/{mail_id}").text

    for words in ("Letter 0", "achieng@example.com", "&lt;canary&gt;", "The email was not accepted (WeirdError)"):
        assert words in page
    assert "&lt;7@localhost&gt;" in page
    assert "/admin/orders/" in page


def test_an_email_with_a_secret_link_shows_a_placeholder_in_place_of_its_text(owner, put):
    page = owner.get(f"/admin/mail/{put(encrypted=True, body='gAAAAciphertext')}").text

    assert "The text of this email is not shown" in page
    assert "gAAAA" not in page


@pytest.mark.parametrize("mail_id", ["0", "999999", "99999999999999", "x", "-1", "1.5", "%00", "²"])
def test_a_mail_that_is_none_is_not_found(owner, put, mail_id):
    put()

    assert owner.get(f"/admin/mail/{mail_id}").status_code == 404


@both_databases
def test_a_failed_mail_goes_out_again_under_the_message_id_it_had(app, staff, put, office, mail_of):
    mail_id = put(tries=1, ended_at=utcnow(), last_error="SMTPRecipientsRefused 550 5.1.1")
    assert sweep(app, timedelta(days=9)) == 0

    reply = press(staff, mail_id, "again")

    assert reply.status_code == 303
    assert "is being sent again" in staff.get(reply.location).text
    assert sweep(app) == 1
    assert [letter["Message-ID"] for letter in office.letters] == ["<0@localhost>"]
    with app.app_context():
        act = db.session.scalars(select(AuditLogEntry).where(AuditLogEntry.order_id.is_not(None))).one()
        assert (act.words, act.who) == ("Sent again: Letter 0", "packer@example.com")
        assert "Sent again: Letter 0" in [
            event.words for event in db.session.get(order_factory.Order, act.order_id).events
        ]


@both_databases
def test_the_message_id_stays_the_same_over_retries(app, owner, put, office, mail_of):
    office.answers = {"achieng@example.com": "451 later"}
    mail_id = put()
    for hours in range(0, 200, 5):
        sweep(app, timedelta(hours=hours))
    assert mail_of(mail_id).tries == MAX_TRIES
    office.answers = {}

    press(owner, mail_id, "again")

    assert sweep(app) == 1
    assert mail_of(mail_id).message_id == office.letters[0]["Message-ID"] == "<0@localhost>"


@both_databases
def test_a_mail_that_was_put_off_may_be_tried_at_once_but_not_one_a_worker_has_in_hand(
    app, owner, put, office, mail_of
):
    late = put(tries=8, next_try_at=utcnow() + timedelta(hours=4))
    in_hand = put(tries=0, next_try_at=utcnow() + IN_HAND)

    assert "Send again" not in owner.get(f"/admin/mail/{in_hand}").text
    press(owner, in_hand, "again", csrf_token=hidden_fields(owner.get("/admin/").text)["csrf_token"])
    press(owner, late, "again")

    assert sweep(app) == 1
    assert mail_of(in_hand).sent_at is None


@both_databases
def test_a_sent_mail_goes_out_once_more_as_a_new_one_however_often_the_button_is_pressed(
    app, owner, put, office, mail_of
):
    mail_id = put()
    sweep(app)
    form = hidden_fields(owner.get(f"/admin/mail/{mail_id}").text)

    replies = [owner.post(f"/admin/mail/{mail_id}/copy", form) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [303] * 3
    assert "A copy was sent just now" in owner.get(replies[1].location).text
    assert sweep(app) == 1
    assert len({letter["Message-ID"] for letter in office.letters}) == len(office.letters) == 2
    assert office.letters[1]["Message-ID"].endswith("@localhost>")
    assert mail_of(mail_id).message_id == "<0@localhost>"
    assert "1 copy was sent" in owner.get(f"/admin/mail/{mail_id}").text


@both_databases
def test_two_presses_at_one_moment_make_one_mail(app, owner, put):
    mail_id = put(sent_at=utcnow())
    form = hidden_fields(owner.get(f"/admin/mail/{mail_id}").text)

    replies = at_once([lambda: owner.browser.post(f"/admin/mail/{mail_id}/copy", data=form)] * 3)

    assert [reply.status_code for reply in replies] == [303] * 3
    with app.app_context():
        assert db.session.scalar(select(func.count(OutboxEmail.id))) == 2


@pytest.mark.parametrize("copies", ["", "x", "-1", "5", "9" * 30, "\0"])
def test_a_forged_count_sends_nothing(app, owner, put, copies):
    mail_id = put(sent_at=utcnow())
    reply = press(owner, mail_id, "copy", copies=copies)

    assert reply.status_code == 303
    with app.app_context():
        assert db.session.scalar(select(func.count(OutboxEmail.id))) == 1


def test_an_unsent_mail_is_never_copied_and_a_sent_one_never_tried_again(app, owner, put, mail_of):
    waiting, sent = put(), put(sent_at=utcnow())
    token = hidden_fields(owner.get("/admin/").text)
    owner.post(f"/admin/mail/{waiting}/copy", {**token, "copies": "0"})
    owner.post(f"/admin/mail/{sent}/again", token)

    assert mail_of(sent).sent_at
    with app.app_context():
        assert db.session.scalar(select(func.count(OutboxEmail.id))) == 2


@both_databases
def test_mails_about_no_order_are_for_owners_since_they_may_let_people_in(staff, owner, put):
    mail_id = put(about_order=False, subject="Letter 77")

    assert subjects(owner.get("/admin/mail").text) == ["Letter 77"]
    assert owner.get(f"/admin/mail/{mail_id}").status_code == 200
    assert subjects(staff.get("/admin/mail").text) == []
    assert staff.get(f"/admin/mail/{mail_id}").status_code == 404
    token = hidden_fields(staff.get("/admin/").text)
    assert staff.post(f"/admin/mail/{mail_id}/again", token).status_code == 404


def test_the_merchant_is_told_when_mails_are_only_files(app, owner, monkeypatch):
    from dataclasses import replace

    assert "No mail server is set" not in owner.get("/admin/mail").text
    monkeypatch.setitem(app.config, "SETTINGS", replace(app.config["SETTINGS"], smtp_host=""))
    assert "No mail server is set" in owner.get("/admin/mail").text


def test_failed_mails_are_told_on_the_report_too(owner, put):
    put(ended_at=utcnow())

    assert "1 email could not be sent" in owner.get("/admin/reports").text
