"""Writers of one process stand in a queue before SQLite; while somebody else keeps it locked, the queue waits once."""

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
    """SQLite, kept locked by somebody else for as long as the test lasts. A writer is patient for a second."""
    monkeypatch.setattr(database, "LOCK_SECONDS", 1.0)
    monkeypatch.setattr(database, "LATE_SECONDS", 0.1)
    other = sqlite3.connect(settings["DATABASE_URL"].removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def waits_of_all(app) -> list[float]:
    """How long each of some threads waited before it was refused."""

    def wait(_: int) -> float:
        began = monotonic()
        with app.app_context(), pytest.raises(OperationalError):
            write(db.session.flush)
        return monotonic() - began

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(wait, range(THREADS)))


def test_a_queue_behind_a_locked_database_waits_once(app, locked):
    assert max(waits_of_all(app)) < THREADS / 2


def test_once_it_is_free_a_writer_is_as_patient_as_ever(app, locked):
    waits_of_all(app)
    locked.rollback()
    with app.app_context():
        write(db.session.flush)
    locked.execute("BEGIN IMMEDIATE")

    assert min(waits_of_all(app)[:1]) >= 0.9
