"""Outages in the log: one line when something begins to fail, one a minute while it lasts, one when it works again."""

import logging
import time
from collections.abc import Callable
from threading import Lock

from flask import current_app

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
