"""Counting database queries."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from shop.core.database import db


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The queries made inside this context."""
    queries: list[str] = []
    with app.app_context():
        engine = db.engine

    def note(connection, cursor, statement, *_):
        queries.extend([statement] if statement != "BEGIN" else [])

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield queries
    finally:
        event.remove(engine, "before_cursor_execute", note)
