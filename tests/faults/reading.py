"""What stands in the database, read past SQLAlchemy: quick, and not by the code under test."""

from typing import Any

from flask import Flask

from shop.core.database import db


class Reader:
    """A connection of its own that sees what is committed."""

    def __init__(self, app: Flask) -> None:
        with app.app_context():
            engine = db.engine
        self._connection = engine.raw_connection()
        if engine.dialect.name == "postgresql":
            self._connection.dbapi_connection.autocommit = True  # type: ignore[union-attr]

    def read(self, query: str) -> list[tuple[Any, ...]]:
        """All rows."""
        cursor = self._connection.cursor()
        cursor.execute(query)
        return [tuple(row) for row in cursor.fetchall()]

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()
