"""Changing SECRET_KEY: re-encrypting what an old key encrypted, so that the old key can be removed.

A two-factor secret is also re-encrypted when its user signs in. This covers the other users, and emails.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import InstrumentedAttribute

from shop.accounts.models import TwoFactor
from shop.accounts.two_factor import PURPOSE
from shop.core.database import db, updated
from shop.core.encryption import DecryptionError, Purpose, encryptor
from shop.emails.models import OutboxEmail


@dataclass(frozen=True)
class Count:
    """How many two-factor secrets, and how many emails with a one-time link."""

    secrets: int = 0
    emails: int = 0

    def __bool__(self) -> bool:
        return bool(self.secrets or self.emails)

    def __str__(self) -> str:
        return f"{self.secrets} of the two-factor secrets and {self.emails} of the emails with a one-time link"


def reencrypt() -> Count:
    """Re-encrypt with the newest key what needs an old one, in the caller's transaction; returns how many."""
    done = [text.purpose for text in _texts() if text.needed_key() == "old" and text.reencrypt()]
    return _count(done)


def key_problem() -> str | None:
    """What needs an old key and what no key decrypts, with the cure; None if the newest key decrypts everything.

    A sent email is not counted: its reader has the link.
    """
    needed = [(text.purpose, text.needed_key()) for text in _texts() if text.in_use]
    old, none = (_count([purpose for purpose, key in needed if key == wanted]) for wanted in ("old", "none"))
    words = []
    if old:
        words.append(f"{old} need a key of SECRET_KEY_FALLBACKS; before you remove it: flask --app wsgi keys reencrypt")
    if none:
        words.append(
            f"{none} cannot be decrypted with any key; put the key that encrypted them into SECRET_KEY_FALLBACKS, or "
            "run: flask --app wsgi merchant totp-reset EMAIL, and send new links"
        )
    return ". ".join(words) or None


@dataclass(frozen=True)
class _Text:
    """One encrypted text in the database."""

    purpose: Purpose
    row: str | int  # the row it was encrypted for
    text: str
    column: InstrumentedAttribute[str]
    where: ColumnElement[bool]  # finds its row
    in_use: bool = True

    def needed_key(self) -> str:
        """Which key decrypts it: "newest", "old" or "none"."""
        crypt = encryptor(self.purpose)
        try:
            crypt.decrypt(self.text, self.row)
        except DecryptionError:
            return "none"
        return "old" if crypt.needs_old_key(self.text) else "newest"

    def reencrypt(self) -> int:
        """Encrypt it with the newest key; 0 if it has changed since it was read."""
        crypt = encryptor(self.purpose)
        new: dict[Any, str] = {self.column: crypt.encrypt(crypt.decrypt(self.text, self.row), self.row)}
        return updated(update(self.column.class_).where(self.where, self.column == self.text).values(new))


def _texts() -> Iterator[_Text]:
    factors = select(TwoFactor.user_id, TwoFactor.secret)
    for user_id, secret in db.session.execute(factors).all():
        yield _Text(PURPOSE, user_id, secret, TwoFactor.secret, TwoFactor.user_id == user_id)
    emails = select(OutboxEmail.id, OutboxEmail.idempotency_key, OutboxEmail.body, OutboxEmail.sent_at).where(
        OutboxEmail.encrypted
    )
    for email_id, idempotency_key, body, sent_at in db.session.execute(emails).all():
        yield _Text("email", idempotency_key, body, OutboxEmail.body, OutboxEmail.id == email_id, sent_at is None)


def _count(purposes: list[Purpose]) -> Count:
    return Count(purposes.count(PURPOSE), purposes.count("email"))
