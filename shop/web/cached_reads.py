"""Small things that every page shows, read from the database at most every few seconds by each process."""

from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from shop.core.database import database_outage, db

CACHE_SECONDS = 5  # after a change, other processes may show the old value for this long
Value = TypeVar("Value")


class CachedRead(Generic[Value]):
    """A value that `read` reads. While the database is down it is the last known one, or `empty` if there is none.

    It is read on a connection of its own, because the session of the request may be in use or broken.
    """

    def __init__(self, key: str, read: Callable[[Connection], Value], empty: Value) -> None:
        self.key, self.read, self.empty = key, read, empty  # `key` is its name in app.extensions

    def value(self) -> Value:
        """The value, at most CACHE_SECONDS old."""
        last: tuple[float, Value] | None = current_app.extensions.get(self.key)
        now = monotonic()
        if last and now - last[0] < CACHE_SECONDS:
            return last[1]
        try:
            with db.engine.connect() as connection:
                value = self.read(connection)
        except SQLAlchemyError as error:  # error pages show it too
            database_outage().failed(type(getattr(error, "orig", error)).__name__)
            value = last[1] if last else self.empty
        current_app.extensions[self.key] = (now, value)
        return value

    def clear(self) -> None:
        """Read it again next time. Call it after a change."""
        current_app.extensions.pop(self.key, None)
