"""Callbacks that stream in at a shop, from several callers, while something is done to it; and what each was told."""

import http.client
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from flask import Flask

from shop.payments.callback_spool import drain_spool
from tests.faults.meanwhile import PATIENCE, Meanwhile
from tests.faults.serving import Served
from tests.shopper import Bought

CUT_OFF = 0  # in place of a status: taken, and then no answer


def told(served: Served, path: str, method: str = "GET", body: bytes = b"", **headers: str) -> tuple[int, str]:
    """One request on a connection of its own: its status, or CUT_OFF, and where it leads."""
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    try:
        line.request(method, path, body, headers)
        reply = line.getresponse()
        reply.read()
        return reply.status, reply.headers.get("Location", "")
    except (ConnectionError, http.client.HTTPException):
        return CUT_OFF, ""
    finally:
        line.close()


class Called(NamedTuple):
    """One callback and what was answered."""

    bought: Bought
    status: int


class Stream(Meanwhile):
    """Calls back once for each of the purchases, as long as there are any and it is not closed."""

    def __init__(self, served: Served, purchases: Sequence[Bought], callers: int = 2, pause: float = 0.1) -> None:
        self.served, self.pause = served, pause
        self.said: list[Called] = []
        self._left: deque[Bought] = deque(purchases)
        super().__init__([self._call] * callers)

    def turn_to(self, purchases: Sequence[Bought]) -> None:
        """Leave out what has not been called back yet, and call back for these."""
        self._left = deque(purchases)

    def _call(self) -> None:
        while not self.over.is_set():
            with suppress(IndexError):
                bought = self._left.popleft()
                body = json.dumps(bought.callback()).encode()
                kind = {"Content-Type": "application/json"}
                status, _ = told(self.served, bought.callback_path, "POST", body, **kind)
                self.said.append(Called(bought, status))
            self.over.wait(self.pause)

    def statuses(self, since: int = 0) -> Counter[int]:
        """How often each was answered, from the so-and-so-manieth on."""
        return Counter(one.status for one in self.said[since:])

    @property
    def acknowledged(self) -> list[Bought]:
        """The purchases Chpter need not call back for any more."""
        return [one.bought for one in self.said if one.status in (200, 202)]


class Buyers(Meanwhile):
    """Each presses Pay once, one after the other, over the wire, while it is used as a context manager."""

    def __init__(self, served: Served, cookies: Sequence[str], forms: Sequence[dict[str, str]]) -> None:
        self.served, self.cookies, self.forms = served, cookies, forms
        self.said: list[tuple[int, str]] = []
        super().__init__([self._press])

    def _press(self) -> None:
        for cookie, form in zip(self.cookies, self.forms, strict=True):
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": f"session={cookie}"}
            self.said.append(told(self.served, "/checkout", "POST", urlencode(form).encode(), **headers))


def until(what: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until something is so."""
    waiting, waited = threading.Event(), 0.0
    while not what():
        assert waited < seconds, "it did not come to pass"
        waiting.wait(0.05)
        waited += 0.05


def drained(app: Flask, spool: Path) -> float:
    """Seconds until the spool is empty."""
    began = time.monotonic()
    while time.monotonic() - began < 30:
        with app.app_context():
            drain_spool()
        if not spool.is_dir() or not list(spool.iterdir()):
            return time.monotonic() - began
        time.sleep(0.1)
    raise AssertionError(f"{len(list(spool.iterdir()))} callbacks still wait")
