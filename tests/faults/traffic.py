"""Requests that several threads send to a shop that gunicorn serves, while the test does something to it."""

import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from statistics import quantiles
from typing import Self
from urllib.parse import urlencode

from flask import Flask

from shop.payments.callback_spool import drain_spool
from tests.serving import JSON, Answer, Served
from tests.shopper import Bought

TIMEOUT = 60  # seconds
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PAGES = ("/", "/products/kiondo-classic", "/?page=2", "/products/kiondo-classic", "/cart")


class Traffic:
    """Each of the works is done again and again by a thread of its own while this is used as a context manager."""

    def __init__(self, works: Sequence[Callable[[], list[Answer]]], pause: float) -> None:
        self.answers: list[Answer] = []
        self.pause = pause  # seconds between two works, on average
        self.over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(work, seed)) for seed, work in enumerate(works)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(TIMEOUT)

    def _run(self, work: Callable[[], list[Answer]], seed: int) -> None:
        pick = random.Random(seed)
        self.over.wait(self.pause * pick.random())
        while not self.over.is_set():
            self.answers += work()
            self.over.wait(self.pause * (0.5 + pick.random()))


def visitors(served: Served, count: int, pause: float) -> Traffic:
    """Visitors who open pages of the catalogue."""

    def open_pages(place: int) -> Callable[[], list[Answer]]:
        pages = iter(range(place, 10**6))
        return lambda: [served.ask(PAGES[next(pages) % len(PAGES)])]

    return Traffic([open_pages(place) for place in range(count)], pause)


def post_callback(served: Served, bought: Bought) -> Answer:
    """Post a success, as Chpter does."""
    return served.ask(bought.callback_path, json.dumps(bought.callback()).encode(), "POST", JSON)


def post_all(served: Served, purchases: Sequence[Bought]) -> dict[str, Answer]:
    """Post a success for each purchase, eight at a time: the answers by reference."""
    with ThreadPoolExecutor(8) as callers:
        answers = callers.map(lambda bought: post_callback(served, bought), purchases)
        return {bought.reference: answer for bought, answer in zip(purchases, answers, strict=True)}


class Callbacks(Traffic):
    """Posts a success once for each of the purchases, from two threads."""

    def __init__(self, served: Served, purchases: Sequence[Bought], pause: float = 0.1) -> None:
        self.served = served
        self.by_reference: dict[str, Answer] = {}
        self.turn_to(purchases)
        super().__init__([self._post] * 2, pause)

    def turn_to(self, purchases: Sequence[Bought]) -> None:
        """Leave out the purchases without a callback so far, and go on with these."""
        self._left = deque(purchases)

    def _post(self) -> list[Answer]:
        with suppress(IndexError):
            bought = self._left.popleft()
            answer = post_callback(self.served, bought)
            self.by_reference[bought.reference] = answer
            return [answer]
        return []

    @property
    def acknowledged(self) -> set[str]:
        """The references of the callbacks that Chpter need not send again."""
        return {reference for reference, answer in self.by_reference.items() if answer.status in (200, 202)}


class Buyers(Traffic):
    """Each presses Pay once, one after the other."""

    def __init__(self, served: Served, cookies: Sequence[str], forms: Sequence[dict[str, str]]) -> None:
        left = deque(zip(cookies, forms, strict=True))
        self.count = len(left)

        def press() -> list[Answer]:
            if not left:
                return []
            cookie, form = left.popleft()
            return [served.ask("/checkout", urlencode(form).encode(), "POST", {**FORM, "Cookie": f"session={cookie}"})]

        super().__init__([press], 0.02)

    def __exit__(self, *error: object) -> None:
        until(lambda: len(self.answers) == self.count)
        super().__exit__(*error)


def statuses(answers: Sequence[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def p95(answers: Sequence[Answer]) -> float:
    """Seconds within which nineteen of twenty were answered."""
    return quantiles([one.took for one in answers], n=20)[-1]


def until(condition: Callable[[], object], seconds: float = TIMEOUT) -> None:
    """Wait until a condition is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "the condition did not become true"
        time.sleep(0.02)


def drained(app: Flask) -> float:
    """Run the worker's sweep until the spool is empty; the seconds that took."""
    spool, began = app.config["SETTINGS"].instance_path / "spool", time.monotonic()

    def is_empty() -> bool:
        with app.app_context():
            drain_spool()
        return not spool.is_dir() or not list(spool.iterdir())

    until(is_empty, 30)
    return time.monotonic() - began
