"""Delivery: delayed when the server is down, once by many workers, again with the same Message-ID after a kill."""

import smtplib
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop import create_app
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails import smtp
from shop.emails.delivery import IN_HAND, send_due
from shop.emails.models import OutboxEmail
from tests import both_databases
from tests.at_once import at_once
from tests.emails.smtp_server import PostOffice, settings_for

NOW = utcnow()


@pytest.fixture
def office():
    """A mail server that is not running yet."""
    return PostOffice()


@pytest.fixture
def settings(settings, office):
    """A shop that sends there."""
    return {**settings, **settings_for(office.port)}


@pytest.fixture
def write(app):
    """A function that puts emails into the outbox: write("a@example.com", ...)."""

    def put(*recipients, body="Hello,\n\nhere it is.\n"):
        with app.app_context():
            values = {"kind": "order_link", "body": body, "written_at": NOW, "next_try_at": NOW}
            for number, recipient in enumerate(recipients):
                keys = {"idempotency_key": f"{recipient}-{number}", "message_id": f"<{number}@localhost>"}
                db.session.add(OutboxEmail(recipient=recipient, subject=f"Letter {number}", **keys, **values))
            db.session.commit()

    return put


@pytest.fixture
def send(app):
    """A function that sweeps some time after the emails were written, and returns how many it sent."""

    def sweep(after=timedelta()):
        with app.app_context():
            return send_due(app.config["SETTINGS"], NOW + after)

    return sweep


@pytest.fixture
def outbox(app):
    """A function that reads all emails of the outbox."""

    def read():
        with app.app_context():
            return db.session.scalars(select(OutboxEmail).order_by(OutboxEmail.id)).all()

    return read


@both_databases
def test_an_unreachable_server_delays_emails_longer_each_time_and_counts_no_try(write, send, outbox, office):
    write("a@example.com", "b@example.com")
    waits, after = [], timedelta()
    for _ in range(6):
        assert send(after) == 0
        waits.append([email.next_try_at - (NOW + after) for email in outbox()])
        assert send(after + timedelta(seconds=29)) == 0, "not yet"
        after = outbox()[0].next_try_at - NOW

    assert waits == [[timedelta(seconds=seconds)] * 2 for seconds in (30, 60, 120, 240, 300, 300)]
    while after < timedelta(days=7):
        send(after)
        after += timedelta(hours=3)
    assert [(email.tries, email.last_error) for email in outbox()] == [(0, "ConnectionRefusedError")] * 2
    with office:
        assert send(after) == 2
    assert office.subjects() == ["Letter 0", "Letter 1"]
    assert [(email.tries, email.last_error) for email in outbox()] == [(1, "")] * 2


def test_an_email_that_is_not_accepted_delays_no_other_and_is_tried_again_unless_the_server_refused_it(
    write, send, outbox, office
):
    office.refused = {"gone@example.com"}
    office.hangs_up = {"poison@example.com"}
    office.silent = {"silent@example.com"}
    office.answers = {"later@example.com": "451 4.7.1 later", "denied@example.com": "554 5.7.1 Relay access denied"}
    failing = (*office.refused, *office.hangs_up, *office.silent, *office.answers, "x@example.com\nBcc: y")
    write("a@example.com", *failing, "b@example.com")
    with office:
        assert send() == 2
        for hours in range(1, 5 * 24):
            assert send(timedelta(hours=hours)) == 0

    emails = {email.recipient.partition("@")[0]: email for email in outbox()}
    tries = {name: email.tries for name, email in emails.items()}
    assert tries == {"a": 1, "gone": 1, "poison": 26, "silent": 3, "later": 26, "denied": 26, "x": 1, "b": 1}
    assert {name for name, email in emails.items() if email.sent_at} == {"a", "b"}
    assert timedelta(days=2.5) < emails["later"].ended_at - NOW < timedelta(days=3.5)
    assert emails["gone"].last_error == "SMTPRecipientsRefused 550 5.1.1"
    # without an answer it may have arrived
    assert [str(letter["To"]).count("silent") for letter in office.letters].count(1) == emails["silent"].unanswered == 3
    assert emails["silent"].ended_at - NOW < timedelta(hours=12)


def test_the_answer_to_an_emails_text_has_the_longest_timeout(write, send, office, monkeypatch):
    assert smtp.ANSWER_SECONDS == 600, "RFC 5321, 4.5.3.2.6"
    assert timedelta(seconds=smtp.ANSWER_SECONDS + 5 * smtp.TIMEOUT) < IN_HAND, "no other worker sends it meanwhile"
    monkeypatch.setattr(smtp, "TIMEOUT", 1)
    office.seconds = 2.5
    write("a@example.com", body=".hidden\n..twice\n.\nend")
    with office:
        assert send() == 1

    assert office.letters[0].get_content().splitlines() == [".hidden", "..twice", ".", "end"]


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
        assert send(IN_HAND - timedelta(seconds=1)) == 0, "another worker may be sending it"
        assert send(IN_HAND) == 1
        assert send(IN_HAND * 10) == 0

    assert [letter["Message-ID"] for letter in office.letters] == ["<0@localhost>"] * 2


@both_databases
def test_workers_that_sweep_at_once_send_each_email_once(write, send, office):
    recipients = [f"{number}@example.com" for number in range(12)]
    write(*recipients)
    with office:
        assert sum(at_once([send] * 4)) == 12

    assert sorted(letter["To"] for letter in office.letters) == sorted(recipients)


def test_emails_are_never_sent_unencrypted_when_the_settings_require_encryption(settings, office, write, outbox):
    write("a@example.com")
    for security in ("starttls", "tls"):
        encrypted = create_app({**settings, "SMTP_SECURITY": security})
        with office, encrypted.app_context():
            assert send_due(encrypted.config["SETTINGS"], NOW + timedelta(hours=1)) == 0
        office._controller = type(office._controller)(office, hostname="127.0.0.1", port=office.port)

    assert office.letters == []
    assert outbox()[0].last_error


def test_without_a_mail_server_emails_are_files_and_a_repeat_overwrites_the_file(settings, write, tmp_path):
    app = create_app({**settings, "SMTP_HOST": ""})
    write("a@example.com", "b@example.com")
    for _ in range(2):
        with app.app_context():
            assert send_due(app.config["SETTINGS"], NOW) == 2
            for email in db.session.scalars(select(OutboxEmail)):
                email.sent_at, email.next_try_at = None, NOW
            db.session.commit()

    files = sorted((tmp_path / "instance" / "mail").iterdir())
    assert [file.name for file in files] == ["0.eml", "1.eml"]
    assert b"To: a@example.com" in files[0].read_bytes()
