"""Threads that do something to a shop while the test does something else."""

import threading
from collections.abc import Callable, Sequence
from typing import Self

PATIENCE = 60  # seconds


class Meanwhile:
    """Each of the works runs in a thread of its own as long as this is used as a context manager.

    A work without an end of its own looks whether it is `over`.
    """

    def __init__(self, works: Sequence[Callable[[], None]]) -> None:
        self.over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in works]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(PATIENCE)
