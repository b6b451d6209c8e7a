"""Sends the emails of the outbox. The sweep may run twice, in two workers at once, and after a kill.

An email is marked as sent after the server accepted it, so a kill in between sends it again, with the same Message-ID.
A try is counted only when the server received the email: while the server is unreachable, no email is given up.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from time import monotonic

from sqlalchemy import ColumnElement, Update, func, select, update

from shop.config import Settings
from shop.core.database import db, updated, write
from shop.core.encryption import Encryptor
from shop.core.outages import outage
from shop.emails.models import RECEIPTS, TO_OWNER, OutboxEmail
from shop.emails.smtp import (
    ANSWER_SECONDS,
    TIMEOUT,
    FileTransport,
    NoAnswer,
    NotTaken,
    Refused,
    SmtpTransport,
    Unreached,
    transport_for,
)
from shop.orders.models import Order
from shop.orders.states import ReceiptEmail
from shop.store.settings import current_store

log = logging.getLogger(__name__)
BATCH = 50
MAX_WAIT = timedelta(hours=4)  # between two tries of an email
MAX_DELAY = timedelta(minutes=5)  # between two tries to reach the mail server
SWEEP_SECONDS = 60  # after which a sweep starts no further email
IN_HAND = timedelta(seconds=ANSWER_SECONDS + 6 * TIMEOUT)  # for which a worker reserves an email
LATE = timedelta(minutes=2)  # after which the merchant is told that emails wait
MAX_TRIES = 26  # over about three days
MAX_UNANSWERED = 3  # tries without an answer: each of these emails may have arrived
SERVER = "the mail server"  # in the log


def send_due(settings: Settings, now: datetime) -> int:
    """Send the emails that are due by `now` (UTC) and return how many were sent."""
    bulk = OutboxEmail.kind == "back_in_stock"  # many at once: they hold up no receipt
    due = select(OutboxEmail.id).where(_due(now)).order_by(bulk, OutboxEmail.unanswered, OutboxEmail.id)
    ids = db.session.scalars(due.limit(BATCH)).all()
    db.session.rollback()
    if not ids:
        return 0
    started, sent, transport = monotonic(), 0, transport_for(settings)
    try:
        for email_id in ids:
            if monotonic() - started > SWEEP_SECONDS:
                break
            transport.connect()
            outage(SERVER).recovered()
            sent += _send(email_id, transport, settings, now)
    except Unreached as failure:
        error = str(failure)
        outage(SERVER).failed(error)
        write(lambda: _delay(now, error))
    finally:
        transport.close()
    return sent


@dataclass(frozen=True)
class WaitingEmails:
    """Emails that wait too long."""

    count: int
    since: datetime  # UTC, when the oldest was written
    because: str  # an OutboxEmail.last_error


def waiting_emails(now: datetime) -> WaitingEmails | None:
    """The emails that have waited LATE or longer by `now` (UTC), or None."""
    waits = (OutboxEmail.sent_at.is_(None), OutboxEmail.ended_at.is_(None), OutboxEmail.written_at <= now - LATE)
    count, since = db.session.execute(select(func.count(), func.min(OutboxEmail.written_at)).where(*waits)).one()
    why = select(OutboxEmail.last_error).where(*waits).order_by(OutboxEmail.last_error == "", OutboxEmail.id).limit(1)
    found = WaitingEmails(count, since, db.session.scalar(why) or "") if count else None
    db.session.rollback()
    return found


def _due(now: datetime) -> ColumnElement[bool]:
    return OutboxEmail.sent_at.is_(None) & OutboxEmail.ended_at.is_(None) & (OutboxEmail.next_try_at <= now)


def _send(email_id: int, transport: FileTransport | SmtpTransport, settings: Settings, now: datetime) -> bool:
    """Send one email, unless another worker has reserved it. Raises Unreached."""
    taken = update(OutboxEmail).where(OutboxEmail.id == email_id, _due(now)).values(next_try_at=now + IN_HAND)
    if not write(lambda: updated(taken)):
        return False
    email = db.session.get(OutboxEmail, email_id)
    if email is None:  # its buyer has just been anonymised
        return False
    try:
        message = _message(email, settings)
        db.session.rollback()  # no open transaction while the server answers
        transport.send(message)
    except Unreached:
        write(lambda: updated(_unsent(email_id).values(next_try_at=now)))
        raise
    except (NotTaken, ValueError) as failure:  # ValueError: an invalid address, or a body that cannot be decrypted
        error = str(failure) if isinstance(failure, NotTaken) else type(failure).__name__
        log.warning("email not accepted: %s", error)
        refused, unanswered = isinstance(failure, Refused | ValueError), isinstance(failure, NoAnswer)
        write(lambda: _not_sent(email_id, now, error, refused, unanswered))
        return False
    write(lambda: _sent(email_id, now, transport.keeps_files))
    return True


def _unsent(email_id: int) -> Update:
    return update(OutboxEmail).where(OutboxEmail.id == email_id, OutboxEmail.sent_at.is_(None))


def _sent(email_id: int, now: datetime, kept_as_file: bool) -> None:
    one_more = {"tries": OutboxEmail.tries + 1, "last_error": "", "delays": 0}
    of_this = update(OutboxEmail).where(OutboxEmail.id == email_id)
    updated(of_this.values(sent_at=now, ended_at=None, kept_as_file=kept_as_file, **one_more))
    note_receipt(email_id, ReceiptEmail.NONE if kept_as_file else ReceiptEmail.SENT)


def _not_sent(email_id: int, now: datetime, error: str, refused: bool, unanswered: bool) -> None:
    """Retry an email after half a minute, then after twice as long each time; or give it up."""
    email = db.session.get(OutboxEmail, email_id)
    if email is None:  # its buyer has just been anonymised
        return
    tries, without_answer = email.tries + 1, email.unanswered + unanswered
    ended = refused or tries >= MAX_TRIES or without_answer >= MAX_UNANSWERED
    wait = min(timedelta(seconds=15 * 2**tries), MAX_WAIT)
    if unanswered:
        wait = timedelta(hours=without_answer)
    values = {"tries": tries, "unanswered": without_answer, "last_error": error, "delays": 0, "next_try_at": now + wait}
    if updated(_unsent(email_id).values(ended_at=now if ended else None, **values)) and ended:
        _end(email, without_answer)


def _end(email: OutboxEmail, unanswered: int) -> None:
    """Record on the order that the email was given up."""
    order = db.session.get(Order, email.order_id) if email.order_id else None
    if order is not None:
        doubt = " It may have arrived: the mail server did not say." if unanswered else ""
        order.record(f"The email “{email.subject}” to {email.recipient} was not sent.{doubt}", warning=True)
    note_receipt(email.id, ReceiptEmail.DOUBTFUL if unanswered else ReceiptEmail.REFUSED)


def note_receipt(email_id: int, state: ReceiptEmail) -> None:
    """Record the receipt's state on its order, if the email is one, in the caller's transaction."""
    of_receipt = select(OutboxEmail.order_id).where(OutboxEmail.id == email_id, OutboxEmail.kind.in_(RECEIPTS))
    updated(update(Order).where(Order.id == of_receipt.scalar_subquery()).values(receipt_email=state))


def _delay(now: datetime, error: str) -> None:
    """Delay all due emails while the server is unreachable: half a minute, then longer each time."""
    for delays in db.session.scalars(select(OutboxEmail.delays).where(_due(now)).distinct()).all():
        wait = min(timedelta(seconds=15 * 2 ** (delays + 1)), MAX_DELAY)
        delayed = update(OutboxEmail).where(_due(now), OutboxEmail.delays == delays)
        updated(delayed.values(delays=min(delays + 1, 10), last_error=error, next_try_at=now + wait))


def _message(email: OutboxEmail, settings: Settings) -> EmailMessage:
    message, shop = EmailMessage(), current_store()
    message["From"] = Address(shop.name, addr_spec=settings.mail_from)
    message["To"] = email.recipient
    message["Subject"] = email.subject
    message["Date"] = format_datetime(email.written_at)
    message["Message-ID"] = email.message_id
    message["Auto-Submitted"] = "auto-generated"
    if shop.email and email.kind not in TO_OWNER:
        message["Reply-To"] = shop.email
    message.set_content(text_of(email, settings))
    return message


def text_of(email: OutboxEmail, settings: Settings) -> str:
    """The text as the recipient gets it. Raises DecryptionError."""
    if not email.encrypted:  # text that people typed is never decrypted
        return email.body
    return Encryptor(settings.secret_keys, "email").decrypt(email.body, email.idempotency_key)
