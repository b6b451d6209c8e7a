"""Letting people in and putting them out. One owner always stays, whoever presses what at the same moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, cast

from flask_security import RoleMixin, current_user
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from shop.accounts.audit_log import audit, audit_as
from shop.accounts.login import people, user_by_email
from shop.accounts.models import AuditLogEntry, OneTimeLink, Role, TwoFactor, User, user_roles
from shop.accounts.one_time_links import withdraw_links
from shop.accounts.staff_sessions import end_sessions
from shop.accounts.two_factor import turn_off
from shop.core.clock import NAIROBI
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.web.fingerprints import Label, refuse_if_changed

LABELS: dict[str, Label] = {"role": ("What they may do", {"staff": "Staff", "owner": "Owner"})}


class LastOwner(Exception):
    """The shop would be left without an owner. Nothing was changed."""


class NoLongerOwner(Exception):
    """Whoever asked was an owner when the page was opened, and is none any more. Nothing was changed."""


class AlreadyHere(Exception):
    """Somebody with this e-mail sits at the desk already. Nothing was changed."""


def change_role(user_id: int, role: str) -> bool:
    """Make somebody staff or owner, and have them sign in anew; False if there was nothing to change.

    Runs inside the caller's transaction, like everything here. Raises LastOwner, NoLongerOwner, LookupError, and
    StaleForm when the posted form's page showed another role.
    """
    merchant = _one_of_ours(user_id)
    if [held.name for held in merchant.roles] == [role]:
        return False
    now = {"role": "owner" if merchant.has_role("owner") else "staff"}
    refuse_if_changed(f"user {merchant.id}", now, labels=LABELS)
    if role != "owner":
        _leave_an_owner(merchant)
    merchant.roles = [_role(role)]
    end_sessions(merchant.id)
    audit(f"Made {_named(merchant)} {'an owner' if role == 'owner' else 'staff'}")
    return True


def remove(user_id: int) -> str:
    """Put somebody out, at once, wherever they are signed in; their name. What they did keeps it.

    Raises LastOwner, NoLongerOwner, LookupError.
    """
    merchant = _one_of_ours(user_id)
    _leave_an_owner(merchant)
    name = _named(merchant)
    merchant.active = False
    people.set_uniquifier(merchant)
    end_sessions(merchant.id)
    turn_off(merchant.id)
    withdraw_links(merchant.email)
    audit(f"Removed {name}")
    return name


def reset_codes(user_id: int) -> str:
    """Ask somebody who lost phone and recovery codes for no code any more, and have them sign in anew; their name.

    Raises NoLongerOwner, LookupError.
    """
    merchant = _one_of_ours(user_id)
    name = _named(merchant)
    if turn_off(merchant.id):
        end_sessions(merchant.id)
        audit(f"Turned the codes of {name} off")
    return name


def accept_invitation(email: str, role: str, name: str, password: str) -> User:
    """Give somebody a place at the desk. Who had been removed is themselves again. Raises AlreadyHere."""
    roles = [_role(role)]
    merchant = user_by_email(email)
    if merchant is None:
        try:
            with db.session.begin_nested():
                merchant = cast(User, people.create_user(email=email, password=password, name=name, roles=roles))
                db.session.flush()
        except IntegrityError:  # let in by the command at the same moment
            raise AlreadyHere from None
    elif merchant.active:
        raise AlreadyHere
    else:
        merchant.active, merchant.name, merchant.password, merchant.roles = True, name, password, roles
        people.set_uniquifier(merchant)
    return merchant


def new_password_for(email: str, password: str, words: str) -> bool:
    """Change a password by its hash, and sign its owner out everywhere; False if nobody has that e-mail."""
    merchant = user_by_email(email)
    if merchant is None or not merchant.active:
        return False
    set_password(merchant, password)
    audit_as(words, _named(merchant), merchant.id)
    return True


def set_password(merchant: User, password: str, but_sitting: int = 0) -> None:
    """Change a password by its hash. Their other sittings end, and links that were mailed to them."""
    merchant.password = password
    people.set_uniquifier(merchant)
    end_sessions(merchant.id, but_sitting)
    withdraw_links(merchant.email, "password")


def _one_of_ours(user_id: int) -> User:
    """Somebody at the desk, once whoever asks is found to be an owner still. One change of people after the other."""
    updated(update(Role).where(Role.name == "owner").values(name=Role.name))  # the others wait here
    if not (current_user.active and current_user.has_role("owner")):
        raise NoLongerOwner
    merchant = db.session.get(User, user_id)
    if merchant is None or not merchant.active:
        raise LookupError
    return merchant


def _leave_an_owner(merchant: User) -> None:
    others = (
        select(func.count())
        .select_from(User)
        .join(user_roles)
        .join(Role)
        .where(Role.name == "owner", User.active, User.id != merchant.id)
    )
    if merchant.has_role("owner") and not db.session.scalar(others):
        raise LastOwner


def _role(name: str) -> Role:
    try:
        with db.session.begin_nested():
            role: RoleMixin | None = people.find_or_create_role(name)
            db.session.flush()
    except IntegrityError:  # the first two of a kind at the same moment
        role = people.find_role(name)
    return cast(Role, role)


def _named(merchant: User) -> str:
    return merchant.name or merchant.email


MOST_PEOPLE = 200  # a shop with more has outgrown one list
PER_PAGE = 50


@dataclass(frozen=True)
class AuditLogPage:
    """One page of the log, newest first."""

    rows: Sequence[Any]  # each with at, who, words and the order's number, if it was about one
    older: int | None  # the id before which the next page begins


def current_staff() -> Sequence[Any]:
    """Each a Merchant with roles, and when they set up codes, in the order they came."""
    query = (
        select(User, TwoFactor.since.label("codes_since"))
        .outerjoin(TwoFactor, TwoFactor.user_id == User.id)
        .where(User.active)
        .options(selectinload(User.roles))
        .order_by(User.id)
    )
    return db.session.execute(query.limit(MOST_PEOPLE)).all()


def removed_staff() -> Sequence[User]:
    """Who sat here once, the last to be seen first."""
    query = select(User).where(~User.active).order_by(User.last_seen_at.desc(), User.id.desc())
    return db.session.scalars(query.limit(MOST_PEOPLE)).all()


def invitations() -> Sequence[OneTimeLink]:
    """What was mailed and not used yet, newest first."""
    query = select(OneTimeLink).where(OneTimeLink.kind == "invite").order_by(OneTimeLink.id.desc())
    return db.session.scalars(query.limit(MOST_PEOPLE)).all()


def all_users() -> Sequence[Any]:
    """Ids, names and e-mails of all who ever sat here, for choosing one."""
    query = select(User.id, User.name, User.email, User.active).order_by(User.id)
    return db.session.execute(query.limit(MOST_PEOPLE)).all()


def audit_log_entries(person: int | None, day: date | None, before: int | None) -> AuditLogPage:
    """One page of the log, of one person or of all, of one day in Nairobi or of all, older than the act `before`."""
    query = select(AuditLogEntry.id, AuditLogEntry.at, AuditLogEntry.who, AuditLogEntry.words, Order.number)
    query = query.outerjoin(Order, Order.id == AuditLogEntry.order_id)
    if person is not None:
        query = query.where(AuditLogEntry.user_id == person)
    if day is not None:
        begins = datetime.combine(day, time(), NAIROBI)
        query = query.where(AuditLogEntry.at >= begins, AuditLogEntry.at < begins + timedelta(days=1))
    if before is not None:
        query = query.where(AuditLogEntry.id < before)
    rows = db.session.execute(query.order_by(AuditLogEntry.id.desc()).limit(PER_PAGE + 1)).all()
    return AuditLogPage(rows[:PER_PAGE], rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None)


def day_in(typed: str) -> date | None:
    """A day as a date field sends it; None for anything else, or a year that no log has."""
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    return day if 2000 <= day.year <= 2200 else None
