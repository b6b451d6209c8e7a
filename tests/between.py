"""Doing something exactly between two statements of another transaction."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event

from shop.core.database import db

PAUSE = 0.05  # seconds a rival has before the first goes on; if it waits for a lock, it goes on afterwards
MOMENTS = ("begin", "before_cursor_execute")


class Between:
    """Runs a rival before the n-th statement, or beginning of a transaction, of this thread, and waits for its end."""

    def __init__(self, app: Flask, place: int, rival: Callable[[], object]) -> None:
        self.app, self.place, self.rival = app, place, rival
        self.seen = 0
        self._this_thread = threading.get_ident()
        self._thread: threading.Thread | None = None
        self._errors: list[BaseException] = []

    def __enter__(self) -> "Between":
        with self.app.app_context():
            self._engine = db.engine
        for moment in MOMENTS:
            event.listen(self._engine, moment, self._before, insert=True)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._thread:  # first, for it may be going through the listeners
            self._thread.join(60)
            assert not self._thread.is_alive(), "the rival never ended"
        for moment in MOMENTS:
            event.remove(self._engine, moment, self._before)
        if self._errors:
            raise self._errors[0]

    @property
    def began(self) -> bool:
        """Whether there were so many statements."""
        return self._thread is not None

    def _before(self, *_statement: Any, **_more: Any) -> None:
        if threading.get_ident() == self._this_thread and self._thread is None:
            self.seen += 1
            if self.seen == self.place:
                self._thread = threading.Thread(target=self._run)
                self._thread.start()
                self._thread.join(PAUSE)

    def _run(self) -> None:
        try:
            self.rival()
        except BaseException as error:  # raised again in the thread of the test
            self._errors.append(error)
