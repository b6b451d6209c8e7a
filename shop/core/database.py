"""Database access for SQLite and PostgreSQL: connections, transactions, column types."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from sqlite3 import SQLITE_BUSY
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click
from flask.cli import AppGroup
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    CursorResult,
    DateTime,
    Delete,
    Engine,
    MetaData,
    Select,
    String,
    Table,
    Update,
    event,
    func,
    select,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, ORMExecuteState, Session
from sqlalchemy.types import TypeDecorator

from shop.core.outages import CALM_SECONDS, Outage, outage

LOCK_SECONDS = 5  # how long a writer waits for another writer
QUEUE_SECONDS = 20  # how long a thread waits in the write queue of its process, on SQLite
MIN_LOCK_SECONDS = 0.5  # how long it still waits for SQLite after the thread before it timed out
_write_lock, _last_writer_timed_out = Lock(), Event()
_read_only = ContextVar("read_only", default=False)
Result = TypeVar("Result")
DEADLOCK, SERIALISATION = "40P01", "40001"  # PostgreSQL's codes for "try again"


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can change it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


db = SQLAlchemy(model_class=Base)
if TYPE_CHECKING:
    Model = Base  # db.Model is created at run time, which a type checker cannot follow
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """An aware time in UTC. SQLite stores no zone, so it is added when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Convert to UTC. Raises ValueError for a naive time."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Return the time aware."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def binary_string(length: int) -> String:
    """Text sorted by bytes whatever the database's locale, so that an index serves a search by prefix."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def engine_options(url: str, threads: int) -> dict[str, Any]:
    """SQLAlchemy's engine options for a process with this many threads.

    Parameters are hidden from messages and logs because they hold buyers' data.
    """
    shared = {"hide_parameters": True, "pool_size": threads, "max_overflow": threads}
    if url.startswith("sqlite"):
        return {**shared, "connect_args": {"timeout": LOCK_SECONDS}}
    timeouts = f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
    return {
        **shared,
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": LOCK_SECONDS, "options": timeouts},
    }


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: Any, _record: Any) -> None:
    if type(connection).__module__.startswith("sqlite3"):
        connection.isolation_level = None  # SQLAlchemy's "begin" event below says how a transaction begins
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # A writer takes its lock at once: upgrading a reader fails without waiting if another writer was first.
        options = connection.get_execution_options()
        milliseconds = int(options.get("busy_timeout", LOCK_SECONDS) * 1000)
        cast(Any, connection.connection.driver_connection).execute(f"PRAGMA busy_timeout={milliseconds}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")


@event.listens_for(Session, "do_orm_execute")
def _refresh_locked_rows(state: ORMExecuteState) -> None:
    """Read a locked row again: it may have changed between the first read and the lock."""
    if state.is_select and getattr(state.statement, "_for_update_arg", None) is not None:
        state.update_execution_options(populate_existing=True)


class ReadOnlyError(Exception):
    """`write` was called inside `read_only`. Nothing was written."""


@contextmanager
def read_only() -> Iterator[None]:
    """Make `write` raise ReadOnlyError inside this context."""
    token = _read_only.set(True)
    try:
        yield
    finally:
        _read_only.reset(token)


def write(work: Callable[[], Result]) -> Result:
    """Run `work` in a new transaction and commit it; roll back whatever it raises.

    On PostgreSQL, `work` runs a second time after a deadlock or serialisation failure. Raises
    sqlalchemy.exc.DBAPIError when the database refuses, and ReadOnlyError inside `read_only`.
    """
    if _read_only.get():
        raise ReadOnlyError
    try:
        return _write_once(work)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in (DEADLOCK, SERIALISATION):
            raise
        return _write_once(work)


def _write_once(work: Callable[[], Result]) -> Result:
    db.session.rollback()
    with _sqlite_write_queue() as busy_timeout:
        try:
            db.session.connection(execution_options={"writes": True, "busy_timeout": busy_timeout})
            result = work()
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
    return result


@contextmanager
def _sqlite_write_queue() -> Iterator[float]:
    """Let the threads of this process write to SQLite one at a time. Yields the busy timeout in seconds.

    SQLite has one writer, and those that wait retry in no fixed order: of 100 buyers, some would time out. After
    QUEUE_SECONDS in the queue a thread tries anyway. While another process locks SQLite, the threads in the queue share
    one timeout instead of waiting for it one after the other.
    """
    start = monotonic()
    acquired = db.engine.dialect.name == "sqlite" and _write_lock.acquire(timeout=QUEUE_SECONDS)
    left, timed_out = LOCK_SECONDS - (monotonic() - start), False
    try:
        yield max(MIN_LOCK_SECONDS, left) if _last_writer_timed_out.is_set() else LOCK_SECONDS
    except DBAPIError as error:
        timed_out = getattr(error.orig, "sqlite_errorcode", None) == SQLITE_BUSY
        raise
    finally:
        (_last_writer_timed_out.set if timed_out else _last_writer_timed_out.clear)()
        if acquired:
            _write_lock.release()


def database_outage() -> Outage:
    """This process's record of a database outage."""
    return outage("the database", CALM_SECONDS)


