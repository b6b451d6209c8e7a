"""Doing something exactly between two statements of somebody else."""

import threading
from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy import event

from shop.core.database import db

PATIENCE = 0.05  # seconds a rival has before the first goes on; one that waits for a lock goes on after it


class Between:
    """Runs a rival before the n-th statement, or beginning of a transaction, of what this thread does. Both end."""

    def __init__(self, app: Flask, place: int, rival: Callable[[], object], patience: float = PATIENCE) -> None:
        self.app, self.place, self.rival, self.patience = app, place, rival, patience
        self.seen = 0
        self._me = threading.get_ident()
        self._thread: threading.Thread | None = None
        self._trouble: list[BaseException] = []

    def __enter__(self) -> "Between":
        with self.app.app_context():
            self._engine = db.engine
        for moment in ("begin", "before_cursor_execute"):
            event.listen(self._engine, moment, self._before, insert=True)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._thread:  # first, for it may be going through the listeners
            self._thread.join(60)
            assert not self._thread.is_alive(), "the rival never ended"
        for moment in ("begin", "before_cursor_execute"):
            event.remove(self._engine, moment, self._before)
        if self._trouble:
            raise self._trouble[0]

    @property
    def began(self) -> bool:
        """Whether there were so many statements."""
        return self._thread is not None

    def _before(self, *_statement: Any, **_more: Any) -> None:
        if threading.get_ident() != self._me or self._thread is not None:
            return
        self.seen += 1
        if self.seen == self.place:
            self._thread = threading.Thread(target=self._run)
            self._thread.start()
            self._thread.join(self.patience)

    def _run(self) -> None:
        try:
            self.rival()
        except BaseException as error:  # told to the test, in its own thread
            self._trouble.append(error)
