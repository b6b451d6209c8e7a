"""Which host a request may name.

A shop that real buyers come to answers under its own address, and under the names this machine has for itself: so
whoever looks after it can ask `/healthz`. A developer's machine answers to any: a phone in the same network may look.

Of an address the shop had before (SHOP_OLD_URLS), Chpter's callbacks are taken where they come, since a server that
posts follows no redirect. Whatever else asks there is sent on to the shop.
"""

import re
from urllib.parse import urlsplit

from flask import Flask, redirect, request
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response as AnyResponse

from shop.config import DEFAULT_PORTS, Settings
from shop.errors import error_page

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
