"""Secrets kept in the database, readable only with SECRET_KEY: whoever steals a copy of the database has none of them.

A sealed piece may stand in the middle of a text, such as a one-time link in a mail that waits in the outbox.
"""

import re
from base64 import urlsafe_b64encode
from collections.abc import Iterable

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from shop.config import Settings

_SEALED = re.compile(r"\{sealed:([A-Za-z0-9_=-]+)\}")


class SealBroken(ValueError):
    """Sealed with a key we do not have, too long ago, or no seal of ours. What was in it stays unread."""


class Sealer:
    """Seals with the newest of the shop's keys and opens what any of them sealed."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys = MultiFernet([Fernet(_derived(key)) for key in keys])

    def seal(self, secret: str) -> str:
        """`secret`, unreadable, in letters that fit any column or cookie."""
        return self._keys.encrypt(secret.encode()).decode()

    def open(self, sealed: str, seconds: int | None = None) -> str:
        """What was sealed, if that was not longer ago than `seconds`. Raises SealBroken."""
        try:
            return self._keys.decrypt(sealed.encode(), ttl=seconds).decode()
        except InvalidToken:
            raise SealBroken("sealed with another key, or too long ago") from None

    def hide(self, secret: str) -> str:
        """A sealed piece for the middle of a text; `reveal` finds it again."""
        return f"{{sealed:{self.seal(secret)}}}"

    def reveal(self, text: str) -> str:
        """`text` with its sealed pieces opened. Raises SealBroken."""
        return _SEALED.sub(lambda piece: self.open(piece[1]), text)


def sealer() -> Sealer:
    """The running shop's."""
    settings: Settings = current_app.config["SETTINGS"]
    return Sealer(settings.secret_keys)


def covered(text: str, words: str) -> str:
    """`text` with `words` in place of its sealed pieces, for eyes they are not meant for."""
    return _SEALED.sub(words, text)


def _derived(key: str) -> bytes:
    """A key of its own for sealing, so that nothing signed with SECRET_KEY tells anything about it."""
    return urlsafe_b64encode(HKDF(SHA256(), 32, None, b"shop.sealing").derive(key.encode()))
