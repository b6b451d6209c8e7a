"""What was sent with a request, read to its end or refused.

Three things that gunicorn and Werkzeug leave open: a body that turns out not to be HTTP breaks in the reader's hands
with an error of the server's own; a form that is shorter than its length is taken as whole; and so is one without a
length that was cut at the limit.
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


class Incoming:
    """The server's stream. Whatever breaks it is an OSError, as when the caller has gone."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        """As many bytes as there are, up to `size`."""
        try:
            return self._stream.read(size)
        except Exception as error:
            raise OSError("the body is broken off") from error


class WholeStream(LimitedStream):
    """A stream without a length of its own that is either read whole or too large."""

    def readall(self) -> bytes:
        """Everything. Werkzeug's own stops at the limit, and says nothing."""
        whole = super().readall()
        if self.is_exhausted and self._stream.read(1):
            raise RequestEntityTooLarge
        return whole


def request_body(environ: dict[str, Any]) -> IO[bytes]:
    """What was sent with a request, however much. Reading it raises ClientDisconnected when less came than was said."""
    length = get_content_length(environ)
    return (
        get_input_stream(environ) if length is None else cast(IO[bytes], LimitedStream(environ["wsgi.input"], length))
    )


class StrictRequest(Request):
    """A request whose body is what was sent: 400 where it breaks off, 413 where it is too large."""

    def __init__(self, environ: dict[str, Any], *args: Any, **options: Any) -> None:
        environ["wsgi.input"] = Incoming(environ["wsgi.input"])
        super().__init__(environ, *args, **options)

    @cached_property
    def stream(self) -> IO[bytes]:
        """What was sent, within the limit of this request."""
        _, limit = super().stream, self.max_content_length  # looked at, it refuses a length over the limit
        if limit is not None and self.content_length is None and "wsgi.input_terminated" in self.environ:
            return cast(IO[bytes], WholeStream(self.environ["wsgi.input"], limit, is_max=True))
        return request_body(self.environ)


THIS_MACHINE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
ELSEWHERE = ("The shop is not here", "Look at the address once more, or open a link that the shop gave you.")


def init_hosts(app: Flask, settings: Settings) -> None:
    """In production, refuse a request that names another host, or none, before anything else looks at it."""
    if not settings.production:
        return
    # not by Flask's TRUSTED_HOSTS: it takes any port and no IPv6 address, and tells upper case from lower
    names = _names_of(settings.shop_url)
    old_names = [name for url in settings.old_urls for name in _names_of(url)]

    @app.before_request
    def known_host() -> AnyResponse | None:
        host = request.headers.get("Host", "").lower()
        if host in names or THIS_MACHINE.fullmatch(host):
            return None
        if host in old_names:
            return None if _is_callback() else redirect(settings.shop_url + _path_here(), _moved())
        return error_page(400, ELSEWHERE)


def _names_of(url: str) -> tuple[str, str]:
    """A public address as a Host header names it: with and without the port that its scheme has anyway."""
    parts = urlsplit(url)
    return parts.netloc, f"{parts.netloc}:{DEFAULT_PORTS[parts.scheme]}"


def _is_callback() -> bool:
    return request.method == "POST" and request.path.lstrip("/").startswith("chpter/")


def _moved() -> int:
    """For good; or, for a form that was sent from an old page, to the page that shows how things stand."""
    return 301 if request.method in ("GET", "HEAD") else 303


def _path_here() -> str:
    """Where the same page is at the new address. A form's own address cannot be opened: its page can."""
    if request.method not in ("GET", "HEAD"):
        page = re.match(r"/orders/[^/]+|/cart|/checkout|/admin/", request.path)
        return page[0] if page else "/"
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    return iri_to_uri(request.path) + query


CHPTER = "payments.callback"  # the one address to which others post: Chpter's server
SAFE = ("GET", "HEAD", "OPTIONS")


def init_origin(app: Flask) -> None:
    """Refuse every form that another site sent, before anything looks at it."""
    app.before_request(_refuse_other_sites)


def _refuse_other_sites() -> None:
    if request.method not in SAFE and request.endpoint not in (None, CHPTER) and is_cross_site():
        abort(403)


def is_cross_site() -> bool:
    """True when the browser says that another site sent this. A client that says nothing is no browser: False."""
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        return True
    if site == "same-origin" and request.headers.get("Origin") == "null":
        return False  # a browser that keeps the origin to itself, and says whose page sent it: no page can forge that
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
    if not settings.production:  # where any Host is answered, as hosts.py has it
        ours |= {f"{scheme}://{request.host.lower()}" for scheme in ("http", "https")}
    return f"{parts.scheme}://{parts.netloc}".lower() in ours
