"""Request size limits of upload forms. All other requests keep the shop's small limit."""

from typing import Any

from flask import request

from shop.accounts.permissions import admin, has_role

FORM_OVERHEAD = 64 * 1024  # bytes for the fields around the files
MAX_BYTES: dict[str, int] = {}  # of one request, by endpoint


def allow_upload(endpoint: str, max_bytes: int) -> None:
    """Let owners send files of up to `max_bytes` bytes to an admin view."""
    MAX_BYTES[endpoint] = max_bytes + FORM_OVERHEAD


@admin.url_value_preprocessor
def raise_limit(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Raise the limit before the CSRF check, which reads the whole form."""
    if request.method == "POST" and endpoint in MAX_BYTES and has_role("owner"):
        request.max_content_length = MAX_BYTES[endpoint]
