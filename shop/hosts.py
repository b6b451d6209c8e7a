"""Which host a request may name.

A shop that real buyers come to answers under its own address, and under the names this machine has for itself: so
whoever looks after it can ask `/healthz`. A developer's machine answers to any: a phone in the same network may look.
"""

import re
from urllib.parse import urlsplit

from flask import Flask, Response, request

from shop.config import DEFAULT_PORTS, Settings
from shop.errors import error_page

THIS_MACHINE = re.compile(r"(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")
ELSEWHERE = ("The shop is not here", "Look at the address once more, or open a link that the shop gave you.")


def init_hosts(app: Flask, settings: Settings) -> None:
    """In production, refuse a request that names another host, or none, before anything else looks at it."""
    if not settings.production:
        return
    # not by Flask's TRUSTED_HOSTS: it takes any port and no IPv6 address, and tells upper case from lower
    ours = urlsplit(settings.shop_url).netloc
    names = (ours, f"{ours}:{DEFAULT_PORTS['https']}")

    @app.before_request
    def known_host() -> Response | None:
        host = request.headers.get("Host", "").lower()
        return None if host in names or THIS_MACHINE.fullmatch(host) else error_page(400, ELSEWHERE)
