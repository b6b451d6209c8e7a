"""The callback address of an attempt: the only proof that a callback comes from Chpter.

The provider signs nothing, so each attempt has its own unguessable address. The token in it is 128 random bits and a
signature under its own purpose; the database keeps a hash of the random part. A forged token costs one signature check
and no query.
"""

import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256

from itsdangerous import BadSignature, Signer

PURPOSE = b"chpter callback address"
LONGEST_TOKEN = 120


def new_secret() -> str:
    """128 random bits, for one attempt."""
    return secrets.token_urlsafe(16)


def hash_of(secret: str) -> str:
    """What the database keeps of a secret."""
    return sha256(secret.encode()).hexdigest()


def token_for(secret: str, keys: Sequence[str]) -> str:
    """The token that stands in the callback address, signed with the newest key (the first)."""
    return _signer(keys[0]).sign(secret).decode()


def secret_in(token: str, keys: Sequence[str]) -> str | None:
    """The secret in a token signed with any of the keys, or None. Only the very spelling we issued counts."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
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
