"""Reading the lists about people: who is there, who is invited, and what everybody did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.admin.models import Merchant, OneTimeLink, SecondFactor, StaffAct
from shop.clock import NAIROBI
from shop.database import db
from shop.orders.models import Order

MOST_PEOPLE = 200  # a shop with more has outgrown one list
PER_PAGE = 50


@dataclass(frozen=True)
class Acts:
    """One page of the log, newest first."""

    rows: Sequence[Any]  # each with at, who, words and the order's number, if it was about one
    older: int | None  # the id before which the next page begins


def people_at_the_desk() -> Sequence[Any]:
    """Each a Merchant with roles, and when they set up codes, in the order they came."""
    query = (
        select(Merchant, SecondFactor.since.label("codes_since"))
        .outerjoin(SecondFactor, SecondFactor.merchant_id == Merchant.id)
        .where(Merchant.active)
        .options(selectinload(Merchant.roles))
        .order_by(Merchant.id)
    )
    return db.session.execute(query.limit(MOST_PEOPLE)).all()


def removed_people() -> Sequence[Merchant]:
    """Who sat here once, the last to be seen first."""
    query = select(Merchant).where(~Merchant.active).order_by(Merchant.seen_at.desc(), Merchant.id.desc())
    return db.session.scalars(query.limit(MOST_PEOPLE)).all()


def invitations() -> Sequence[OneTimeLink]:
    """What was mailed and not used yet, newest first."""
    query = select(OneTimeLink).where(OneTimeLink.kind == "invite").order_by(OneTimeLink.id.desc())
    return db.session.scalars(query.limit(MOST_PEOPLE)).all()


def everybody() -> Sequence[Any]:
    """Ids, names and e-mails of all who ever sat here, for choosing one."""
    query = select(Merchant.id, Merchant.name, Merchant.email, Merchant.active).order_by(Merchant.id)
    return db.session.execute(query.limit(MOST_PEOPLE)).all()


def acts(person: int | None, day: date | None, before: int | None) -> Acts:
    """One page of the log, of one person or of all, of one day in Nairobi or of all, older than the act `before`."""
    query = select(StaffAct.id, StaffAct.at, StaffAct.who, StaffAct.words, Order.number)
    query = query.outerjoin(Order, Order.id == StaffAct.order_id)
    if person is not None:
        query = query.where(StaffAct.merchant_id == person)
    if day is not None:
        begins = datetime.combine(day, time(), NAIROBI)
        query = query.where(StaffAct.at >= begins, StaffAct.at < begins + timedelta(days=1))
    if before is not None:
        query = query.where(StaffAct.id < before)
    rows = db.session.execute(query.order_by(StaffAct.id.desc()).limit(PER_PAGE + 1)).all()
    return Acts(rows[:PER_PAGE], rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None)


def day_in(typed: str) -> date | None:
    """A day as a date field sends it; None for anything else, or a year that no log has."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None
