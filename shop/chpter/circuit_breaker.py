"""Keep a slow or broken provider from taking the shop with it.

Both guards count within one process: every web process learns for itself.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .errors import BreakerOpen, Busy, ChpterError


class Bulkhead:
    """At most `size` calls together. One more is refused at once, so that the other threads serve pages."""

    def __init__(self, size: int) -> None:
        self._places = threading.BoundedSemaphore(size)

    @contextmanager
    def place(self) -> Iterator[None]:
        """Hold a place for one call. Raises Busy when there is none."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._places.release()


class CircuitBreaker:
    """Leave the provider alone for `rest` seconds after `failures` outages within `window` seconds.

    Then one call is let through as a trial: it closes the breaker when it goes well, and opens it again
    when not. Only errors with `outage` set count; a refused token or an unsafe link is an answer, and
    proves the provider is up.
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
        """Let one call through and learn from its end. Raises BreakerOpen while the provider rests."""
        trial = self._admit()
        try:
            yield
        except ChpterError as error:
            self._learn(trial, outage=error.outage)
            raise
        except BaseException:  # a bug, or the thread is being stopped: it tells nothing of the provider
            self._abandon(trial)
            raise
        else:
            self._learn(trial, outage=False)

    def _admit(self) -> bool:
        """Whether the call now beginning is the trial."""
        with self._lock:
            if self._open_until is None:
                return False
            if self._trial_running or self._clock() < self._open_until:
                raise BreakerOpen
            self._trial_running = True
            return True

    def _abandon(self, trial: bool) -> None:
        """A trial must end, whatever ended it: the provider rests once more, and the next call is the trial."""
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
