"""How much the desk's upload forms may send. Everywhere else, and for strangers, the shop's own small limit holds."""

from typing import Any

from flask import request

from shop.accounts.permissions import admin, has_role

FRAME = 64 * 1024  # bytes for the form around the files
LARGEST: dict[str, int] = {}  # endpoint: bytes of one request


def takes(endpoint: str, most: int) -> None:
    """Let owners send so many bytes to a view of the desk."""
    LARGEST[endpoint] = most + FRAME


@admin.url_value_preprocessor
def make_room(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Before anything reads the form: its token is checked before the view, and that reads all of it."""
    if request.method == "POST" and endpoint in LARGEST and has_role("owner"):
        request.max_content_length = LARGEST[endpoint]
