"""Checks of each request: its host, its origin, and that its body is complete.

gunicorn and Werkzeug leave three cases of the body open: a malformed body raises the server's own error while it is
read; a form shorter than its Content-Length counts as complete; and so does one without a length that was cut at the
size limit.
"""

import re
from typing import IO, Any, cast
from urllib.parse import urlsplit

from flask import Flask, Request, abort, current_app, redirect, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.urls import iri_to_uri
from werkzeug.utils import cached_property
from werkzeug.wrappers import Response as AnyResponse
from werkzeug.wsgi import LimitedStream, get_content_length, get_input_stream

from shop.config import DEFAULT_PORTS, Settings
from shop.web.errors import error_page


class IncomingStream:
    """The server's stream. Any error while reading becomes an OSError, as when the client disconnects."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        try:
            return self._stream.read(size)
        except Exception as error:
            raise OSError("the body is incomplete") from error


class StreamWithoutLength(LimitedStream):
    """A stream without a Content-Length: it is read to its end, or is too large."""

    def readall(self) -> bytes:
        """Read everything. Werkzeug's own method stops at the limit without an error."""
        content = super().readall()
        if self.is_exhausted and self._stream.read(1):
            raise RequestEntityTooLarge
        return content


def request_body(environ: dict[str, Any]) -> IO[bytes]:
    """The body, of any size. Reading raises ClientDisconnected if it is shorter than its Content-Length."""
    length = get_content_length(environ)
    return (
        get_input_stream(environ) if length is None else cast(IO[bytes], LimitedStream(environ["wsgi.input"], length))
    )


class StrictRequest(Request):
    """A request that is answered with 400 if its body is incomplete, and 413 if it is too large."""

    def __init__(self, environ: dict[str, Any], *args: Any, **options: Any) -> None:
        environ["wsgi.input"] = IncomingStream(environ["wsgi.input"])
        super().__init__(environ, *args, **options)

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body, within the size limit of this request."""
        _, limit = super().stream, self.max_content_length  # reading this property checks the length
        if limit is not None and self.content_length is None and "wsgi.input_terminated" in self.environ:
            return cast(IO[bytes], StreamWithoutLength(self.environ["wsgi.input"], limit, is_max=True))
        return request_body(self.environ)


THIS_MACHINE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
WRONG_ADDRESS = ("Wrong address", "Check the address, or open a link that the shop gave you.")


def init_host_check(app: Flask, settings: Settings) -> None:
    """In production, refuse a request with another Host header or none, and redirect from the old addresses."""
    if not settings.production:
        return
    # Flask's TRUSTED_HOSTS accepts any port and no IPv6 address, and is case-sensitive
    names = _names_of(settings.shop_url)
    old_names = [name for url in settings.old_urls for name in _names_of(url)]

    @app.before_request
    def check_host() -> AnyResponse | None:
        host = request.headers.get("Host", "").lower()
        if host in names or THIS_MACHINE.fullmatch(host):
            return None
        if host in old_names:
            return None if _is_callback() else redirect(settings.shop_url + _path_here(), _redirect_status())
        return error_page(400, WRONG_ADDRESS)


def _names_of(url: str) -> tuple[str, str]:
    """A public address as a Host header names it: with and without its scheme's default port."""
    parts = urlsplit(url)
    return parts.netloc, f"{parts.netloc}:{DEFAULT_PORTS[parts.scheme]}"


def _is_callback() -> bool:
    return request.method == "POST" and request.path.lstrip("/").startswith("chpter/")


def _redirect_status() -> int:
    """301; for a form sent from an old page 303, to the page that the form belongs to."""
    return 301 if request.method in ("GET", "HEAD") else 303


def _path_here() -> str:
    """The path of the same page at the new address; for a form, of the page it belongs to."""
    if request.method not in ("GET", "HEAD"):
        page = re.match(r"/orders/[^/]+|/cart|/checkout|/admin/", request.path)
        return page[0] if page else "/"
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    return iri_to_uri(request.path) + query


CALLBACK = "payments.callback"  # Chpter's server posts here: the only endpoint for requests from other sites
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def init_origin_check(app: Flask) -> None:
    """Refuse every form that another site sent."""
    app.before_request(_refuse_other_sites)


def _refuse_other_sites() -> None:
    if request.method not in SAFE_METHODS and request.endpoint not in (None, CALLBACK) and is_cross_site():
        abort(403)


def is_cross_site() -> bool:
    """Whether the browser says that another site sent this. A client that says nothing is no browser: False."""
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        return True
    if site == "same-origin" and request.headers.get("Origin") == "null":
        return False  # the browser hides the origin, but no page can forge Sec-Fetch-Site
    for header in ("Origin", "Referer"):
        value = request.headers.get(header)
        if value:
            return not _ours(value)
    return False


def _ours(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    settings: Settings = current_app.config["SETTINGS"]
    ours = {settings.shop_url}
    if not settings.production:  # outside production any Host is answered
        ours |= {f"{scheme}://{request.host.lower()}" for scheme in ("http", "https")}
    return f"{parts.scheme}://{parts.netloc}".lower() in ours
