"""Login throttle, counted in the database for all web processes.

Password tries count against the account, however its email is spelled and whatever address they come from. A browser in
which the user has signed in before holds an encrypted cookie and is counted apart, so that a stranger who keeps
guessing does not lock the user out. A try is counted before the password is checked.
"""

from datetime import timedelta

from flask import Response, after_this_request, current_app, request
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from shop.accounts.audit_log import audit_as
from shop.accounts.models import LoginThrottle, User
from shop.accounts.one_time_links import hashed, new_token
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, updated, write
from shop.core.encryption import DecryptionError, encryptor

MAX_TRIES, WINDOW = 10, timedelta(minutes=5)
BROWSER_REMEMBERED = timedelta(days=180)
UNKNOWN_USER = "Unknown user"  # in the audit log


def seconds_to_wait(key: str) -> int:
    """Count a try against `key`. 0 when the password may be checked now, else the seconds until the next try."""
    settings: Settings = current_app.config["SETTINGS"]
    return write(lambda: _count(hashed(key))) if settings.ratelimit_enabled else 0


def wait_message(seconds: int, what: str = "tries") -> str:
    """How long to wait, in whole minutes."""
    minutes = -(-seconds // 60)
    return f"Too many {what}. Try again in {minutes} minute{'s' if minutes > 1 else ''}"


def reset_tries(key: str) -> None:
    """Forget the tries against `key`: the password was right."""
    write(lambda: db.session.execute(delete(LoginThrottle).where(LoginThrottle.key_hash == hashed(key))))


def throttle_key(email: str) -> str:
    """What a login with this email counts against in this browser."""
    key = f"password {email.casefold()}"
    try:
        token = encryptor("known browser").decrypt(request.cookies.get(_cookie_name(), ""), email.casefold())
    except DecryptionError:
        return key
    return f"{key} {token}"


def remember_browser(email: str) -> None:
    """Count later tries with this email in this browser apart from all others."""
    settings: Settings = current_app.config["SETTINGS"]
    sealed = encryptor("known browser").encrypt(new_token(), email.casefold())

    @after_this_request
    def set_cookie(response: Response) -> Response:
        response.set_cookie(
            _cookie_name(),
            sealed,
            max_age=BROWSER_REMEMBERED,
            secure=settings.production,
            httponly=True,
            samesite="Lax",
        )
        return response


def record_failed_login(user: User | None) -> None:
    """Add a failed login to the audit log. An email that no user has is not written down."""
    email, user_id = (user.email, user.id) if user else ("an unknown email", None)
    write(lambda: audit_as(f"Failed login for {email}", UNKNOWN_USER, user_id))


def _cookie_name() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return "__Host-known" if settings.production else "known"


def _count(key_hash: str) -> int:
    now = utcnow()
    over = (LoginThrottle.began <= now - WINDOW) | (LoginThrottle.began > now + WINDOW)  # the clock was set back
    db.session.execute(delete(LoginThrottle).where(over))
    mine = LoginThrottle.key_hash == key_hash
    increment = update(LoginThrottle).where(mine, LoginThrottle.tries < MAX_TRIES).values(tries=LoginThrottle.tries + 1)
    if updated(increment):
        return 0
    began = db.session.scalar(select(LoginThrottle.began).where(mine))
    if began is not None:
        return max(1, int((began + WINDOW - now).total_seconds()))
    try:
        with db.session.begin_nested():
            db.session.add(LoginThrottle(key_hash=key_hash, began=now, tries=1))
    except IntegrityError:  # another process added the row at the same moment
        updated(increment)
    return 0
