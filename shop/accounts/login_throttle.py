"""How often somebody may try to prove who they are. Counted in the database, where all web processes look.

Tries at a password count against the account, however its e-mail is spelled: a hundred addresses have no more of them
than one. So that a stranger who keeps guessing locks nobody out, a browser in which somebody has signed in before keeps
a sealed mark, and tries there are counted apart. A try is counted before it is looked at.
"""

from datetime import timedelta

from flask import Response, after_this_request, current_app, request
from flask_security import EmailValidateException
from flask_security.proxies import _security
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from shop.accounts.audit_log import audit_as
from shop.accounts.models import FailedLogins, LoginThrottle, User
from shop.accounts.one_time_links import hashed, new_token
from shop.config import Settings
from shop.core.clock import NAIROBI, utcnow
from shop.core.database import db, updated, write
from shop.core.encryption import DecryptionError, encryptor

MOST, WINDOW = 10, timedelta(minutes=5)
KNOWN_FOR = timedelta(days=180)


def seconds_to_wait(key: str) -> int:
    """Count one try against `key`, and say how long it has to wait: 0 when it may be looked at now."""
    settings: Settings = current_app.config["SETTINGS"]
    return write(lambda: _count(hashed(key))) if settings.ratelimit_enabled else 0


def in_words(seconds: int) -> str:
    """How long to wait, in whole minutes."""
    minutes = -(-seconds // 60)
    return f"Too many tries. Try again in {minutes} minute{'s' if minutes > 1 else ''}"


def start_anew(key: str) -> None:
    """It was right after all: the tries before it do not count any more."""
    write(lambda: db.session.execute(delete(LoginThrottle).where(LoginThrottle.key_hash == hashed(key))))


def key_of(email: str) -> str:
    """What a try to sign in with this e-mail counts against, in the browser that asks: the account, not its spelling.

    `email` is what the sign-in form looks for. "" for what it refuses unseen, because it is no e-mail.
    """
    try:
        email = str(_security._mail_util.normalize(email))
    except EmailValidateException:
        return ""
    found = db.session.scalar(select(User.email).where(func.lower(User.email) == email.lower()))
    key = f"password {_tidy(found or email)}"
    try:
        token = encryptor("known browser").decrypt(request.cookies.get(_cookie(), ""), _tidy(found or email))
    except DecryptionError:
        return key
    return f"{key} {token}"


def know_this_browser(email: str) -> None:
    """Count later tries with this e-mail in this browser apart from everybody else's."""
    settings: Settings = current_app.config["SETTINGS"]
    mark = encryptor("known browser").encrypt(new_token(), _tidy(email))

    @after_this_request
    def set_mark(response: Response) -> Response:
        response.set_cookie(
            _cookie(), mark, max_age=KNOWN_FOR, secure=settings.production, httponly=True, samesite="Lax"
        )
        return response


def _cookie() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "__Host-known" if settings.production else "known"


def _tidy(email: str) -> str:
    return email.strip().casefold()[:254]


def _count(key_hash: str) -> int:
    now = utcnow()
    over = (LoginThrottle.began <= now - WINDOW) | (LoginThrottle.began > now + WINDOW)  # the clock went back
    db.session.execute(delete(LoginThrottle).where(over))
    mine = LoginThrottle.key_hash == key_hash
    one_more = update(LoginThrottle).where(mine, LoginThrottle.tries < MOST).values(tries=LoginThrottle.tries + 1)
    if updated(one_more):
        return 0
    began = db.session.scalar(select(LoginThrottle.began).where(mine))
    if began is not None:
        return max(1, int((began + WINDOW - now).total_seconds()))
    try:
        with db.session.begin_nested():
            db.session.add(LoginThrottle(key_hash=key_hash, began=now, tries=1))
    except IntegrityError:  # the first two at the same moment
        updated(one_more)
    return 0


NOBODY = 0
TOLD_AT = frozenset({1, 10, 100, 1_000, 10_000, 100_000})
SOMEBODY = "Somebody"  # how the log names who could not prove who they are


def count_failure(user_id: int, email: str = "") -> None:
    """One more failed. `user_id` is NOBODY where no merchant has the e-mail; then it is not written down."""

    def count() -> None:
        today = utcnow().astimezone(NAIROBI).date()
        of_today = (FailedLogins.user_id == user_id) & (FailedLogins.day == today)
        one_more = update(FailedLogins).where(of_today).values(tries=FailedLogins.tries + 1)
        if not updated(one_more):
            try:
                with db.session.begin_nested():
                    db.session.add(FailedLogins(user_id=user_id, day=today, tries=1))
            except IntegrityError:  # the first two of the day at the same moment
                updated(one_more)
        tries = db.session.scalar(select(FailedLogins.tries).where(of_today)) or 0
        if tries in TOLD_AT:
            name = email if user_id != NOBODY else "an e-mail that nobody here has"
            times = "A sign-in failed" if tries == 1 else f"{tries:,} sign-ins failed today"
            audit_as(f"{times}, with {name}", SOMEBODY, user_id or None)

    write(count)


def forgive(user_id: int) -> int:
    """Forget the failures of somebody who has now signed in; how many. Runs inside the caller's transaction."""
    mine = FailedLogins.user_id == user_id
    tries = db.session.scalar(select(func.sum(FailedLogins.tries)).where(mine)) or 0
    db.session.execute(delete(FailedLogins).where(mine))
    return int(tries)
