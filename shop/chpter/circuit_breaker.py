"""Protect the web process from a provider that is slow or down: a bulkhead and a circuit breaker.

Both count the calls of one process. The web processes do not share their counts.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import BreakerOpen, Busy, ChpterError


class Bulkhead:
    """Allow at most `size` calls at a time and refuse others at once, so that threads remain to serve pages."""

    def __init__(self, size: int) -> None:
        self._places = threading.BoundedSemaphore(size)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Occupy one place while the block runs. Raises Busy when all places are occupied."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._places.release()


class CircuitBreaker:
    """A circuit breaker: `failures` outages within `window` seconds open it for `rest` seconds.

    While it is open, calls are refused. Afterwards one trial call is allowed: an outage opens the breaker again, an
    answer closes it. Only a ChpterError whose `outage` is true is an outage. A refused token or an unsafe link is an
    answer, because the provider is up.
    """

    def __init__(
        self,
        *,
        failures: int = 5,
        window: float = 60.0,
        rest: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._window, self._rest, self._clock = failures, window, rest, clock
        self._lock = threading.Lock()
        self._outages: deque[float] = deque(maxlen=failures)
        self._open_until: float | None = None
        self._trial_running = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count the result of the block as one call. Raises BreakerOpen while calls are refused."""
        trial = self._admit()
        try:
            yield
        except ChpterError as error:
            self._learn(trial, outage=error.outage)
            raise
        except BaseException:  # a bug, or the thread is being stopped: neither an outage nor an answer
            self._abandon(trial)
            raise
        else:
            self._learn(trial, outage=False)

    def _admit(self) -> bool:
        """Return whether this call is the trial. Raises BreakerOpen."""
        with self._lock:
            if self._open_until is None:
                return False
            if self._trial_running or self._clock() < self._open_until:
                raise BreakerOpen
            self._trial_running = True
            return True

    def _abandon(self, trial: bool) -> None:
        """End a trial that has no result: the breaker stays open for another `rest` seconds."""
        with self._lock:
            if trial:
                self._trial_running = False
                self._open_until = self._clock() + self._rest

    def _learn(self, trial: bool, *, outage: bool) -> None:
        with self._lock:
            now = self._clock()
            if trial:
                self._trial_running = False
                self._outages.clear()
                self._open_until = now + self._rest if outage else None
            elif outage and self._open_until is None:
                self._outages.append(now)
                if len(self._outages) == self._limit and now - self._outages[0] <= self._window:
                    self._open_until = now + self._rest
