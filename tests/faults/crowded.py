"""Visitors and buyers of a shop that gunicorn serves: each a thread that opens page after page, and takes the time."""

import http.client
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import quantiles

from tests.faults.meanwhile import PATIENCE, Meanwhile
from tests.faults.serving import Served

PAGES = ("/", "/products/kiondo-classic", "/?page=2", "/products/kiondo-classic", "/cart")


@dataclass(frozen=True)
class Answer:
    """One request: when it began and ended, the status, and where it leads."""

    began: float
    ended: float
    status: int
    location: str = ""

    @property
    def took(self) -> float:
        """Seconds."""
        return self.ended - self.began


def ask(served: Served, path: str, method: str = "GET", body: bytes = b"") -> Answer:
    """One request on a connection of its own."""
    began = time.monotonic()
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE)
    try:
        line.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        reply = line.getresponse()
        reply.read()
        return Answer(began, time.monotonic(), reply.status, reply.headers.get("Location", ""))
    finally:
        line.close()


class Crowd(Meanwhile):
    """People who do the same thing over and over until the crowd goes home."""

    def __init__(self, works: Sequence[Callable[[], list[Answer]]], pause: float) -> None:
        self.answers: list[Answer] = []
        self.pause = pause
        super().__init__([partial(self._act, work, place) for place, work in enumerate(works)])

    def _act(self, work: Callable[[], list[Answer]], seed: int) -> None:
        pick = random.Random(seed)
        self.over.wait(self.pause * pick.random())
        while not self.over.is_set():
            self.answers += work()
            self.over.wait(self.pause * (0.5 + pick.random()))


def visitors(served: Served, count: int, pause: float) -> Crowd:
    """People who look at the shelves."""

    def looks(place: int) -> Callable[[], list[Answer]]:
        pages = iter(range(place, 10**6))
        return lambda: [ask(served, PAGES[next(pages) % len(PAGES)])]

    return Crowd([looks(place) for place in range(count)], pause)


def p95(answers: Sequence[Answer]) -> float:
    """Seconds within which nineteen of twenty were answered."""
    return quantiles([one.took for one in answers], n=20)[-1]
