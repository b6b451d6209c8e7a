"""Sittings: in which browsers somebody is signed in. The cookie holds a random token, the database its hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g, session
from sqlalchemy import delete, select, update
from sqlalchemy.orm import joinedload

from shop.accounts.models import LoginSession, TwoFactor, User
from shop.accounts.one_time_links import hashed, new_token
from shop.core.clock import utcnow
from shop.core.database import db, updated, write

MAX_SESSION = timedelta(hours=12)
MAX_PAUSE = timedelta(hours=2)
TOKEN = "admin_session"  # noqa: S105 - under which the session keeps it
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"))
LATER_BROWSERS = (("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"))  # others call themselves so too
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"))
LATER_SYSTEMS = (("CrOS", "Chromebook"), ("Mac OS X", "Mac"), ("Linux", "Linux"))


@dataclass(frozen=True)
class CurrentSession:
    """Where whoever asks now sits: their sitting, when it was seen last, and whether they have a second factor."""

    session_id: int
    last_seen_at: datetime
    second_factor: bool


def start_session(user_id: int, user_agent: str) -> str:
    """Write down that somebody sits down in this browser; the token for its cookie. Runs in the caller's transaction.

    What the same browser held before ends, and so do sittings that are over by the clock.
    """
    token, now = new_token(), utcnow()
    here = LoginSession.token_hash == hashed(session.get(TOKEN, ""))
    over = (LoginSession.since <= now - MAX_SESSION) | (LoginSession.last_seen_at <= now - MAX_PAUSE)
    db.session.execute(delete(LoginSession).where(here | ((LoginSession.user_id == user_id) & over)))
    sitting = LoginSession(
        token_hash=hashed(token), user_id=user_id, since=now, last_seen_at=now, browser=browser_words(user_agent)
    )
    db.session.add(sitting)
    _seen(user_id, now)
    return token


def load_user(identity: str) -> User | None:
    """Whoever sits in the browser that asks, with roles, in one query; None if nobody, or no longer."""
    token, now = session.get(TOKEN), utcnow()
    if not isinstance(token, str):
        return None
    query = (
        select(User, LoginSession.id, LoginSession.last_seen_at, TwoFactor.user_id)
        .join(LoginSession, LoginSession.user_id == User.id)
        .outerjoin(TwoFactor, TwoFactor.user_id == User.id)
        .where(LoginSession.token_hash == hashed(token), User.fs_uniquifier == identity, User.active)
        .where(LoginSession.since > now - MAX_SESSION, LoginSession.last_seen_at > now - MAX_PAUSE)
        .options(joinedload(User.roles))
    )
    found = db.session.execute(query).unique().one_or_none()
    if found is None:
        return None
    merchant, session_id, seen, second_factor = found
    g.current_session = CurrentSession(session_id, seen, second_factor is not None)
    return merchant


def current_session() -> CurrentSession:
    """Where whoever asks now sits. Only for pages that the guard lets nobody else open."""
    here: CurrentSession = g.current_session
    return here


def touch(user_id: int) -> None:
    """Somebody is at work: the pause begins anew. Once a minute is enough to know."""
    here, now = current_session(), utcnow()
    if now - here.last_seen_at < timedelta(minutes=1):
        return

    def note() -> None:
        updated(
            update(LoginSession)
            .where(LoginSession.id == here.session_id, LoginSession.last_seen_at < now)
            .values(last_seen_at=now)
        )
        _seen(user_id, now)

    write(note)


def end_this_session() -> bool:
    """End the sitting of the browser that asks; False if it had none. Runs inside the caller's transaction."""
    gone = (
        delete(LoginSession).where(LoginSession.token_hash == hashed(session.get(TOKEN, ""))).returning(LoginSession.id)
    )
    return db.session.scalar(gone) is not None


def end_sessions(user_id: int, but: int = 0) -> int:
    """End all of somebody's sittings but one; how many. Runs inside the caller's transaction."""
    mine = delete(LoginSession).where(LoginSession.user_id == user_id, LoginSession.id != but)
    return len(db.session.scalars(mine.returning(LoginSession.id)).all())


def sessions_of(user_id: int) -> Sequence[LoginSession]:
    """Where somebody is signed in now, the newest 50, last seen first."""
    now = utcnow()
    query = (
        select(LoginSession)
        .where(LoginSession.user_id == user_id)
        .where(LoginSession.since > now - MAX_SESSION, LoginSession.last_seen_at > now - MAX_PAUSE)
        .order_by(LoginSession.last_seen_at.desc(), LoginSession.id.desc())
    )
    return db.session.scalars(query.limit(50)).all()


def browser_words(user_agent: str) -> str:
    """A browser in a few words, from what it says of itself."""
    browser = _named(user_agent, BROWSERS + LATER_BROWSERS)
    system = _named(user_agent, SYSTEMS + LATER_SYSTEMS)
    return f"{browser or 'A browser'} on {system}" if system else browser or "An unknown browser"


def _named(user_agent: str, names: tuple[tuple[str, str], ...]) -> str:
    return next((words for mark, words in names if mark in user_agent), "")


def _seen(user_id: int, now: datetime) -> None:
    updated(update(User).where(User.id == user_id).values(last_seen_at=now))
