"""The SQLite write queue: while another process locks the database, the queued threads share one timeout."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import pytest
from sqlalchemy.exc import OperationalError

from shop.core import database
from shop.core.database import db, write

THREADS = 5


@pytest.fixture
def locked(app, settings, monkeypatch):
    """A SQLite database that another connection locks during the test. Writers wait for one second."""
    monkeypatch.setattr(database, "LOCK_SECONDS", 1.0)
    monkeypatch.setattr(database, "MIN_LOCK_SECONDS", 0.1)
    other = sqlite3.connect(settings["DATABASE_URL"].removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def waiting_times(app) -> list[float]:
    """How many seconds each of THREADS threads waited before it was refused."""

    def wait(_: int) -> float:
        began = monotonic()
        with app.app_context(), pytest.raises(OperationalError):
            write(db.session.flush)
        return monotonic() - began

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(wait, range(THREADS)))


def test_threads_behind_a_locked_database_share_one_timeout(app, locked):
    assert max(waiting_times(app)) < THREADS / 2


def test_a_writer_has_the_full_timeout_again_after_the_lock_is_released(app, locked):
    waiting_times(app)
    locked.rollback()
    with app.app_context():
        write(db.session.flush)
    locked.execute("BEGIN IMMEDIATE")

    assert min(waiting_times(app)[:1]) >= 0.9
