"""The outbox as the admin shows it: find emails, their status in words, retry an unsent one, copy a sent one.

A retry keeps the Message-ID, so that a recipient who did get the email recognises the second as the same. A copy has a
Message-ID of its own, since mail servers drop an email they have seen before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from sqlalchemy import ColumnElement, and_, func, select, update

from shop.core.clock import nairobi
from shop.core.database import db, updated
from shop.core.encryption import encryptor
from shop.core.text import one_line
from shop.emails.delivery import IN_HAND, note_receipt
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import ReceiptEmail
from shop.orders.transitions import StaleState

PER_PAGE = 50
MAX_SEARCH_LENGTH = 254  # characters of an address
TABS = {"waiting": "Waiting", "sent": "Sent", "files": "Kept as files", "failed": "Not sent"}
WITH_NUMBER = select(OutboxEmail, Order.number).outerjoin(Order, Order.id == OutboxEmail.order_id)
UNSENT = OutboxEmail.sent_at.is_(None)
TAB_CONDITIONS: dict[str, ColumnElement[bool]] = {
    "waiting": and_(UNSENT, OutboxEmail.ended_at.is_(None)),
    "sent": and_(OutboxEmail.sent_at.is_not(None), OutboxEmail.kept_as_file.is_(False)),
    "files": and_(OutboxEmail.sent_at.is_not(None), OutboxEmail.kept_as_file),
    "failed": and_(UNSENT, OutboxEmail.ended_at.is_not(None)),
}
_UNREACHED = "The mail server could not be reached"
_ERRORS = {
    "ConnectionRefusedError": _UNREACHED,
    "ConnectionResetError": "The mail server closed the connection",
    "TimeoutError": "The mail server did not answer in time",
    "gaierror": "The mail server’s name is unknown; check SMTP_HOST",
    "SMTPConnectError": _UNREACHED,
    "SMTPServerDisconnected": "The mail server closed the connection",
    "SMTPAuthenticationError": "The mail server does not accept the user name or password; check SMTP_USERNAME",
    "SMTPNotSupportedError": "The mail server does not support SMTP_SECURITY or the address",
    "SMTPHeloError": "The mail server refused the shop",
    "SMTPSenderRefused": "The mail server does not accept emails from the shop’s address; check MAIL_FROM",
    "SMTPRecipientsRefused": "The mail server does not accept emails for this address",
    "SMTPDataError": "The mail server refused the email’s text",
    "SSLError": "No secure connection to the mail server; check SMTP_SECURITY",
    "SSLCertVerificationError": "The mail server’s certificate is not valid",
    "PermissionError": "The folder for emails cannot be written",
    "ValueError": "The address or the text is not valid in an email",
    "DecryptionError": "The text is encrypted with a key the shop no longer has; ask for a new link",
    "HeaderParseError": "The address is not valid",
}
MAY_HAVE_ARRIVED = "The mail server received it and did not answer, so it may have arrived"


def retry(email: OutboxEmail, now: datetime) -> None:
    """Make an unsent email due now, with no tries counted.

    Raises StaleState when it was sent, or a worker may be sending it.
    """
    given_up = OutboxEmail.ended_at.is_not(None)
    delayed = OutboxEmail.next_try_at > now + IN_HAND
    waiting = update(OutboxEmail).where(OutboxEmail.id == email.id, OutboxEmail.sent_at.is_(None), given_up | delayed)
    afresh = {"tries": 0, "unanswered": 0, "delays": 0, "ended_at": None, "last_error": ""}
    if not updated(waiting.values(next_try_at=now, **afresh)):
        raise StaleState
    note_receipt(email.id, ReceiptEmail.WAITING)


def may_be_retried(email: OutboxEmail, now: datetime) -> bool:
    """Whether `retry` would succeed."""
    return email.sent_at is None and (email.ended_at is not None or email.next_try_at > now + IN_HAND)


def copies_of(email: OutboxEmail) -> int:
    """How many copies of it were written."""
    copies = OutboxEmail.idempotency_key.startswith(f"again-{email.id}-")
    return db.session.scalar(select(func.count()).where(copies)) or 0


def send_copy(email: OutboxEmail, seen: int, now: datetime) -> OutboxEmail:
    """Write a copy of a sent email. `seen` is the number of copies that the page showed: two clicks write one copy.

    Raises StaleState when there is one more by now, or the email was never sent; DecryptionError when it is encrypted
    and the key is gone.
    """
    if email.sent_at is None or not email.recipient or copies_of(email) != seen:
        raise StaleState
    idempotency_key = f"again-{email.id}-{seen + 1}"
    copy = OutboxEmail(
        order_id=email.order_id,
        kind=email.kind,
        idempotency_key=idempotency_key,
        recipient=email.recipient,
        subject=email.subject,
        body=_sealed_for(idempotency_key, email) if email.encrypted else email.body,
        encrypted=email.encrypted,
        message_id=f"<{token_hex(16)}@{email.message_id.rstrip('>').partition('@')[2]}>",
        written_at=now,
        next_try_at=now,
    )
    db.session.add(copy)
    db.session.flush()
    return copy


def _sealed_for(idempotency_key: str, email: OutboxEmail) -> str:
    safe = encryptor("email")
    return safe.encrypt(safe.decrypt(email.body, email.idempotency_key), idempotency_key)


@dataclass(frozen=True)
class EmailRow:
    """An email, and the number of its order."""

    mail: OutboxEmail
    number: str | None


@dataclass(frozen=True)
class EmailPage:
    """One page of emails, newest first; `older` is where the next page begins, None on the last one."""

    mails: Sequence[EmailRow]
    counts: dict[str, int]
    older: int | None


def find_emails(tab: str, q: str, before: int | None, every: bool) -> EmailPage:
    """The emails of a tab that match. Without `every` only those about orders: others may hold login links."""
    shown = _matches(q) & (OutboxEmail.id.is_not(None) if every else OutboxEmail.order_id.is_not(None))
    query = WITH_NUMBER.where(TAB_CONDITIONS[tab], shown).order_by(OutboxEmail.id.desc()).limit(PER_PAGE + 1)
    rows = db.session.execute(query if before is None else query.where(OutboxEmail.id < before)).all()
    mails = [EmailRow(*row) for row in rows[:PER_PAGE]]
    return EmailPage(mails, _counts(shown), mails[-1].mail.id if len(rows) > PER_PAGE else None)


def find_email(email_id: int, every: bool) -> EmailRow | None:
    """One email, or None; without `every` only one about an order."""
    row = db.session.execute(WITH_NUMBER.where(OutboxEmail.id == email_id)).one_or_none()
    return EmailRow(*row) if row and (every or row[0].order_id is not None) else None


def tidy_search(typed: str) -> str:
    """Clean the text of the search box."""
    return one_line(typed[: 4 * MAX_SEARCH_LENGTH], MAX_SEARCH_LENGTH)


def _counts(shown: ColumnElement[bool]) -> dict[str, int]:
    parts = [select(func.count(OutboxEmail.id)).where(tab, shown).scalar_subquery() for tab in TAB_CONDITIONS.values()]
    return dict(zip(TAB_CONDITIONS, db.session.execute(select(*parts)).one(), strict=True))


def _matches(q: str) -> ColumnElement[bool]:
    """Match emails by search text: digits are an order's number, anything else is a whole address."""
    if not q:
        return OutboxEmail.id.is_not(None)
    digits = q.replace(" ", "").removeprefix("#")
    if digits.isascii() and digits.isdigit():
        return OutboxEmail.order_id.in_(select(Order.id).where(Order.number == digits[:12]))
    return OutboxEmail.recipient.in_({q, q.lower()})


def what_became(email: OutboxEmail) -> str:
    """The status of an email, with the reason, in one line."""
    why = why_not(email.last_error)
    if email.sent_at:
        how = "kept as a file, not delivered" if email.kept_as_file else f"sent {nairobi(email.sent_at)}"
    elif email.ended_at:
        how = f"given up after {email.tries} {'try' if email.tries == 1 else 'tries'}: {why}"
    elif email.tries:
        how = f"not accepted yet, {email.tries} {'try' if email.tries == 1 else 'tries'}: {why}"
    else:
        how = f"waits to be sent: {why}" if why else "waits to be sent"
    return f"{how}. {MAY_HAVE_ARRIVED}" if email.unanswered and not email.sent_at else how


def why_not(error: str) -> str:
    """An OutboxEmail.last_error in words; "" for none."""
    name, _, codes = error.partition(" ")
    if not error:
        return ""
    words = _ERRORS.get(name)
    if words is None:
        return f"The email was not accepted ({error})"
    return f"{words} ({codes})" if codes else words
