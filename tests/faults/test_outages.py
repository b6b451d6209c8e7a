"""The database crashes, is locked, or the disk is full, under callbacks: nothing that was acknowledged is lost."""

import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.databases import Postgres, postgres_server
from tests.external_programs import lacking
from tests.faults.traffic import drained, post_all, statuses
from tests.figures import size
from tests.serving import Served
from tests.shopper import SKU

BURST = 120


@pytest.fixture
def own_postgres():
    """A PostgreSQL server for one test, which crashes it."""
    with postgres_server(durable=True) as server:
        yield server


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 6 MB. Mounting one takes root, as in CI and in most containers."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], capture_output=True)
    if mounted.returncode:
        lacking(f"mounting a small disk takes root: {mounted.stderr.decode()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture
def database_url(request):
    """SQLite, SQLite on the small disk, or a database of the server that crashes."""
    if "own_postgres" in request.fixturenames:
        return request.getfixturevalue("own_postgres").fresh()
    url = request.getfixturevalue("sqlite").fresh()
    if "small_disk" not in request.fixturenames:
        return url
    copy = request.getfixturevalue("small_disk") / "shop.db"
    copy.write_bytes(Path(url.removeprefix("sqlite:///")).read_bytes())
    return f"sqlite:///{copy}"


def crash(server: Postgres, after: float, away: float) -> threading.Thread:
    """The server stops at once, as in a crash, and comes back a little later."""

    def run() -> None:
        time.sleep(after)
        os.kill(server.server.get_pid(), signal.SIGQUIT)
        time.sleep(away)
        server.server.ensure_postgres_running()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_crashed_database_loses_nothing_that_was_acknowledged(
    app, shopper, ledger, settings, own_postgres, tmp_path, reached
):
    rounds = size(2, 20)
    ledger.shelve(SKU, rounds * BURST + 10)
    answers, slowest = Counter(), 0.0
    with Served(settings, tmp_path) as served:
        for _ in range(rounds):
            purchases = [shopper.buy() for _ in range(BURST)]
            crashing = crash(own_postgres, after=0.15, away=1.0)
            said = post_all(served, purchases)
            crashing.join()
            answers += statuses(list(said.values()))
            slowest = max(slowest, drained(app))
            kept = [bought for bought in purchases if said[bought.reference].status in (200, 202)]
            assert {bought.status["payment"] for bought in kept} == {"paid"}

    assert set(answers) <= {200, 202, 503}, answers
    assert answers[202]
    assert slowest < 10
    reached(
        "The database crashes under callbacks",
        f"{rounds} rounds: 0 of {answers[200] + answers[202]:,} acknowledged lost, "
        f"{answers[202]:,} of them saved by the spool, "
        f"spool empty after {slowest:.1f} s at most, 0 of 5xx but 503",
    )


def test_a_locked_sqlite_keeps_callbacks_on_disk(app, shopper, ledger, settings, tmp_path, reached):
    seconds, count = size(7, 20), 12
    ledger.shelve(SKU, count + 10)
    purchases = [shopper.buy() for _ in range(count)]
    other = sqlite3.connect(settings["DATABASE_URL"].removeprefix("sqlite:///"), check_same_thread=False)
    with Served(settings, tmp_path) as served:
        other.execute("BEGIN IMMEDIATE")
        release = threading.Timer(seconds, other.rollback)
        release.start()
        answers = list(post_all(served, purchases).values())
        release.join()
    other.close()
    waited, slowest = drained(app), max(answer.took for answer in answers)

    assert set(statuses(answers)) <= {200, 202}
    assert statuses(answers)[202]
    assert slowest < 15, "a whole queue waits once, not one after the other"
    assert {bought.status["payment"] for bought in purchases} == {"paid"}
    reached(
        "SQLite locked under callbacks",
        f"for {seconds} s: 0 of {count} lost, {statuses(answers)[202]} kept on disk, answered within {slowest:.1f} s, "
        f"spool empty after {waited:.1f} s",
    )


def test_nothing_is_acknowledged_that_a_full_disk_cannot_keep(small_disk, app, shopper, settings, tmp_path, reached):
    purchases = [shopper.buy() for _ in range(10)]
    with Served({**settings, "INSTANCE_PATH": str(small_disk / "instance")}, tmp_path) as served:
        filler = fill(small_disk)
        full = statuses(list(post_all(served, purchases[:5]).values()))
        pages = statuses([served.ask("/"), served.ask("/products/kiondo-classic")])
        filler.unlink()
        after = statuses(list(post_all(served, purchases[5:]).values()))

    assert (full, pages, after) == ({503: 5}, {200: 2}, {200: 5})
    assert not list((small_disk / "instance").glob("spool/*"))
    assert [bought.status["payment"] for bought in purchases] == ["awaiting"] * 5 + ["paid"] * 5
    reached(
        "The disk is full under callbacks",
        "5 of 5 answered 503, none of 500, pages served, 5 of 5 settled once there is room",
    )


def fill(disk: Path) -> Path:
    """Write a file until the disk is full."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return filler
