"""Encryption of data that the shop must read again: two-factor secrets, emails with a one-time link.

A text can be decrypted only for the purpose and row it was encrypted for, so copying it into another row, cookie or
form is useless. Text that a person typed is never decrypted.
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
    "two-factor secret",  # table two_factor; the row is the user's id
    "email",  # the body of an email with a one-time link; the row is its idempotency key
    "kept details",  # cookie; the row is "buyer"
    "known browser",  # cookie; the row is the email address that signed in
    "two-factor set-up",  # session; the row is the user's id
    "kept form",  # table kept_form; the row is the user's id
    "recovery codes shown once",  # session; the row is the user's id
]


class DecryptionError(ValueError):
    """The text was encrypted with an unknown key, for another purpose or row, or too long ago, or is no such text."""


class Encryptor:
    """Encrypts for one purpose with the newest key, and decrypts with any of the shop's keys."""

    def __init__(self, keys: Iterable[str], purpose: Purpose) -> None:
        self._keys = [Fernet(_derived(key, purpose)) for key in keys]

    def encrypt(self, secret: str, row: str | int) -> str:
        """Encrypt for this `row`, as ASCII text."""
        return self._keys[0].encrypt(json.dumps([str(row), secret]).encode()).decode()

    def decrypt(self, encrypted: str, row: str | int, seconds: int | None = None) -> str:
        """Decrypt what was encrypted for this `row` within the last `seconds`. Raises DecryptionError."""
        try:
            token = encrypted.encode(errors="replace")
            made_for, secret = json.loads(MultiFernet(self._keys).decrypt(token, ttl=seconds))
        except InvalidToken:
            raise DecryptionError("encrypted with another key or for another purpose, or too long ago") from None
        if made_for != str(row):
            raise DecryptionError("encrypted for another row")
        return str(secret)

    def needs_old_key(self, encrypted: str) -> bool:
        """Whether the newest key cannot decrypt it."""
        try:
            self._keys[0].decrypt(encrypted.encode())
        except InvalidToken:
            return True
        return False


def encryptor(purpose: Purpose) -> Encryptor:
    """The encryptor of the running shop."""
    settings: Settings = current_app.config["SETTINGS"]
    return Encryptor(settings.secret_keys, purpose)


def _derived(key: str, purpose: Purpose) -> bytes:
    """A separate key for each purpose, so that a text for one purpose cannot be used for another."""
    return urlsafe_b64encode(HKDF(SHA256(), 32, None, f"shop encryption {purpose}".encode()).derive(key.encode()))
