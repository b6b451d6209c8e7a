"""Sending a mail again, each way by one guarded change.

A mail that never arrived goes out under the Message-ID it always had: wherever it was taken after all, the second is
known as the same. One that was sent and got lost is written anew, with a Message-ID of its own, since mail servers drop
what they have seen before; pressed twice, it is still one mail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from sqlalchemy import ColumnElement, and_, func, select, update

from shop.core.database import db, updated
from shop.core.encryption import encryptor
from shop.core.text import one_line
from shop.emails.delivery import IN_HAND, receipt_waits
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.transitions import StaleState


def retry(mail: OutboxEmail, now: datetime) -> None:
    """Let the worker try an unsent mail at once, as if for the first time.

    Raises StaleState when it was sent meanwhile, or a worker may have it in hand at this moment.
    """
    given_up = OutboxEmail.ended_at.is_not(None)
    put_off = OutboxEmail.next_try_at > now + IN_HAND
    waiting = update(OutboxEmail).where(OutboxEmail.id == mail.id, OutboxEmail.sent_at.is_(None), given_up | put_off)
    afresh = {"tries": 0, "unanswered": 0, "delays": 0, "ended_at": None, "last_error": ""}
    if not updated(waiting.values(next_try_at=now, **afresh)):
        raise StaleState
    receipt_waits(mail.id)


def may_be_retried(mail: OutboxEmail, now: datetime) -> bool:
    """Whether `try_again` would find it waiting."""
    return mail.sent_at is None and (mail.ended_at is not None or mail.next_try_at > now + IN_HAND)


def copies_of(mail: OutboxEmail) -> int:
    """How often it was written anew already."""
    return (
        db.session.scalar(select(func.count()).where(OutboxEmail.idempotency_key.startswith(f"again-{mail.id}-"))) or 0
    )


def send_copy(mail: OutboxEmail, seen: int, now: datetime) -> OutboxEmail:
    """Write a copy of a sent email. `seen` is the number of copies that the page showed.

    Raises StaleState when there is one more by now, or the email was never sent; DecryptionError when it is encrypted
    and the key is gone.
    """
    if mail.sent_at is None or not mail.recipient or copies_of(mail) != seen:
        raise StaleState
    idempotency_key = f"again-{mail.id}-{seen + 1}"
    copy = OutboxEmail(
        order_id=mail.order_id,
        kind=mail.kind,
        idempotency_key=idempotency_key,
        recipient=mail.recipient,
        subject=mail.subject,
        body=_sealed_for(idempotency_key, mail) if mail.encrypted else mail.body,
        encrypted=mail.encrypted,
        message_id=f"<{token_hex(16)}@{mail.message_id.rstrip('>').partition('@')[2]}>",
        written_at=now,
        next_try_at=now,
    )
    db.session.add(copy)
    db.session.flush()
    return copy


def _sealed_for(idempotency_key: str, mail: OutboxEmail) -> str:
    safe = encryptor("email")
    return safe.encrypt(safe.decrypt(mail.body, mail.idempotency_key), idempotency_key)


PER_PAGE = 50
LONGEST_SEARCH = 254  # characters of an address
TABS = {"waiting": "Waiting", "sent": "Sent", "files": "Kept as files", "failed": "Not sent"}


@dataclass(frozen=True)
class EmailRow:
    """One row of the list: the mail, and the number of its order."""

    mail: OutboxEmail
    number: str | None


@dataclass(frozen=True)
class Found:
    """One page of mails, newest first; `older` is where the next page begins, None on the last one."""

    mails: Sequence[EmailRow]
    counts: dict[str, int]
    older: int | None


def find_emails(tab: str, q: str, before: int | None, every: bool) -> Found:
    """The mails of a tab that fit. Without `every` only those about orders: others may let people in."""
    shown = _fits(q) & (OutboxEmail.id.is_not(None) if every else OutboxEmail.order_id.is_not(None))
    query = (
        select(OutboxEmail, Order.number)
        .outerjoin(Order, Order.id == OutboxEmail.order_id)
        .where(STANDING[tab], shown)
        .order_by(OutboxEmail.id.desc())
        .limit(PER_PAGE + 1)
    )
    rows = db.session.execute(query if before is None else query.where(OutboxEmail.id < before)).all()
    mails = [EmailRow(*row) for row in rows[:PER_PAGE]]
    return Found(mails, _counts(shown), mails[-1].mail.id if len(rows) > PER_PAGE else None)


def find_email(mail_id: int, every: bool) -> EmailRow | None:
    """One mail, or None; without `every` one about an order only."""
    query = select(OutboxEmail, Order.number).outerjoin(Order, Order.id == OutboxEmail.order_id)
    row = db.session.execute(query.where(OutboxEmail.id == mail_id)).one_or_none()
    return EmailRow(*row) if row and (every or row[0].order_id is not None) else None


def tidy_search(typed: str) -> str:
    """What was typed into the search box, on one line."""
    return one_line(typed[: 4 * LONGEST_SEARCH], LONGEST_SEARCH)


UNSENT = OutboxEmail.sent_at.is_(None)
STANDING: dict[str, ColumnElement[bool]] = {
    "waiting": and_(UNSENT, OutboxEmail.ended_at.is_(None)),
    "sent": and_(OutboxEmail.sent_at.is_not(None), OutboxEmail.kept_as_file.is_(False)),
    "files": and_(OutboxEmail.sent_at.is_not(None), OutboxEmail.kept_as_file),
    "failed": and_(UNSENT, OutboxEmail.ended_at.is_not(None)),
}


def _counts(shown: ColumnElement[bool]) -> dict[str, int]:
    parts = [
        select(func.count(OutboxEmail.id)).where(standing, shown).scalar_subquery() for standing in STANDING.values()
    ]
    return dict(zip(STANDING, db.session.execute(select(*parts)).one(), strict=True))


def _fits(q: str) -> ColumnElement[bool]:
    """Whether a mail fits: digits are an order's number, anything else a whole address."""
    if not q:
        return OutboxEmail.id.is_not(None)
    digits = q.replace(" ", "").removeprefix("#")
    if digits.isascii() and digits.isdigit():
        return OutboxEmail.order_id.in_(select(Order.id).where(Order.number == digits[:12]))
    return OutboxEmail.recipient.in_({q, q.lower()})
