"""The database crashes, is locked, or the disk is full, under callbacks: nothing that was acknowledged is lost."""

import json
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.databases import Postgres, Sqlite, postgres_server
from tests.external_programs import lacking
from tests.faults.figures import size
from tests.faults.serving import Served
from tests.faults.streaming import drained
from tests.shopper import SKU

CALLERS = 8
BURST = 120
CRASHES = "The database crashes under callbacks"
LOCKED = "SQLite locked under callbacks"
FULL = "The disk is full under callbacks"


@pytest.fixture
def own_postgres():
    """A PostgreSQL server for this test alone: it will be crashed."""
    with postgres_server(durable=True) as server:
        yield server


@pytest.fixture
def database_url(request):
    """SQLite, or a database of the server that will be crashed."""
    if "own_postgres" in request.fixturenames:
        return request.getfixturevalue("own_postgres").fresh()
    home: Sqlite = request.getfixturevalue("sqlite")
    return home.fresh()


def call(served: Served, purchases, took: list[float] | None = None) -> list[int | None]:
    """Post a success for each purchase; the answers, in order. `took` gets the seconds each took."""

    def one(bought) -> int | None:
        began = time.monotonic()
        status = served.post(bought.callback_path, json.dumps(bought.callback()).encode())
        if took is not None:
            took.append(time.monotonic() - began)
        return status

    with ThreadPoolExecutor(CALLERS) as callers:
        return list(callers.map(one, purchases))


@contextmanager
def crashed(server: Postgres, after: float, away: float):
    """The server stops at once, as in a crash, and comes back a little later."""

    def crash() -> None:
        time.sleep(after)
        os.kill(server.server.get_pid(), signal.SIGQUIT)
        time.sleep(away)
        server.server.ensure_postgres_running()

    crasher = threading.Thread(target=crash)
    crasher.start()
    yield
    crasher.join()


def test_a_crashed_database_loses_nothing_that_was_acknowledged(
    app, shopper, ledger, settings, own_postgres, tmp_path, reached
):
    rounds, spool = size(2, 20), Path(settings["INSTANCE_PATH"]) / "spool"
    ledger.shelve(SKU, rounds * BURST + 10)
    answers, lost, slowest = Counter(), 0, 0.0
    with Served(settings, tmp_path) as served:
        for _ in range(rounds):
            purchases = [shopper.buy() for _ in range(BURST)]
            with crashed(own_postgres, after=0.15, away=1.0):
                said = call(served, purchases)
            answers.update(said)
            slowest = max(slowest, drained(app, spool))
            kept = [bought for bought, status in zip(purchases, said, strict=True) if status in (200, 202)]
            lost += sum(bought.status["payment"] != "paid" for bought in kept)

    assert lost == 0
    assert set(answers) <= {200, 202, 503}, answers
    assert answers[202]
    assert slowest < 10
    reached(
        CRASHES,
        f"{rounds} rounds: 0 of {answers[200] + answers[202]:,} acknowledged lost, "
        f"{answers[202]:,} of them saved by the spool, "
        f"spool empty after {slowest:.1f} s at most, 0 of 5xx but 503",
    )


@pytest.fixture
def locked(shopper, ledger, settings, tmp_path):
    """Somebody else keeps the file locked under callbacks: what was bought, the answers, the seconds each took."""

    def run(seconds: int, count: int):
        took = []
        ledger.shelve(SKU, count + 10)
        purchases = [shopper.buy() for _ in range(count)]
        other = sqlite3.connect(settings["DATABASE_URL"].removeprefix("sqlite:///"), check_same_thread=False)
        with Served(settings, tmp_path) as served:
            other.execute("BEGIN IMMEDIATE")
            release = threading.Timer(seconds, other.rollback)
            release.start()
            answers = Counter(call(served, purchases, took))
            release.join()
        other.close()
        return purchases, answers, took

    return run


def test_a_locked_sqlite_keeps_callbacks_on_disk(app, locked, settings, reached):
    seconds, count = size(7, 20), 12
    purchases, answers, took = locked(seconds, count)
    waited = drained(app, Path(settings["INSTANCE_PATH"]) / "spool")

    assert set(answers) <= {200, 202}
    assert answers[202]
    assert max(took) < 15, "a whole queue waits once, not one after the other"
    assert {bought.status["payment"] for bought in purchases} == {"paid"}
    reached(
        LOCKED,
        f"for {seconds} s: 0 of {count} lost, {answers[202]} kept on disk, answered within {max(took):.1f} s, "
        f"spool empty after {waited:.1f} s",
    )


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 6 MB. Mounting one takes root, as in CI and in most containers."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True)
    if made.returncode:
        lacking(f"mounting a small disk takes root: {made.stderr.decode()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


class TestFullDisk:
    """The database and the spool on one disk that is full."""

    @pytest.fixture
    def database_url(self, sqlite, small_disk):
        """A copy of the demo shop on the small disk."""
        copy = small_disk / "shop.db"
        copy.write_bytes(Path(sqlite.fresh().removeprefix("sqlite:///")).read_bytes())
        return f"sqlite:///{copy}"

    def test_nothing_is_acknowledged_that_cannot_be_kept(self, app, shopper, settings, small_disk, tmp_path, reached):
        settings["INSTANCE_PATH"] = str(small_disk / "instance")
        purchases = [shopper.buy() for _ in range(10)]
        with Served(settings, tmp_path) as served:
            filler = _fill(small_disk)
            full = Counter(call(served, purchases[:5]))
            pages = {served.post("/", b"", "GET"), served.post("/products/kiondo-classic", b"", "GET")}
            filler.unlink()
            after = Counter(call(served, purchases[5:]))
        drained(app, Path(settings["INSTANCE_PATH"]) / "spool")

        assert set(full) == {503}
        assert pages == {200}
        assert after == {200: 5}
        assert {bought.status["payment"] for bought in purchases[5:]} == {"paid"}
        assert {bought.status["payment"] for bought in purchases[:5]} == {"awaiting"}
        reached(FULL, "5 of 5 answered 503, none of 500, pages served, 5 of 5 settled once there is room")


def _fill(disk: Path) -> Path:
    """Write until nothing more goes on it."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler
