"""Emails and passwords: what a user signs in with."""

import unicodedata

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import VerifyMismatchError
from email_validator import validate_email
from sqlalchemy import func, select

from shop.accounts.models import User
from shop.core.database import db

# argon2id with the least that OWASP recommends: the 64 MiB of the library, once per thread, would fill a small server.
hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def login_email(typed: str) -> str:
    """An email as users are found by it. Raises ValueError for anything that is not an email; looks nothing up."""
    checked = validate_email(
        typed.strip()[:255], check_deliverability=False, globally_deliverable=False, test_environment=True
    )
    return checked.normalized.lower()


def user_by_email(email: str) -> User | None:
    """The user with this email, in any case, removed or not."""
    return db.session.scalar(select(User).where(func.lower(User.email) == email.lower()))


def hash_password(password: str) -> str:
    """The argon2id hash to store."""
    return hasher.hash(_normalised(password))


def check_password(user: User | None, password: str) -> bool:
    """Whether this is the user's password. Takes as long when there is no such user.

    A hash with weaker parameters than today's is replaced; the caller commits it.
    """
    if user is None:
        hash_password(password)
        return False
    try:
        hasher.verify(user.password, _normalised(password))
    except VerifyMismatchError:
        return False
    if _is_weak(user.password):
        user.password = hash_password(password)
    return True


def _is_weak(stored: str) -> bool:
    """Whether a hash costs less to guess than a new one would."""
    parameters = extract_parameters(stored)
    return parameters.memory_cost * parameters.time_cost < hasher.memory_cost * hasher.time_cost


def _normalised(password: str) -> str:
    """The same password from every keyboard: accents may be typed as one character or as two."""
    return unicodedata.normalize("NFKD", password)
