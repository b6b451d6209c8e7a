"""One log line per request. It names the route, never the address: addresses hold tokens, queries hold names."""

import logging
import sys
import time

from flask import Flask, Response, g, request

log = logging.getLogger("shop.access")


def init_access_log(app: Flask) -> None:
    """Log to standard error, without the request lines of the servers, which print whole addresses."""
    if not logging.getLogger("shop").handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
        logging.getLogger("shop").addHandler(handler)
        logging.getLogger("shop").setLevel(logging.INFO)
        logging.getLogger("shop").propagate = True
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # its debug lines hold addresses
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)  # it names who was limited: a phone number, a token

    @app.before_request
    def start_timer() -> None:
        g.started = time.monotonic()

    @app.after_request
    def log_request(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "(no such page)"
        took = (time.monotonic() - g.get("started", time.monotonic())) * 1000
        if request.endpoint not in ("static", "assets.bundle"):
            log.info("%s %s %d %.0f ms", request.method, route, response.status_code, took)
        return response
