"""Changing SECRET_KEY: what an old key encrypted is encrypted anew with the newest, so that the old one can be removed.

A two-factor secret is renewed at each right code as well. This is for users who do not sign in meanwhile and for mails.
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
    """How many two-factor secrets, and how many mails with a one-time link."""

    secrets: int = 0
    mails: int = 0

    def __bool__(self) -> bool:
        return bool(self.secrets or self.mails)

    def __str__(self) -> str:
        return f"{self.secrets} of the two-factor secrets and {self.mails} of the mails with a one-time link"


def reseal() -> Count:
    """Encrypt anew with the newest key what only an old one opens, in the caller's transaction; how much that was."""
    renewed = [text.purpose for text in _texts() if text.needed_key() == "old" and text.renew()]
    return _count(renewed)


def key_problem() -> str | None:
    """What still needs an old key and what no key opens, with the cure; None when the newest key opens everything.

    A mail that was sent is not counted: its reader has the link.
    """
    needed = [(text.purpose, text.needed_key()) for text in _texts() if text.in_use]
    old, none = (_count([purpose for purpose, key in needed if key == wanted]) for wanted in ("old", "none"))
    words = []
    if old:
        words.append(f"{old} need a key of SECRET_KEY_FALLBACKS; before you remove it: flask --app wsgi keys reseal")
    if none:
        words.append(
            f"{none} cannot be opened with any key; put the key they were made with into SECRET_KEY_FALLBACKS, or run: "
            "flask --app wsgi merchant totp-reset EMAIL, and send new links"
        )
    return ". ".join(words) or None


@dataclass(frozen=True)
class _Text:
    """One encrypted text in the database."""

    purpose: Purpose
    row: str | int  # what it was encrypted for
    text: str
    column: InstrumentedAttribute[str]
    key: ColumnElement[bool]  # of its row
    in_use: bool = True

    def needed_key(self) -> str:
        """Which key opens it: "newest", "old" or "none"."""
        safe = encryptor(self.purpose)
        try:
            safe.open(self.text, self.row)
        except DecryptionError:
            return "none"
        return "old" if safe.needs_old_key(self.text) else "newest"

    def renew(self) -> int:
        """Encrypt it with the newest key; 0 when it changed meanwhile."""
        safe = encryptor(self.purpose)
        new: dict[Any, str] = {self.column: safe.seal(safe.open(self.text, self.row), self.row)}
        return updated(update(self.column.class_).where(self.key, self.column == self.text).values(new))


def _texts() -> Iterator[_Text]:
    factors = select(TwoFactor.user_id, TwoFactor.secret)
    for user_id, secret in db.session.execute(factors).all():
        yield _Text(PURPOSE, user_id, secret, TwoFactor.secret, TwoFactor.user_id == user_id)
    mails = select(OutboxEmail.id, OutboxEmail.idempotency_key, OutboxEmail.body, OutboxEmail.sent_at).where(
        OutboxEmail.encrypted
    )
    for mail_id, idempotency_key, body, sent_at in db.session.execute(mails).all():
        yield _Text("email", idempotency_key, body, OutboxEmail.body, OutboxEmail.id == mail_id, sent_at is None)


def _count(purposes: list[Purpose]) -> Count:
    return Count(purposes.count(PURPOSE), purposes.count("email"))
