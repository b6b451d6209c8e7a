"""Mails found by tab, by recipient or by order number, one page at a time by key."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select

from shop.chpter.text import one_line
from shop.database import db
from shop.notices.models import OutboxMail
from shop.orders.models import Order

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
