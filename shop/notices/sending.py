"""Sending what waits in the outbox. A sweep: safe to run twice, at once with itself, and after a kill.

A mail is marked as sent after the server took it, so a kill in between sends it again, under the same Message-ID.
"""

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import select, update

from shop.config import Settings
from shop.database import changed, db, write
from shop.notices.models import OutboxMail

log = logging.getLogger(__name__)
BATCH = 50
LONGEST_WAIT = timedelta(hours=4)
IN_HAND = timedelta(minutes=2)  # while one worker sends a mail, others leave it alone
PATIENCE = 10  # seconds for each step of the SMTP conversation
MOST_TRIES = 20  # over about three days


class Carrier(Protocol):
    """Takes a message off our hands, or raises OSError or smtplib.SMTPException."""

    def send_message(self, message: EmailMessage) -> object:
        """Send one message."""


class FileCarrier:
    """Keeps mail as files, for a shop without SMTP settings."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send_message(self, message: EmailMessage) -> None:
        """Write the message under its Message-ID: sending it again overwrites it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        name = message["Message-ID"].strip("<>").partition("@")[0]
        (self.folder / f"{name}.eml").write_bytes(bytes(message))


def send_due(settings: Settings, now: datetime) -> int:
    """Send every mail that is due by `now` (UTC) and return how many went. A server that is down only delays them."""
    due = OutboxMail.sent_at.is_(None) & (OutboxMail.next_try_at <= now) & (OutboxMail.tries < MOST_TRIES)
    ids = db.session.scalars(select(OutboxMail.id).where(due).order_by(OutboxMail.id).limit(BATCH)).all()
    db.session.rollback()
    if not ids:
        return 0
    try:
        with _carrier(settings) as carrier:
            return sum(_send(mail_id, carrier, settings, now) for mail_id in ids)
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail server out of reach: %s", type(error).__name__)
        write(lambda: [_later(mail_id, now, type(error).__name__) for mail_id in ids])
        return 0


def _send(mail_id: int, carrier: Carrier, settings: Settings, now: datetime) -> bool:
    mine = update(OutboxMail).where(OutboxMail.id == mail_id, OutboxMail.sent_at.is_(None), OutboxMail.next_try_at <= now)
    if not write(lambda: changed(mine.values(next_try_at=now + IN_HAND))):
        return False
    mail = db.session.get_one(OutboxMail, mail_id)
    message = _message(mail, settings)
    db.session.rollback()
    try:
        carrier.send_message(message)
    except smtplib.SMTPServerDisconnected:
        raise
    except (OSError, smtplib.SMTPException) as error:
        log.warning("mail not taken: %s", type(error).__name__)
        write(lambda: _later(mail_id, now, type(error).__name__))
        return False
    sent = update(OutboxMail).where(OutboxMail.id == mail_id)
    write(lambda: changed(sent.values(sent_at=now, tries=OutboxMail.tries + 1, last_error="")))
    return True


def _later(mail_id: int, now: datetime, error: str) -> None:
    mail = db.session.get_one(OutboxMail, mail_id)
    if mail.sent_at is None:
        mail.tries += 1
        mail.last_error = error
        mail.next_try_at = now + min(timedelta(seconds=15 * 2**mail.tries), LONGEST_WAIT)


def _message(mail: OutboxMail, settings: Settings) -> EmailMessage:
    message = EmailMessage()
    message["From"] = f'"{settings.shop_name}" <{settings.mail_from}>'
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    if settings.shop_email and mail.kind != "new_order":
        message["Reply-To"] = settings.shop_email
    message.set_content(mail.body)
    return message


@contextmanager
def _carrier(settings: Settings) -> Iterator[Carrier]:
    if not settings.smtp_host:
        yield FileCarrier(settings.instance_path / "mail")
        return
    server: smtplib.SMTP
    if settings.smtp_security == "tls":
        server = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=PATIENCE, context=ssl.create_default_context())
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=PATIENCE)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_username:
            server.login(settings.smtp_username, settings.smtp_password)
        yield server
