"""Sending: late when the server is down, once when many try, again under the same name after a kill."""

import smtplib
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import create_app
from shop.clock import utcnow
from shop.database import db
from shop.notices import sending
from shop.notices.models import OutboxMail
from shop.notices.sending import IN_HAND, send_due
from tests import both_databases
from tests.notices.post_office import PostOffice, settings_for

NOW = utcnow()


@pytest.fixture
def office():
    """A mail server that is not running yet."""
    return PostOffice()


@pytest.fixture
def settings(settings, office):
    """A shop that posts there."""
    return {**settings, **settings_for(office.port)}


@pytest.fixture
def write(app):
    """Put mails into the outbox: write("a@example.com", ...)."""

    def put(*recipients):
        with app.app_context():
            for number, recipient in enumerate(recipients):
                mail = OutboxMail(
                    kind="link",
                    once=f"{recipient}-{number}",
                    recipient=recipient,
                    subject=f"Letter {number}",
                    body="Hello,\n\nhere it is.\n",
                    message_id=f"<{number}@localhost>",
                    written_at=NOW,
                    next_try_at=NOW,
                )
                db.session.add(mail)
            db.session.commit()

    return put


@pytest.fixture
def send(app):
    """One sweep of a worker, some time after the mails were written: how many it sent."""

    def sweep(after=timedelta()):
        with app.app_context():
            return send_due(app.config["SETTINGS"], NOW + after)

    return sweep


@pytest.fixture
def outbox(app):
    """The outbox as it stands."""

    def read():
        with app.app_context():
            return db.session.scalars(select(OutboxMail).order_by(OutboxMail.id)).all()

    return read


@both_databases
def test_a_server_that_is_down_delays_mail_longer_each_time_and_loses_none(write, send, outbox, office):
    write("a@example.com", "b@example.com")
    waits, after = [], timedelta()
    for _ in range(4):
        assert send(after) == 0
        waits.append([mail.next_try_at - (NOW + after) for mail in outbox()])
        assert send(after + timedelta(seconds=29)) == 0, "not yet"
        after = outbox()[0].next_try_at - NOW

    assert waits == [[timedelta(seconds=seconds)] * 2 for seconds in (30, 60, 120, 240)]
    assert [(mail.tries, mail.last_error) for mail in outbox()] == [(4, "ConnectionRefusedError")] * 2
    with office:
        assert send(after) == 2
    assert office.subjects() == ["Letter 0", "Letter 1"]
    assert [(mail.tries, mail.last_error) for mail in outbox()] == [(5, "")] * 2


def test_a_shop_whose_mail_server_is_down_sells_all_the_same(shopper, send):
    bought = shopper.buy()
    assert send(timedelta(minutes=1)) == 0
    bought.hear(bought.callback())

    assert bought.status["payment"] == "paid"


def test_mail_is_tried_for_about_three_days_and_then_kept_for_the_merchant(write, send, outbox):
    write("a@example.com")
    after, tried = timedelta(), 0
    while tried != outbox()[0].tries or not tried:
        tried = outbox()[0].tries
        send(after)
        after = outbox()[0].next_try_at - NOW

    assert timedelta(days=2.5) < after < timedelta(days=3.5)
    assert outbox()[0].sent_at is None


def test_an_address_nobody_takes_does_not_keep_other_mail_back(write, send, outbox, office):
    office.refused = {"gone@example.com"}
    write("a@example.com", "gone@example.com", "x@example.com\nBcc: y@example.com", "b@example.com")
    with office:
        assert send() == 2

    assert office.subjects() == ["Letter 0", "Letter 3"]
    assert [mail.sent_at is not None for mail in outbox()] == [True, False, False, True]
    assert [mail.tries for mail in outbox()] == [1, 1, 1, 1]


def test_a_server_that_hangs_up_half_way_gets_the_rest_later(write, send, outbox, office, monkeypatch):
    write("a@example.com", "b@example.com", "c@example.com")
    real = smtplib.SMTP.send_message

    def hang_up(server, message, *rest):
        if message["Subject"] == "Letter 1":
            raise smtplib.SMTPServerDisconnected
        return real(server, message, *rest)

    with office, monkeypatch.context() as patch:
        patch.setattr(smtplib.SMTP, "send_message", hang_up)
        assert send() == 1
        patch.undo()
        assert send(timedelta(minutes=1)) == 2

    assert office.subjects() == ["Letter 0", "Letter 1", "Letter 2"]


@both_databases
def test_a_kill_after_sending_sends_again_under_the_same_message_id(write, send, outbox, office, monkeypatch):
    class Killed(BaseException):
        pass

    real = smtplib.SMTP.send_message

    def send_and_die(server, message, *rest):
        real(server, message, *rest)
        raise Killed

    write("a@example.com")
    with office:
        with monkeypatch.context() as patch:
            patch.setattr(smtplib.SMTP, "send_message", send_and_die)
            with pytest.raises(Killed):
                send()
        assert outbox()[0].sent_at is None
        assert send(IN_HAND - timedelta(seconds=1)) == 0, "another worker may still be at it"
        assert send(IN_HAND) == 1
        assert send(IN_HAND * 10) == 0

    assert [letter["Message-ID"] for letter in office.letters] == ["<0@localhost>"] * 2


def sweep_at_once(app, workers=4):
    def sweep(_):
        with app.app_context():
            return send_due(app.config["SETTINGS"], NOW)

    with ThreadPoolExecutor(workers) as crowd:
        return sum(crowd.map(sweep, range(workers)))


@both_databases
def test_workers_that_sweep_at_once_send_each_mail_once(app, write, office):
    write(*(f"{number}@example.com" for number in range(12)))
    with office:
        assert sweep_at_once(app) == 12

    assert sorted(letter["To"] for letter in office.letters) == sorted(f"{number}@example.com" for number in range(12))


def test_without_the_claim_they_would_send_some_twice(app, write, office, monkeypatch):
    monkeypatch.setattr(sending, "changed", lambda statement: db.session.execute(statement) and 1)
    write(*(f"{number}@example.com" for number in range(12)))
    with office:
        sweep_at_once(app)

    assert len(office.letters) > 12


def test_mail_is_never_sent_in_the_clear_where_encryption_was_asked_for(settings, office, write, outbox):
    write("a@example.com")
    for security in ("starttls", "tls"):
        encrypted = create_app({**settings, "SMTP_SECURITY": security})
        with office, encrypted.app_context():
            assert send_due(encrypted.config["SETTINGS"], NOW + timedelta(hours=1)) == 0
        office._controller = type(office._controller)(office, hostname="127.0.0.1", port=office.port)

    assert office.letters == []
    assert outbox()[0].last_error


def test_without_a_mail_server_mails_are_files_and_a_repeat_is_the_same_file(settings, write, outbox, tmp_path):
    app = create_app({**settings, "SMTP_HOST": ""})
    write("a@example.com", "b@example.com")
    for _ in range(2):
        with app.app_context():
            assert send_due(app.config["SETTINGS"], NOW) == 2
            for mail in db.session.scalars(select(OutboxMail)):
                mail.sent_at, mail.next_try_at = None, NOW
            db.session.commit()

    files = sorted((tmp_path / "instance" / "mail").iterdir())
    assert [file.name for file in files] == ["0.eml", "1.eml"]
    assert b"To: a@example.com" in files[0].read_bytes()
