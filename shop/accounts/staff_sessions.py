"""Login sessions: the browsers in which a user is signed in. The cookie holds a random token, the database its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g, session
from sqlalchemy import ColumnElement, and_, delete, select, update

from shop.accounts.models import LoginSession, TwoFactor, User
from shop.accounts.one_time_links import hashed, new_token
from shop.core.clock import utcnow
from shop.core.database import db, updated, write

MAX_AGE = timedelta(hours=12)
MAX_IDLE = timedelta(hours=2)
TOKEN = "admin_session"  # noqa: S105 - session key
BROWSERS = {  # by their mark in the user agent; Chrome and Safari last, because the others name them too
    **{"Edg": "Edge", "OPR": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox": "Firefox"},
    **{"CriOS": "Chrome", "Chrome": "Chrome", "Safari": "Safari"},
}
SYSTEMS = {name: name for name in ("Android", "iPhone", "iPad", "Windows", "CrOS", "Mac OS X", "Linux")}


@dataclass(frozen=True)
class CurrentSession:
    """The login session of this request. `two_factor`: whether its user has two-factor codes set up."""

    session_id: int
    last_seen_at: datetime
    two_factor: bool


def start_session(user_id: int, user_agent: str) -> str:
    """Start a login session; the token for the cookie. Runs in the caller's transaction.

    Ends the session that this browser had, and the user's expired sessions.
    """
    token, now = new_token(), utcnow()
    this_browser = LoginSession.token_hash == hashed(session.get(TOKEN, ""))
    expired = (LoginSession.user_id == user_id) & ~_unexpired()
    db.session.execute(delete(LoginSession).where(this_browser | expired))
    browser = browser_name(user_agent)
    db.session.add(
        LoginSession(token_hash=hashed(token), user_id=user_id, since=now, last_seen_at=now, browser=browser)
    )
    _update_user_last_seen(user_id, now)
    return token


def load_user(session_key: str) -> User | None:
    """The user signed in in this browser, in one query; None without a login session."""
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    query = (
        select(User, LoginSession.id, LoginSession.last_seen_at, TwoFactor.user_id)
        .join(LoginSession, LoginSession.user_id == User.id)
        .outerjoin(TwoFactor, TwoFactor.user_id == User.id)
        .where(LoginSession.token_hash == hashed(token), _unexpired(), User.session_key == session_key, User.active)
    )
    row = db.session.execute(query).one_or_none()
    if row is None:
        return None
    user, session_id, last_seen_at, two_factor_id = row
    g.current_session = CurrentSession(session_id, last_seen_at, two_factor_id is not None)
    return user


def current_session() -> CurrentSession:
    """The current session. Requires a signed-in user."""
    current: CurrentSession = g.current_session
    return current


def touch(user_id: int) -> None:
    """Update the session's last-seen time, at most once a minute."""
    current, now = current_session(), utcnow()
    if now - current.last_seen_at < timedelta(minutes=1):
        return

    def update_last_seen() -> None:
        updated(
            update(LoginSession)
            .where(LoginSession.id == current.session_id, LoginSession.last_seen_at < now)
            .values(last_seen_at=now)
        )
        _update_user_last_seen(user_id, now)

    write(update_last_seen)


def end_this_session() -> bool:
    """End the session of this browser; False if it had none. Runs in the caller's transaction."""
    ended = delete(LoginSession).where(LoginSession.token_hash == hashed(session.get(TOKEN, "")))
    return db.session.scalar(ended.returning(LoginSession.id)) is not None


def end_sessions(user_id: int, except_id: int = 0) -> int:
    """End all sessions of a user but one; how many. Runs in the caller's transaction."""
    ended = delete(LoginSession).where(LoginSession.user_id == user_id, LoginSession.id != except_id)
    return len(db.session.scalars(ended.returning(LoginSession.id)).all())


def sessions_of(user_id: int) -> Sequence[LoginSession]:
    """A user's sessions, last seen first, at most 50."""
    query = (
        select(LoginSession)
        .where(LoginSession.user_id == user_id, _unexpired())
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
    )
    return db.session.scalars(query.limit(50)).all()


def browser_name(user_agent: str) -> str:
    """A browser in a few words, for example "Chrome on Android"."""
    names = (next((table[mark] for mark in table if mark in user_agent), "") for table in (BROWSERS, SYSTEMS))
    return " on ".join(filter(None, names)) or "Unknown browser"


def _unexpired() -> ColumnElement[bool]:
    now = utcnow()
    return and_(LoginSession.since > now - MAX_AGE, LoginSession.last_seen_at > now - MAX_IDLE)


def _update_user_last_seen(user_id: int, now: datetime) -> None:
    updated(update(User).where(User.id == user_id).values(last_seen_at=now))
