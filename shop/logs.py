"""One line per request. It names the route, never the address: addresses hold tokens, queries hold names."""

import logging
import sys
import time
from collections.abc import Callable
from threading import Lock

from flask import Flask, Response, current_app, g, request

log = logging.getLogger("shop.access")
outages = logging.getLogger("shop.outages")
REMIND_SECONDS = 60
CALM_SECONDS = 10  # without a failure, until an outage counts as over: what is locked answers now and then


class Outage:
    """Something the shop needs fails: a line when that begins, one a minute while it lasts, one when it works again.

    Each process counts for itself.
    """

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic, calm: float = 0) -> None:
        self._what, self._clock, self._calm = what, clock, calm
        self._lock = Lock()
        self._began: float | None = None
        self._said = self._last = 0.0
        self._failures = 0

    def seen(self, error: str) -> bool:
        """It failed once more; whether the outage began with it. `error` is a class and codes, never a message."""
        with self._lock:
            now = self._last = self._clock()
            self._failures += 1
            if self._began is None:
                self._began, self._said, self._failures = now, now, 1
                outages.error("%s: failing: %s", self._what, error)
                return True
            if now - self._said >= REMIND_SECONDS:
                self._said = now
                passed = now - self._began
                outages.error(
                    "%s: still failing after %.0f s (%d failures): %s", self._what, passed, self._failures, error
                )
            return False

    def over(self) -> None:
        """It answered."""
        if self._began is None:
            return
        with self._lock:
            now = self._clock()
            if self._began is not None and now - self._last >= self._calm:
                outages.warning(
                    "%s: works again after %.0f s (%d failures)", self._what, now - self._began, self._failures
                )
                self._began = None


def outage(what: str, calm: float = 0) -> Outage:
    """The outage of that name, of this application and process."""
    known: dict[str, Outage] = current_app.extensions.setdefault("outages", {})
    return known.setdefault(what, Outage(what, calm=calm))


def init_logs(app: Flask) -> None:
    """Log to standard error, and keep the servers' own request lines, which print whole addresses, out of it."""
    if not logging.getLogger("shop").handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
        logging.getLogger("shop").addHandler(handler)
        logging.getLogger("shop").setLevel(logging.INFO)
        logging.getLogger("shop").propagate = True
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)  # its debug lines hold addresses
    logging.getLogger("flask-limiter").setLevel(logging.WARNING)  # it says who was too quick: a phone, a token

    @app.before_request
    def start() -> None:
        g.started = time.monotonic()

    @app.after_request
    def line(response: Response) -> Response:
        route = request.url_rule.rule if request.url_rule else "(no such page)"
        took = (time.monotonic() - g.get("started", time.monotonic())) * 1000
        if request.endpoint not in ("static", "assets.bundle"):
            log.info("%s %s %d %.0f ms", request.method, route, response.status_code, took)
        return response
