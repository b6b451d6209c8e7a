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

from shop.core.database import changed, db
from shop.core.encryption import sealer
from shop.core.text import one_line
from shop.emails.delivery import IN_HAND, receipt_waits
from shop.emails.models import OutboxMail
from shop.orders.models import Order
from shop.orders.transitions import MovedMeanwhile


def try_again(mail: OutboxMail, now: datetime) -> None:
    """Let the worker try an unsent mail at once, as if for the first time.

    Raises MovedMeanwhile when it was sent meanwhile, or a worker may have it in hand at this moment.
    """
    given_up = OutboxMail.ended_at.is_not(None)
    put_off = OutboxMail.next_try_at > now + IN_HAND
    waiting = update(OutboxMail).where(OutboxMail.id == mail.id, OutboxMail.sent_at.is_(None), given_up | put_off)
    afresh = {"tries": 0, "unanswered": 0, "delays": 0, "ended_at": None, "last_error": ""}
    if not changed(waiting.values(next_try_at=now, **afresh)):
        raise MovedMeanwhile
    receipt_waits(mail.id)


def may_be_tried(mail: OutboxMail, now: datetime) -> bool:
    """Whether `try_again` would find it waiting."""
    return mail.sent_at is None and (mail.ended_at is not None or mail.next_try_at > now + IN_HAND)


def copies_of(mail: OutboxMail) -> int:
    """How often it was written anew already."""
    return db.session.scalar(select(func.count()).where(OutboxMail.once.startswith(f"again-{mail.id}-"))) or 0


def send_once_more(mail: OutboxMail, seen: int, now: datetime) -> OutboxMail:
    """Write a sent mail anew. `seen` is how many copies the page showed.

    Raises MovedMeanwhile when there is one more by now, or the mail was never sent; SealBroken when it is encrypted and
    the key is gone.
    """
    if mail.sent_at is None or not mail.recipient or copies_of(mail) != seen:
        raise MovedMeanwhile
    once = f"again-{mail.id}-{seen + 1}"
    copy = OutboxMail(
        order_id=mail.order_id,
        kind=mail.kind,
        once=once,
        recipient=mail.recipient,
        subject=mail.subject,
        body=_sealed_for(once, mail) if mail.encrypted else mail.body,
        encrypted=mail.encrypted,
        message_id=f"<{token_hex(16)}@{mail.message_id.rstrip('>').partition('@')[2]}>",
        written_at=now,
        next_try_at=now,
    )
    db.session.add(copy)
    db.session.flush()
    return copy


def _sealed_for(once: str, mail: OutboxMail) -> str:
    safe = sealer("email")
    return safe.seal(safe.open(mail.body, mail.once), once)


PER_PAGE = 50
LONGEST_SEARCH = 254  # characters of an address
TABS = {"waiting": "Waiting", "sent": "Sent", "files": "Kept as files", "failed": "Not sent"}


@dataclass(frozen=True)
class Mail:
    """One row of the list: the mail, and the number of its order."""

    mail: OutboxMail
    number: str | None


@dataclass(frozen=True)
class Found:
    """One page of mails, newest first; `older` is where the next page begins, None on the last one."""

    mails: Sequence[Mail]
    counts: dict[str, int]
    older: int | None


def find_mails(tab: str, q: str, before: int | None, every: bool) -> Found:
    """The mails of a tab that fit. Without `every` only those about orders: others may let people in."""
    shown = _fits(q) & (OutboxMail.id.is_not(None) if every else OutboxMail.order_id.is_not(None))
    query = (
        select(OutboxMail, Order.number)
        .outerjoin(Order, Order.id == OutboxMail.order_id)
        .where(STANDING[tab], shown)
        .order_by(OutboxMail.id.desc())
        .limit(PER_PAGE + 1)
    )
    rows = db.session.execute(query if before is None else query.where(OutboxMail.id < before)).all()
    mails = [Mail(*row) for row in rows[:PER_PAGE]]
    return Found(mails, _counts(shown), mails[-1].mail.id if len(rows) > PER_PAGE else None)


def find_mail(mail_id: int, every: bool) -> Mail | None:
    """One mail, or None; without `every` one about an order only."""
    query = select(OutboxMail, Order.number).outerjoin(Order, Order.id == OutboxMail.order_id)
    row = db.session.execute(query.where(OutboxMail.id == mail_id)).one_or_none()
    return Mail(*row) if row and (every or row[0].order_id is not None) else None


def tidy_search(typed: str) -> str:
    """What was typed into the search box, on one line."""
    return one_line(typed[: 4 * LONGEST_SEARCH], LONGEST_SEARCH)


UNSENT = OutboxMail.sent_at.is_(None)
STANDING: dict[str, ColumnElement[bool]] = {
    "waiting": and_(UNSENT, OutboxMail.ended_at.is_(None)),
    "sent": and_(OutboxMail.sent_at.is_not(None), OutboxMail.kept_as_file.is_(False)),
    "files": and_(OutboxMail.sent_at.is_not(None), OutboxMail.kept_as_file),
    "failed": and_(UNSENT, OutboxMail.ended_at.is_not(None)),
}


def _counts(shown: ColumnElement[bool]) -> dict[str, int]:
    parts = [
        select(func.count(OutboxMail.id)).where(standing, shown).scalar_subquery() for standing in STANDING.values()
    ]
    return dict(zip(STANDING, db.session.execute(select(*parts)).one(), strict=True))


def _fits(q: str) -> ColumnElement[bool]:
    """Whether a mail fits: digits are an order's number, anything else a whole address."""
    if not q:
        return OutboxMail.id.is_not(None)
    digits = q.replace(" ", "").removeprefix("#")
    if digits.isascii() and digits.isdigit():
        return OutboxMail.order_id.in_(select(Order.id).where(Order.number == digits[:12]))
    return OutboxMail.recipient.in_({q, q.lower()})