def database_refusal(error: Exception) -> str:
    """Why the database refused, in a sentence with the cure; never its own message, which may hold parameters."""
    cause = getattr(error, "orig", None) or error
    message = str(cause)
    if "password authentication failed" in message:
        return "The database does not take the user or the password in DATABASE_URL."
    if ("role" in message and "does not exist" in message) or ("database" in message and "does not exist" in message):
        return "The database or the user named in DATABASE_URL does not exist; make it."
    if "readonly" in message or "read-only" in message:
        return "The database cannot be written; give its file and folder to the user the shop runs as."
    return f"The database cannot be reached ({type(cause).__name__}): is it running, and is DATABASE_URL right?"


class _OneSentence:
    """Reports a database refusal as one sentence instead of a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command. Raises click.ClickException with the reason and the cure."""
        try:
            return super().invoke(ctx)  # type: ignore[misc]
        except (DBAPIError, TimeoutError) as error:
            raise click.ClickException(database_refusal(error)) from None


class ShopCommand(_OneSentence, click.Command):
    """A command that reports a database refusal in one sentence."""


class ShopGroup(_OneSentence, AppGroup):
    """A group of such commands."""


def updated(statement: Update | Delete) -> int:
    """Run a guarded UPDATE or DELETE and return its row count; 0 means that another transaction was first."""
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], result).rowcount


def advisory_lock(*names: str) -> None:
    """Take PostgreSQL advisory locks on these names until the transaction ends. SQLite has one writer anyway.

    Call it before any row is locked, or two transactions may deadlock.
    """
    if db.engine.dialect.name == "postgresql":
        for name in sorted(names):
            db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def draw_unused(column: InstrumentedAttribute[Result], draw: Callable[[], Result]) -> Result:
    """Draw random values until one is not used in this UNIQUE column."""
    while True:
        value = draw()
        if db.session.scalar(select(column).where(column == value)) is None:
            return value


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection that reads one consistent state of the database, without blocking writers."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            _lift_timeouts(connection)
            yield connection


@contextmanager
def bulk_load() -> Iterator[Connection]:
    """A connection that writes many rows with given keys in one transaction, then sets PostgreSQL's sequences."""
    with db.engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            _lift_timeouts(connection)
            yield connection
            for table in db.metadata.sorted_tables:
                if connection.dialect.name == "postgresql" and "id" in table.c:
                    connection.execute(_set_sequence(table))


def _lift_timeouts(connection: Connection) -> None:
    """Lift the statement timeouts for this transaction."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _set_sequence(table: Table) -> Select[tuple[int]]:
    """Set PostgreSQL's id sequence of a table after the largest id. SQLite needs no such step."""
    sequence = func.pg_get_serial_sequence(table.name, "id")
    return select(func.setval(sequence, func.coalesce(select(func.max(table.c.id)).scalar_subquery(), 0) + 1, False))
