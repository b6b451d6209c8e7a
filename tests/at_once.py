"""Doing many things at the same moment."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

Result = TypeVar("Result")


def at_once(works: Sequence[Callable[[], Result]]) -> list[Result]:
    """Begin all of `works` at one moment, each in a thread; their results, in order. What one raises is raised."""
    start = Barrier(len(works))

    def begin(work: Callable[[], Result]) -> Result:
        start.wait(30)
        return work()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(begin, works))
