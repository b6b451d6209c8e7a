"""Speed-ups of tests: all shops of a run share compiled templates, URL rules and statements.

Password hashing is cheap and SQLite does not wait for the disk. Tests that kill or crash a shop start it as a separate
process without these; `make faults` does not use them either.
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
    """Templates compiled in this process, by file and checksum."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._kept.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        assert bucket.code
        self._kept[bucket.key, bucket.checksum] = bucket.code


class KeptRule(Rule):
    """A URL rule whose builder is compiled once for all shops."""

    _kept: dict[tuple[Any, ...], Callable[..., tuple[str, str]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        key = (str(self._trace), str(self.defaults), append_unknown)
        if key not in self._kept:
            self._kept[key] = super()._compile_builder(append_unknown)
        return self._kept[key]


def share() -> None:
    """Make all shops created from here on share templates, rules and statements."""
    Flask.jinja_options = {"bytecode_cache": Compiled()}
    Flask.url_rule_class = KeptRule
    for dialect in (SQLiteDialect_pysqlite, PGDialect_psycopg):  # so that compiled statements are found again
        dialect.__eq__ = lambda self, other: type(self) is type(other)
        dialect.__hash__ = lambda self: hash(type(self))


def speed_up(app: Flask) -> None:
    """Make a shop in the tests' own process cheap to run."""
    credentials.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with app.app_context():
        engine = db.engine
    engine.update_execution_options(compiled_cache=_statements)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA synchronous=OFF"))
