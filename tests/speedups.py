"""What the shops of a test run share, so that tests are quick: templates, address rules, statements.

Passwords are hashed cheaply and SQLite does not wait for the disk. Tests that kill, crash or fill up a shop start it as
a process of its own, which knows nothing of this; `make faults` does without it.
"""

from collections.abc import Callable
from types import CodeType
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from sqlalchemy import event
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from shop.accounts import credentials
from shop.core.database import db

_statements: Any = LRUCache(2000)


class Compiled(BytecodeCache):
    """Templates compiled in this process, under their file and the checksum of their text."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code
        self._kept[bucket.key, bucket.checksum] = bucket.code


class KeptRule(Rule):
    """An address rule; the function that writes its addresses is compiled once, it finds its converters in the rule."""

    _kept: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (str(self._trace), str(self.defaults), append_unknown)
        if key not in self._kept:
            self._kept[key] = super()._compile_builder(append_unknown)
        return self._kept[key]


def share() -> None:
    """Let all shops that are made from here on share what they have in common."""
    Flask.jinja_options = {"bytecode_cache": Compiled()}
    Flask.url_rule_class = KeptRule
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):  # with it a compiled statement is found again
        dialect.__eq__ = lambda self, other: type(self) is type(other)
        dialect.__hash__ = lambda self: hash(type(self))


def spare(app: Flask) -> None:
    """Make a shop cheap to run that lives in the tests' own process."""
    credentials.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with app.app_context():
        engine = db.engine
    engine.update_execution_options(compiled_cache=_statements)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
