"""Bring what is sent to a callback address to the attempt it is for, however the address was joined.

Chpter is given whole addresses, but nobody knows what its server, a proxy or a developer's setting does to them: a
second slash, a blank, a full stop, parameters behind it. The token in it says which attempt is meant; where it opens,
the rest of the address does not matter. A forged token changes nothing: no query, and the answer of any wrong address.
"""

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from urllib.parse import unquote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from shop.payments import addresses

MOST_TRIED = 4  # tokens of one address; each costs a signature check
_TOKEN = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{16,60}\.[A-Za-z0-9_-]{16,60}(?![A-Za-z0-9_-])", re.ASCII)


class CallbackAddresses:
    """WSGI middleware: gives a badly joined callback address its proper form, and takes PUT and PATCH for POST."""

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
    """The first of the address's tokens that one of our keys signed."""
    found = (match.group() for match in islice(_TOKEN.finditer(address), MOST_TRIED))
    return next((token for token in found if addresses.secret_in(token, keys) is not None), None)
