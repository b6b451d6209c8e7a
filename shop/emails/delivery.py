"""Sending what waits in the outbox. A sweep: safe to run twice, at once with itself, and after a kill.

A mail is marked as sent after the server took it, so a kill in between sends it again, under the same Message-ID. A try
is counted only for a mail that was handed over: while the server is away all wait, and none comes nearer to its end.
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
    PATIENCE,
    EmailTransport,
    NoAnswer,
    NotTaken,
    Refused,
    Unreached,
    email_file,
    transport_for,
)
from shop.orders.models import Order
from shop.orders.states import ReceiptEmail
from shop.store.settings import current_store

__all__ = ["email_file", "send_due"]
log = logging.getLogger(__name__)
BATCH = 50
LONGEST_WAIT = timedelta(hours=4)  # between two tries of a mail
LONGEST_DELAY = timedelta(minutes=5)  # between two tries to reach the server
SWEEP_SECONDS = 60  # after which a sweep begins no further mail
IN_HAND = timedelta(seconds=ANSWER_SECONDS + 6 * PATIENCE)  # while one worker sends a mail, others leave it alone
LATE = timedelta(minutes=2)  # after which a mail that waits is worth a word to the merchant
MOST_TRIES = 26  # over about three days
MOST_UNANSWERED = 3  # times a mail is handed over whole without an answer: each may have arrived
AWAY = "the mail server"  # as the log names it


def send_due(settings: Settings, now: datetime) -> int:
    """Send every mail that is due by `now` (UTC) and return how many went. A server that is down only delays them."""
    due = select(OutboxEmail.id).where(_due(now)).order_by(OutboxEmail.unanswered, OutboxEmail.id)
    ids = db.session.scalars(due.limit(BATCH)).all()
    db.session.rollback()
    if not ids:
        return 0
    began, sent, carrier = monotonic(), 0, transport_for(settings)
    try:
        for mail_id in ids:
            if monotonic() - began > SWEEP_SECONDS:
                break
            carrier.connect()
            outage(AWAY).recovered()
            sent += _send(mail_id, carrier, settings, now)
    except Unreached as failure:
        error = str(failure)
        outage(AWAY).failed(error)
        write(lambda: _delay(now, error))
    finally:
        carrier.close()
    return sent


@dataclass(frozen=True)
class WaitingEmails:
    """The mails that wait too long."""

    count: int
    since: datetime  # UTC: when the oldest was written
    because: str  # as OutboxMail.last_error


def waiting_emails(now: datetime) -> WaitingEmails | None:
    """The mails that have waited LATE or longer by `now` (UTC). None without any."""
    waits = (OutboxEmail.sent_at.is_(None), OutboxEmail.ended_at.is_(None), OutboxEmail.written_at <= now - LATE)
    count, since = db.session.execute(select(func.count(), func.min(OutboxEmail.written_at)).where(*waits)).one()
    why = select(OutboxEmail.last_error).where(*waits).order_by(OutboxEmail.last_error == "", OutboxEmail.id).limit(1)
    found = WaitingEmails(count, since, db.session.scalar(why) or "") if count else None
    db.session.rollback()
    return found


def _due(now: datetime) -> ColumnElement[bool]:
    return OutboxEmail.sent_at.is_(None) & OutboxEmail.ended_at.is_(None) & (OutboxEmail.next_try_at <= now)


def _send(mail_id: int, carrier: EmailTransport, settings: Settings, now: datetime) -> bool:
    """Send one mail, unless another worker has it in hand. Raises Unreached: then every mail waits."""
    taken = update(OutboxEmail).where(OutboxEmail.id == mail_id, _due(now)).values(next_try_at=now + IN_HAND)
    if not write(lambda: updated(taken)):
        return False
    mail = db.session.get(OutboxEmail, mail_id)
    if mail is None:  # its buyer was forgotten a moment ago
        return False
    try:
        message = _message(mail, settings)
        db.session.rollback()  # no transaction stays open while the server thinks
        carrier.send(message)
    except Unreached:
        write(lambda: updated(_unsent(mail_id).values(next_try_at=now)))
        raise
    except (NotTaken, ValueError) as failure:  # ValueError: no message can carry the address, or a seal does not open
        error = str(failure) if isinstance(failure, NotTaken) else type(failure).__name__
        log.warning("mail not taken: %s", error)
        refused, unanswered = isinstance(failure, Refused | ValueError), isinstance(failure, NoAnswer)
        write(lambda: _not_sent(mail_id, now, error, refused, unanswered))
        return False
    write(lambda: _sent(mail_id, now, carrier.keeps_files))
    return True


def _unsent(mail_id: int) -> Update:
    return update(OutboxEmail).where(OutboxEmail.id == mail_id, OutboxEmail.sent_at.is_(None))


def _sent(mail_id: int, now: datetime, kept_as_file: bool) -> None:
    one_more = {"tries": OutboxEmail.tries + 1, "last_error": "", "delays": 0}
    of_this = update(OutboxEmail).where(OutboxEmail.id == mail_id)
    updated(of_this.values(sent_at=now, ended_at=None, kept_as_file=kept_as_file, **one_more))
    _note_receipt(mail_id, ReceiptEmail.NONE if kept_as_file else ReceiptEmail.SENT)


def _not_sent(mail_id: int, now: datetime, error: str, refused: bool, unanswered: bool) -> None:
    """Put a mail off: half a minute after the first try, twice as long after each further one; or end it."""
    mail = db.session.get(OutboxEmail, mail_id)
    if mail is None:  # its buyer was forgotten meanwhile
        return
    tries, without_answer = mail.tries + 1, mail.unanswered + unanswered
    ended = refused or tries >= MOST_TRIES or without_answer >= MOST_UNANSWERED
    wait = min(timedelta(seconds=15 * 2**tries), LONGEST_WAIT)
    if unanswered:
        wait = timedelta(hours=without_answer)
    values = {"tries": tries, "unanswered": without_answer, "last_error": error, "delays": 0, "next_try_at": now + wait}
    if updated(_unsent(mail_id).values(ended_at=now if ended else None, **values)) and ended:
        _end(mail, without_answer)


def _end(mail: OutboxEmail, unanswered: int) -> None:
    """Say on the order that its mail is not tried any more."""
    order = db.session.get(Order, mail.order_id) if mail.order_id else None
    if order is not None:
        doubt = " It may have arrived: the mail server did not say." if unanswered else ""
        order.record(f"The email “{mail.subject}” to {mail.recipient} was not sent.{doubt}", warning=True)
    _note_receipt(mail.id, ReceiptEmail.DOUBTFUL if unanswered else ReceiptEmail.REFUSED)


def receipt_waits(mail_id: int) -> None:
    """Say on its order that the receipt is on its way again, if this mail is one. In the caller's transaction."""
    _note_receipt(mail_id, ReceiptEmail.WAITING)


