"""Random tokens that only their holder knows: the shop keeps no more than their hash."""

from hashlib import sha256
from secrets import choice, token_urlsafe

UNMISTAKABLE = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0 and o, no 1, i and l


def new_token() -> str:
    """256 random bits, for an address or a cookie."""
    return token_urlsafe(32)


def new_code() -> str:
    """74 random bits for typing: three groups of five."""
    return "-".join("".join(choice(UNMISTAKABLE) for _ in range(5)) for _ in range(3))


def hashed(token: str) -> str:
    """What the database keeps of a token. One plain hash will do: nobody can try 2**74 of them."""
    return sha256(token.encode("utf-8", "replace")).hexdigest()
