"""Outages in the log: a line when something begins to fail, one each minute while it fails, one when it works."""

import logging
import time
from collections.abc import Callable
from threading import Lock

from flask import current_app

log = logging.getLogger("shop.outages")
REMIND_SECONDS = 60
CALM_SECONDS = 10  # without a failure until the outage is over: a locked database sometimes answers


class Outage:
    """The state of one outage in this process. `calm` is the number of seconds without a failure that ends it."""

    def __init__(self, what: str, clock: Callable[[], float] = time.monotonic, calm: float = 0) -> None:
        self._what, self._clock, self._calm = what, clock, calm
        self._lock = Lock()
        self._began: float | None = None
        self._logged_at = self._failed_at = 0.0
        self._failures = 0

    def failed(self, error: str) -> bool:
        """Count a failure; True if it began the outage. `error` is a class and codes, never a message."""
        with self._lock:
            now = self._failed_at = self._clock()
            self._failures += 1
            if self._began is None:
                self._began, self._logged_at, self._failures = now, now, 1
                log.error("%s: failing: %s", self._what, error)
                return True
            if now - self._logged_at >= REMIND_SECONDS:
                self._logged_at = now
                passed = now - self._began
                log.error("%s: still failing after %.0f s (%d failures): %s", self._what, passed, self._failures, error)
            return False

    def recovered(self) -> None:
        """Count a success. It ends the outage after `calm` seconds without a failure."""
        if self._began is None:
            return
        with self._lock:
            now = self._clock()
            if self._began is not None and now - self._failed_at >= self._calm:
                log.warning("%s: works again after %.0f s (%d failures)", self._what, now - self._began, self._failures)
                self._began = None


def outage(what: str, calm: float = 0) -> Outage:
    """The outage of this name, in this application and process."""
    known: dict[str, Outage] = current_app.extensions.setdefault("outages", {})
    return known.setdefault(what, Outage(what, calm=calm))
