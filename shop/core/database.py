"""The one place that knows which database is underneath: connecting, writing, and the column types the rooms share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from sqlite3 import SQLITE_BUSY
from threading import Event, Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar, cast

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
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, ORMExecuteState, Session
from sqlalchemy.types import TypeDecorator

from shop.core.outages import CALM_SECONDS, Outage, outage

LOCK_SECONDS = 5  # how long a writer waits for another before it gives up
QUEUE_SECONDS = 20  # how long a thread waits for the other threads of its process, on SQLite
LATE_SECONDS = 0.5  # how long it asks SQLite when it has queued behind one that was kept out
_turn, _kept_out = Lock(), Event()
_nothing_written = ContextVar("nothing may be written", default=False)
Result = TypeVar("Result")
DEADLOCK, SERIALISATION = "40P01", "40001"  # PostgreSQL's codes for "try again"


class Base(DeclarativeBase):
    """Every constraint has a name, so that a migration can change it on both databases."""

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
    Model = Base  # db.Model is made at run time, where a type checker cannot follow
else:
    Model = db.Model


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC moment. SQLite keeps no zone, so it is put back on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Refuse a naive moment (ValueError): nobody knows which zone it meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored moment needs a time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        """Give the moment back aware."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=UTC)


def binary_string(length: int) -> String:
    """Text that sorts by its bytes, whatever language the database was set up for: then a beginning is a range."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def engine_options(url: str, threads: int) -> dict[str, Any]:
    """How to connect, for a process of so many threads.

    Statements' parameters never reach a message or a log: they are buyers' details.
    """
    shared = {"hide_parameters": True, "pool_size": threads, "max_overflow": threads}
    if url.startswith("sqlite"):
        return {**shared, "connect_args": {"timeout": LOCK_SECONDS}}
    patience = f"-c lock_timeout={LOCK_SECONDS}s -c statement_timeout=30s -c idle_in_transaction_session_timeout=60s"
    return {
        **shared,
        "pool_pre_ping": True,
        "connect_args": {"connect_timeout": LOCK_SECONDS, "options": patience},
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
        # A writer takes its lock at once: upgrading a reader later fails without waiting when another writer was first.
        options = connection.get_execution_options()
        patience = int(options.get("patience", LOCK_SECONDS) * 1000)
        cast(Any, connection.connection.driver_connection).execute(f"PRAGMA busy_timeout={patience}")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes", False) else "BEGIN")


@event.listens_for(Session, "do_orm_execute")
def _read_again_what_is_locked(state: ORMExecuteState) -> None:
    """A row that was read before it was locked may have changed in between: what is locked is read again."""
    if state.is_select and getattr(state.statement, "_for_update_arg", None) is not None:
        state.update_execution_options(populate_existing=True)


class ReadOnlyError(Exception):
    """Something wanted to write while `nothing_written` lasts. Nothing was written."""


@contextmanager
def read_only() -> Iterator[None]:
    """While it lasts, `write` refuses."""
    token = _nothing_written.set(True)
    try:
        yield
    finally:
        _nothing_written.reset(token)


def write(work: Callable[[], Result]) -> Result:
    """Do `work` in one transaction and commit it; whatever it raises undoes all of it.

    Starts afresh: what was read before is read again. On PostgreSQL a deadlock or a serialisation failure is tried once
    more: the loser of such a race has done nothing yet. Raises sqlalchemy.exc.DBAPIError when the database refuses, and
    NothingMayBeWritten while `nothing_written` lasts.
    """
    if _nothing_written.get():
        raise ReadOnlyError
    try:
        return _write_once(work)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in (DEADLOCK, SERIALISATION):
            raise
        return _write_once(work)


def _write_once(work: Callable[[], Result]) -> Result:
    db.session.rollback()
    with _turn_to_write() as patience:
        try:
            db.session.connection(execution_options={"writes": True, "patience": patience})
            result = work()
            db.session.commit()
        except BaseException:
            db.session.rollback()
            raise
    return result


@contextmanager
def _turn_to_write() -> Iterator[float]:
    """Let the threads of one process write to SQLite in turn, and say for how many seconds to ask it.

    SQLite has one writer, and whoever waits sleeps and asks again, in no order: of a hundred some ask for seconds
    and are refused. Here they stand in a queue. Whose turn does not come in time asks SQLite all the same. While
    somebody else keeps SQLite locked, the whole queue waits once: not each of it after the other.
    """
    since = monotonic()
    ours = db.engine.dialect.name == "sqlite" and _turn.acquire(timeout=QUEUE_SECONDS)
    left, kept_out = LOCK_SECONDS - (monotonic() - since), False
    try:
        yield max(LATE_SECONDS, left) if _kept_out.is_set() else LOCK_SECONDS
    except DBAPIError as error:
        kept_out = getattr(error.orig, "sqlite_errorcode", None) == SQLITE_BUSY
        raise
    finally:
        (_kept_out.set if kept_out else _kept_out.clear)()
        if ours:
            _turn.release()


def database_outage() -> Outage:
    """What this process knows of an outage of the database. It is over once it refused nothing for a while."""
    return outage("the database", CALM_SECONDS)


def database_refusal(error: Exception) -> str:
    """Why the database refused, in a sentence with the cure. Never its own message: that may hold parameters."""
    cause = getattr(error, "orig", None) or error
    said = str(cause)
    if "password authentication failed" in said:
        return "The database does not take the user or the password in DATABASE_URL."
    if ("role" in said and "does not exist" in said) or ("database" in said and "does not exist" in said):
        return "The database or the user named in DATABASE_URL does not exist; make it."
    if "readonly" in said or "read-only" in said:
        return "The database cannot be written; give its file and folder to the user the shop runs as."
    return f"The database cannot be reached ({type(cause).__name__}): is it running, and is DATABASE_URL right?"


def updated(statement: Update | Delete) -> int:
    """Run one guarded UPDATE or DELETE and say how many rows it moved; 0 means that another transaction was first."""
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast(CursorResult[Any], result).rowcount


def advisory_lock(*names: str) -> None:
    """Until the transaction ends, let nobody else be at work who gave one of these names too.

    On SQLite a writer is alone anyway. Call it before anything else is locked: then nobody waits in a ring.
    """
    if db.engine.dialect.name == "postgresql":
        for name in sorted(names):
            db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))


def draw_unused(column: InstrumentedAttribute[Result], draw: Callable[[], Result]) -> Result:
    """Draw random values until one stands in no row of a UNIQUE column."""
    while True:
        value = draw()
        if db.session.scalar(select(column).where(column == value)) is None:
            return value


@contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection that reads everything as it stood at one moment, however long it takes; writers need not wait."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            _take_all_the_time(connection)
            yield connection


@contextmanager
def bulk_load() -> Iterator[Connection]:
    """A connection that writes many rows with keys of their own in one transaction, and sees to later keys."""
    with db.engine.connect() as connection:
        connection = connection.execution_options(writes=True)
        with connection.begin():
            _take_all_the_time(connection)
            yield connection
            for table in db.metadata.sorted_tables:
                if connection.dialect.name == "postgresql" and "id" in table.c:
                    connection.execute(_next_key(table))


def _take_all_the_time(connection: Connection) -> None:
    """Lift, for this transaction, the limits that keep a request from holding the database."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")


def _next_key(table: Table) -> Select[tuple[int]]:
    """Let PostgreSQL's sequence of a table go on behind the largest key. SQLite does that by itself."""
    sequence = func.pg_get_serial_sequence(table.name, "id")
    return select(func.setval(sequence, func.coalesce(select(func.max(table.c.id)).scalar_subquery(), 0) + 1, False))
