"""Login and logout with Flask-Login, on the admin's pages only.

The session cookie is the shop's own, so that a cart survives. A user is signed in only while the cookie also holds the
token of a login session (staff_sessions.py).
"""

import re
from datetime import timedelta

from flask import Flask, g, request, session
from flask_login import LoginManager, login_user, logout_user
from sqlalchemy import select

from shop.accounts import login_throttle, staff_sessions
from shop.accounts.audit_log import audit_as
from shop.accounts.models import User
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.web.errors import is_admin_path

FRESH_FOR = timedelta(minutes=10)  # after which a sensitive page asks for the password again
FRESH_FOR_POST = timedelta(minutes=30)  # for a form that was opened in time: nothing typed is lost
MAX_PENDING = timedelta(minutes=10)  # from the password to the two-factor code
CONFIRMED_AT, PENDING_LOGIN = "admin_confirmed_at", "admin_pending_login"  # session keys
SAFE_NEXT = re.compile(
    r"/admin/(?!sign-|confirm)([a-z0-9][a-z0-9-]*(/[A-Za-z0-9][A-Za-z0-9-]*){0,4})?(\?[!#-\[\]-~]*)?"
)


def init_login(app: Flask) -> None:
    """Set up Flask-Login."""
    manager = LoginManager(app)
    manager.session_protection = None  # a phone changes its address all day
    manager.user_loader(_load_user)


def _load_user(session_key: str) -> User | None:
    """The signed-in user on the admin's pages; on other pages none, without a query, so that they stay cacheable."""
    not_found = request.blueprint is None and is_admin_path(request.path)  # "not found" keeps the admin's frame
    if g.get("without_database") or not (request.blueprint in ("admin", "accounts") or not_found):
        return None
    return staff_sessions.load_user(session_key)


def is_fresh(method: str) -> bool:
    """Whether the user gave the password recently enough for a sensitive request of this method."""
    allowed = FRESH_FOR if method in ("GET", "HEAD") else FRESH_FOR_POST
    elapsed = utcnow().timestamp() - session.get(CONFIRMED_AT, 0)
    return abs(elapsed) <= allowed.total_seconds()  # a time in the future: the clock was set back


def mark_fresh() -> None:
    """Record that the user has just given the password."""
    session[CONFIRMED_AT] = int(utcnow().timestamp())


def log_in(user: User, how: str) -> None:
    """Start a login session with a new token. `how` completes "Signed in ..." in the audit log."""
    name, user_id, user_agent = user.display_name, user.id, request.user_agent.string

    def start() -> str:
        audit_as(f"Signed in {how}", name, user_id)
        return staff_sessions.start_session(user_id, user_agent)

    login_throttle.remember_browser(user.email)
    token = write(start)
    login_user(user)
    session[staff_sessions.TOKEN] = token
    session.pop(PENDING_LOGIN, None)
    session.pop("csrf_token", None)  # a token that was planted before the login is worthless after it
    mark_fresh()


def log_out() -> None:
    """Remove the login from this browser's session; the cart stays."""
    logout_user()
    for key in (staff_sessions.TOKEN, CONFIRMED_AT, PENDING_LOGIN):
        session.pop(key, None)


def expect_code(user: User) -> None:
    """Remember in this browser that the user gave the right password and no two-factor code yet."""
    session[PENDING_LOGIN] = [user.session_key, int(utcnow().timestamp())]


def pending_user() -> User | None:
    """The user who gave the right password in this browser at most MAX_PENDING ago, and no two-factor code yet."""
    session_key, at = session.get(PENDING_LOGIN) or ("", 0)
    if utcnow().timestamp() - at > MAX_PENDING.total_seconds():
        return None
    return db.session.scalar(select(User).where(User.session_key == session_key, User.active))


def admin_address(address: str | None) -> str:
    """`address` if it is a page of the admin, else "". No other redirect follows a login."""
    return address if address and SAFE_NEXT.fullmatch(address) else ""
