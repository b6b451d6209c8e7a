"""Sending what waits in the outbox. A sweep: safe to run twice, at once with itself, and after a kill.

A mail is marked as sent after the server took it, so a kill in between sends it again, under the same Message-ID.
"""

import logging
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from time import monotonic
from typing import Protocol

from sqlalchemy import ColumnElement, select, update

from shop.config import Settings
from shop.database import changed, db, write
from shop.details import details
from shop.notices.models import OutboxMail
from shop.sealing import Sealer

log = logging.getLogger(__name__)
BATCH = 50
LONGEST_WAIT = timedelta(hours=4)
PATIENCE = 10  # seconds for each step of the SMTP conversation
SWEEP_SECONDS = 60  # after which a sweep begins no further mail
IN_HAND = timedelta(seconds=SWEEP_SECONDS + 6 * PATIENCE)  # while one worker sends a mail, others leave it alone
FAILURES = (OSError, smtplib.SMTPException)
MOST_TRIES = 26  # over about three days


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
        mail_file(self.folder, message["Message-ID"]).write_bytes(bytes(message))


def mail_file(folder: Path, message_id: str) -> Path:
    """Where a mail is kept as a file, in a shop without SMTP settings."""
    return folder / f"{message_id.strip('<>').partition('@')[0]}.eml"


def send_due(settings: Settings, now: datetime) -> int:
    """Send every mail that is due by `now` (UTC) and return how many went. A server that is down only delays them."""
    ids = db.session.scalars(select(OutboxMail.id).where(_due(now)).order_by(OutboxMail.id).limit(BATCH)).all()
    db.session.rollback()
    if not ids:
        return 0
    began, sent = monotonic(), 0
    try:
        with _carrier(settings) as carrier:
            for mail_id in ids:
                if monotonic() - began > SWEEP_SECONDS:
                    break
                sent += _send(mail_id, carrier, settings, now)
    except FAILURES as failure:
        error = type(failure).__name__
        log.warning("mail server out of reach: %s", error)
        write(lambda: [_later(mail_id, _due(now), now, error) for mail_id in ids])
    return sent


def _due(now: datetime) -> ColumnElement[bool]:
    return OutboxMail.sent_at.is_(None) & (OutboxMail.next_try_at <= now) & (OutboxMail.tries < MOST_TRIES)


def _send(mail_id: int, carrier: Carrier, settings: Settings, now: datetime) -> bool:
    """Send one mail, unless another worker has it in hand. Raises SMTPServerDisconnected: then the rest must wait."""
    taken = update(OutboxMail).where(OutboxMail.id == mail_id, _due(now)).values(next_try_at=now + IN_HAND)
    if not write(lambda: changed(taken)):
        return False
    unsent = OutboxMail.sent_at.is_(None)
    mail = db.session.get(OutboxMail, mail_id)
    if mail is None:  # its buyer was forgotten a moment ago
        return False
    try:
        message = _message(mail, settings)
        db.session.rollback()  # no transaction stays open while the server thinks
        carrier.send_message(message)
    except (
        *FAILURES,
        ValueError,
    ) as failure:  # ValueError: an address or text no message can carry, a seal that does not open
        error = type(failure).__name__
        log.warning("mail not taken: %s", error)
        write(lambda: _later(mail_id, unsent, now, error))
        if isinstance(failure, smtplib.SMTPServerDisconnected):
            raise
        return False
    done = update(OutboxMail).where(OutboxMail.id == mail_id)
    write(lambda: changed(done.values(sent_at=now, tries=OutboxMail.tries + 1, last_error="")))
    return True


def _later(mail_id: int, condition: ColumnElement[bool], now: datetime, error: str) -> int:
    """Put a mail off: half a minute after the first try, twice as long after each further one."""
    mail = db.session.get(OutboxMail, mail_id)
    if mail is None:  # its buyer was forgotten meanwhile
        return 0
    tries = mail.tries + 1
    wait = min(timedelta(seconds=15 * 2**tries), LONGEST_WAIT)
    later = update(OutboxMail).where(OutboxMail.id == mail_id, condition)
    return changed(later.values(tries=tries, last_error=error, next_try_at=now + wait))


def _message(mail: OutboxMail, settings: Settings) -> EmailMessage:
    message, shop = EmailMessage(), details()
    message["From"] = Address(shop.name, addr_spec=settings.mail_from)
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    if shop.email and mail.kind != "new_order":
        message["Reply-To"] = shop.email
    message.set_content(text_of(mail, settings))
    return message


def text_of(mail: OutboxMail, settings: Settings) -> str:
    """The text as its reader gets it. What people typed into it stands there as they typed it. Raises SealBroken."""
    return Sealer(settings.secret_keys, "email").open(mail.body, mail.once) if mail.encrypted else mail.body


@contextmanager
def _carrier(settings: Settings) -> Iterator[Carrier]:
    if not settings.smtp_host:
        yield FileCarrier(settings.instance_path / "mail")
        return
    server: smtplib.SMTP
    if settings.smtp_security == "tls":
        context = ssl.create_default_context()
        server = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, timeout=PATIENCE, context=context)
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=PATIENCE)
    with server:
        if settings.smtp_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_username:
            server.login(settings.smtp_username, settings.smtp_password)
        yield server