def _note_receipt(mail_id: int, state: ReceiptEmail) -> None:
    """Say on its order where the receipt stands, if this mail is one."""
    of_receipt = select(OutboxEmail.order_id).where(OutboxEmail.id == mail_id, OutboxEmail.kind.in_(RECEIPTS))
    updated(update(Order).where(Order.id == of_receipt.scalar_subquery()).values(receipt_email=state))


def _delay(now: datetime, error: str) -> None:
    """The server is away: let all that is due wait, half a minute the first time, longer each further time."""
    for delays in db.session.scalars(select(OutboxEmail.delays).where(_due(now)).distinct()).all():
        wait = min(timedelta(seconds=15 * 2 ** (delays + 1)), LONGEST_DELAY)
        all_those = update(OutboxEmail).where(_due(now), OutboxEmail.delays == delays)
        updated(all_those.values(delays=min(delays + 1, 10), last_error=error, next_try_at=now + wait))


def _message(mail: OutboxEmail, settings: Settings) -> EmailMessage:
    message, shop = EmailMessage(), current_store()
    message["From"] = Address(shop.name, addr_spec=settings.mail_from)
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.written_at)
    message["Message-ID"] = mail.message_id
    message["Auto-Submitted"] = "auto-generated"
    if shop.email and mail.kind not in TO_OWNER:
        message["Reply-To"] = shop.email
    message.set_content(text_of(mail, settings))
    return message


def text_of(mail: OutboxEmail, settings: Settings) -> str:
    """The text as its reader gets it. Text that people typed is never decrypted. Raises DecryptionError."""
    return (
        Encryptor(settings.secret_keys, "email").decrypt(mail.body, mail.idempotency_key)
        if mail.encrypted
        else mail.body
    )
