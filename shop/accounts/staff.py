"""Adding, changing and removing users, and the lists of the staff pages. The last owner always stays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask_login import current_user
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from shop.accounts.audit_log import audit
from shop.accounts.credentials import user_by_email
from shop.accounts.models import AuditLogEntry, OneTimeLink, TwoFactor, User, new_session_key
from shop.accounts.one_time_links import withdraw_links
from shop.accounts.staff_sessions import end_sessions
from shop.accounts.two_factor import turn_off
from shop.core.clock import midnight
from shop.core.database import advisory_lock, db
from shop.orders.models import Order
from shop.web.fingerprints import Label, refuse_if_changed

MAX_ROWS = 200  # of each list
PER_PAGE = 50  # audit log entries
LABELS: dict[str, Label] = {"role": ("Role", {"staff": "Staff", "owner": "Owner"})}


class LastOwner(Exception):
    """The shop would be left without an owner. Nothing was changed."""


class NoLongerOwner(Exception):
    """The signed-in user was an owner when the page was opened, and is not any more. Nothing was changed."""


class UserExists(Exception):
    """There is an active user with this email. Nothing was changed."""


def change_role(user_id: int, role: str) -> bool:
    """Change a user's role and end all their sessions; False if there was nothing to change.

    Runs in the caller's transaction, like everything here. Raises LastOwner, NoLongerOwner, LookupError, and
    StaleForm when the posted form showed another role.
    """
    user = _active_user(user_id)
    if user.role == role:
        return False
    refuse_if_changed(f"user {user.id}", {"role": user.role}, labels=LABELS)
    _keep_an_owner(user)
    user.role = role
    end_sessions(user.id)
    audit(f"Changed the role of {user.display_name} to {role}")
    return True


def remove_user(user_id: int) -> str:
    """Remove a user and end all their sessions; the name. Audit log entries keep it.

    Raises LastOwner, NoLongerOwner, LookupError.
    """
    user = _active_user(user_id)
    _keep_an_owner(user)
    user.active, user.session_key = False, new_session_key()
    end_sessions(user.id)
    turn_off(user.id)
    withdraw_links(user.email)
    audit(f"Removed {user.display_name}")
    return user.display_name


def reset_two_factor(user_id: int) -> str:
    """Turn off the two-factor codes of a user who lost them, and end all their sessions; the name.

    Raises NoLongerOwner, LookupError.
    """
    user = _active_user(user_id)
    if turn_off(user.id):
        end_sessions(user.id)
        audit(f"Turned off the two-factor codes of {user.display_name}")
    return user.display_name


def add_user(email: str, role: str, name: str, password: str) -> User:
    """Create a user with a password hash, or restore the removed one. Raises UserExists."""
    user = user_by_email(email)
    if user is None:
        user = User(email=email, role=role, name=name, password=password)
        try:
            with db.session.begin_nested():
                db.session.add(user)
        except IntegrityError:  # created by another process at the same moment
            raise UserExists from None
    elif user.active:
        raise UserExists
    else:
        user.active, user.role, user.name, user.password = True, role, name, password
        user.session_key = new_session_key()
    return user


def set_password(user: User, password: str, except_session: int = 0) -> None:
    """Set a password hash, end the user's other sessions and withdraw password reset links."""
    user.password, user.session_key = password, new_session_key()
    end_sessions(user.id, except_session)
    withdraw_links(user.email, "password")


def _active_user(user_id: int) -> User:
    """An active user. Takes the lock under which users are changed and checks that the signed-in user is an owner."""
    advisory_lock("users")
    if not (current_user.active and current_user.role == "owner"):
        raise NoLongerOwner
    user = db.session.get(User, user_id)
    if user is None or not user.active:
        raise LookupError
    return user


def _keep_an_owner(user: User) -> None:
    """Raise LastOwner when no other user is an owner."""
    others = select(func.count()).select_from(User).where(User.role == "owner", User.active, User.id != user.id)
    if user.role == "owner" and not db.session.scalar(others):
        raise LastOwner


@dataclass(frozen=True)
class AuditLogPage:
    """One page of the audit log, newest first."""

    rows: Sequence[Any]  # id, at, who, words, and the order's number or None
    older: int | None  # the id before which the next page begins


def active_users() -> Sequence[Any]:
    """Active users, each with the time since when two-factor codes are on, or None."""
    query = (
        select(User, TwoFactor.since.label("codes_since"))
        .outerjoin(TwoFactor, TwoFactor.user_id == User.id)
        .where(User.active)
        .order_by(User.id)
    )
    return db.session.execute(query.limit(MAX_ROWS)).all()


def removed_users() -> Sequence[User]:
    """Removed users, the last seen first."""
    query = select(User).where(~User.active).order_by(User.last_seen_at.desc(), User.id.desc())
    return db.session.scalars(query.limit(MAX_ROWS)).all()


def invitations() -> Sequence[OneTimeLink]:
    """Invitations that were not accepted yet, newest first."""
    query = select(OneTimeLink).where(OneTimeLink.kind == "invite").order_by(OneTimeLink.id.desc())
    return db.session.scalars(query.limit(MAX_ROWS)).all()


def all_users() -> Sequence[Any]:
    """Id, name, email and active of all users, removed ones too."""
    query = select(User.id, User.name, User.email, User.active).order_by(User.id)
    return db.session.execute(query.limit(MAX_ROWS)).all()


def audit_log_entries(user_id: int | None, day: date | None, before: int | None) -> AuditLogPage:
    """A page of the audit log, optionally of one user, of one day in Nairobi, or older than the entry `before`."""
    query = select(AuditLogEntry.id, AuditLogEntry.at, AuditLogEntry.who, AuditLogEntry.words, Order.number)
    query = query.outerjoin(Order, Order.id == AuditLogEntry.order_id)
    if user_id is not None:
        query = query.where(AuditLogEntry.user_id == user_id)
    if day is not None:
        query = query.where(AuditLogEntry.at >= midnight(day), AuditLogEntry.at < midnight(day + timedelta(days=1)))
    if before is not None:
        query = query.where(AuditLogEntry.id < before)
    rows = db.session.execute(query.order_by(AuditLogEntry.id.desc()).limit(PER_PAGE + 1)).all()
    return AuditLogPage(rows[:PER_PAGE], rows[PER_PAGE - 1].id if len(rows) > PER_PAGE else None)
