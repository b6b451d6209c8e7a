"""Encryption of what the shop must be able to read again: two-factor secrets, mails that hold a one-time link.

An encrypted text opens only for the purpose and the row it was made for. Whoever copies one from the database into
another row, another cookie or a form has nothing but letters. Text that a person typed is never decrypted.
"""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterable
from typing import Literal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from shop.config import Settings

Purpose = Literal[
    "two-factor secret",  # table second_factor; the row is the user's id
    "email",  # the body of a mail that holds a one-time link; the row is its `once`
    "known browser",  # cookie; the row is the e-mail that signed in there
    "two-factor set-up",  # session; the row is the user's id
    "kept form",  # table kept_form; the row is the user's id
    "recovery codes shown once",  # session; the row is the user's id
]


class DecryptionError(ValueError):
    """Encrypted with a key we do not have, for another purpose or row, too long ago, or not by us."""


class Encryptor:
    """Encrypts for one purpose with the newest of the shop's keys, and opens what any of them encrypted for it."""

    def __init__(self, keys: Iterable[str], purpose: Purpose) -> None:
        self._keys = [Fernet(_derived(key, purpose)) for key in keys]

    def seal(self, secret: str, row: str | int) -> str:
        """`secret`, encrypted for this `row`, in letters that fit any column or cookie."""
        return self._keys[0].encrypt(json.dumps([str(row), secret]).encode()).decode()

    def open(self, sealed: str, row: str | int, seconds: int | None = None) -> str:
        """What was encrypted for this `row`, if not longer ago than `seconds`. Raises DecryptionError."""
        try:
            made_for, secret = json.loads(MultiFernet(self._keys).decrypt(sealed.encode(errors="replace"), ttl=seconds))
        except InvalidToken:
            raise DecryptionError("encrypted with another key or for another purpose, or too long ago") from None
        if made_for != str(row):
            raise DecryptionError("encrypted for another row")
        return str(secret)

    def needs_old_key(self, sealed: str) -> bool:
        """Whether the newest key alone cannot open it."""
        try:
            self._keys[0].decrypt(sealed.encode())
        except InvalidToken:
            return True
        return False


def encryptor(purpose: Purpose) -> Encryptor:
    """The running shop's."""
    settings: Settings = current_app.config["SETTINGS"]
    return Encryptor(settings.secret_keys, purpose)


def _derived(key: str, purpose: Purpose) -> bytes:
    """A key of its own for each purpose, so that nothing made with SECRET_KEY for another tells anything about it."""
    return urlsafe_b64encode(HKDF(SHA256(), 32, None, f"shop encryption {purpose}".encode()).derive(key.encode()))
