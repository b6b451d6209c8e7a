"""Callback addresses and incoming callbacks. The address is the only proof that a callback comes from Chpter.

Chpter signs nothing, so each attempt has its own unguessable address. The token in it is 128 random bits and a
signature for this purpose only; the database keeps a hash of the random part. A forged token costs one signature check
and no query.
"""

import hmac
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import islice
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from itsdangerous import BadSignature, Signer

from shop.core.clock import utcnow

PURPOSE = b"chpter callback address"
MAX_TOKEN_LENGTH = 120


def new_secret() -> str:
    """128 random bits, for one attempt."""
    return secrets.token_urlsafe(16)


def hash_of(secret: str) -> str:
    """The hash of a secret, for the database."""
    return sha256(secret.encode()).hexdigest()


def callback_token(secret: str, keys: Sequence[str]) -> str:
    """The token of the callback address, signed with the newest key (the first)."""
    return _signer(keys[0]).sign(secret).decode()


def secret_of_token(token: str, keys: Sequence[str]) -> str | None:
    """The secret in a token signed with any of the keys, or None. Only the exact spelling that was issued counts."""
    if len(token) > MAX_TOKEN_LENGTH or not token.isascii():
        return None
    for key in keys:
        signer = _signer(key)
        try:
            secret = signer.unsign(token).decode()
        except BadSignature:
            continue
        # base64 can spell one signature in several ways; an address has one
        if hmac.compare_digest(signer.sign(secret), token.encode()):
            return secret
    return None


def _signer(key: str) -> Signer:
    return Signer(key, salt=PURPOSE, key_derivation="hmac", digest_method=sha256)


@dataclass(frozen=True)
class IncomingCallback:
    """A request to a callback address, as received. Its repr shows no content."""

    secret_hash: str = field(repr=False)
    raw: bytes = field(repr=False)  # cut at 16 KiB
    content_type: str = field(repr=False, default="")
    headers: str = field(repr=False, default="")
    from_browser: bool = False
    oversized: bool = False
    broken_off: bool = False  # the connection ended before the body did
    received_at: datetime = field(default_factory=utcnow)
    spool_name: str | None = None


MAX_TOKENS = 4  # of one address; each costs a signature check
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,60}\.[A-Za-z0-9_-]{16,60}(?![A-Za-z0-9_-])", re.ASCII)


class CallbackAddresses:
    """WSGI middleware: corrects a wrongly joined callback address, and treats PUT and PATCH as POST."""

    def __init__(self, app: WSGIApplication, keys: Sequence[str]) -> None:
        self._app, self._keys = app, keys

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        path = environ.get("PATH_INFO", "")
        if "chpter" in path.lower():
            token = token_of(f"{path} {unquote(environ.get('QUERY_STRING', ''))}", self._keys)
            if token is not None:
                environ["PATH_INFO"] = f"/chpter/callbacks/{token}"
                if environ["REQUEST_METHOD"] in ("PUT", "PATCH"):
                    environ["REQUEST_METHOD"] = "POST"
        return self._app(environ, start_response)


def token_of(address: str, keys: Sequence[str]) -> str | None:
    """The first token in an address that one of the keys signed."""
    found = (match.group() for match in islice(_TOKEN.finditer(address), MAX_TOKENS))
    return next((token for token in found if secret_of_token(token, keys) is not None), None)
