"""Current problems are shown on every admin page until they are solved, and on no buyer's page."""

import json
import os
import re
import sqlite3
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from shop.core.clock import nairobi, utcnow
from shop.core.heartbeat import FILE, HeartbeatWriter
from shop.payments import alerts
from shop.payments.callback_spool import drain_spool

CALM = SimpleNamespace(f_bavail=10**6, f_frsize=4096, f_flag=0, f_files=10**6, f_favail=10**6)
MB = 1024**2


@pytest.fixture
def instance(settings) -> Path:
    return Path(settings["INSTANCE_PATH"])


@pytest.fixture
def notices(owner):
    """The bad notices on a page of the admin."""

    def read(address: str = "/admin/review") -> list[str]:
        page = owner.get(address).text
        found = re.findall(
            r'<details class="notice notice--bad health-banner"><summary>(.*?)</summary>(.*?)</details>', page, re.S
        )
        return [f"{what}{cure}" for what, cure in found]

    return read


def press_pay(shopper):
    shopper.add()
    return shopper.checkout()


def test_a_token_that_chpter_refuses_is_reported_until_it_is_accepted(app, notices, shopper, provider, instance):
    assert notices() == alerts.payment_alerts(instance / "gone") == []
    provider.behaviour = "http_401"
    press_pay(shopper)
    [words] = notices()
    assert words.startswith("Payments are off: Chpter has refused the shop’s token since ")
    assert notices("/admin/products") == notices("/admin/account") == [words]
    doctor = app.test_cli_runner().invoke(args=["doctor"])
    assert doctor.exit_code == 1
    assert "FAIL payments: Payments are off: Chpter has refused the shop’s token since " in doctor.output

    since = os.stat(instance / alerts.REFUSED).st_mtime
    press_pay(shopper)
    assert os.stat(instance / alerts.REFUSED).st_mtime == since
    assert "Payments are off" not in shopper.get("/").text + shopper.get("/checkout").text

    provider.behaviour = "ok"
    shopper.buy()
    assert notices() == []


def test_an_outage_of_chpter_is_reported_from_the_second_purchase_on(notices, shopper, provider):
    provider.behaviour = "http_500"
    press_pay(shopper)
    assert notices() == []

    press_pay(shopper)
    [words] = notices()
    assert words.startswith("Chpter has been unreachable since ")

    provider.behaviour = "ok"
    shopper.buy()
    assert notices() == []


def beat(instance, ago=timedelta(), facts=(), failing_since=None):
    """Write the worker's heartbeat as it was written some time ago, with a sweep that fails since then."""
    at = (utcnow() - ago).isoformat()
    sweep = {"done_at": at, "failing_since": failing_since and failing_since.isoformat(), "error": "OperationalError"}
    (instance / FILE).write_text(json.dumps({"at": at, "sweeps": {"orders expired": sweep}, "facts": dict(facts)}))


def test_a_worker_that_does_not_run_is_reported_with_since_when_and_what_to_do(app, notices, instance):
    app.extensions["shop_started_at"] -= timedelta(minutes=5)
    assert notices()[0].startswith("The worker has not run here yet.")

    HeartbeatWriter(instance).record("orders expired")
    assert notices() == []

    beat(instance, ago=timedelta(hours=26))
    [words] = notices("/admin/products")
    assert words.startswith(f"The worker has not run since {nairobi(utcnow() - timedelta(hours=26))}.")
    assert "systemctl start shop-worker" in words


def test_failing_sweeps_late_emails_and_a_changed_clock_are_reported(notices, instance):
    beat(instance, failing_since=utcnow() - timedelta(seconds=30))
    assert notices() == []

    since = utcnow() - timedelta(hours=20)
    mail = {"count": 6, "since": since.isoformat(), "because": "The mail server could not be reached"}
    facts = {"mail": mail, "clock": {"minutes": -60, "at": since.isoformat()}}
    beat(instance, facts=facts, failing_since=utcnow() - timedelta(minutes=9))
    worker, emails, clock = notices()
    assert worker.startswith("The worker has failed since ")
    assert "orders expired (OperationalError)" in worker
    assert emails.startswith(
        f"6 emails wait to be sent since {nairobi(since)}, because: The mail server could not be reached."
    )
    assert clock.startswith("The clock of this machine was put back by 60 minutes at ")


def test_a_heartbeat_that_cannot_be_read_breaks_no_page(notices, instance):
    for broken in (b"", b"{", b"[]", b'{"at": 1}', b'{"at": "x", "sweeps": {}, "facts": {}}', b"\xff"):
        (instance / FILE).write_bytes(broken)

        assert notices() == [], broken


def test_a_disk_that_refuses_the_mark_costs_no_order(shopper, provider, instance, monkeypatch):
    def refuse(*_args, **_options):
        raise PermissionError

    with monkeypatch.context() as disk:
        disk.setattr(Path, "touch", refuse)
        disk.setattr(Path, "unlink", refuse)
        assert shopper.buy().status["payment"] == "awaiting"
        provider.behaviour = "http_401"
        assert press_pay(shopper).status_code == 303
    assert not (instance / alerts.REFUSED).exists()


def test_callbacks_that_wait_on_disk_are_counted_until_they_are_settled(
    app, notices, shopper, settings, instance, monkeypatch
):
    monkeypatch.setattr("shop.core.database.LOCK_SECONDS", 0.1)
    bought = shopper.buy()
    other = sqlite3.connect(settings["DATABASE_URL"].removeprefix("sqlite:///"))
    other.execute("BEGIN IMMEDIATE")
    assert bought.post_callback(bought.callback()).status_code == 202
    other.rollback()
    other.close()
    (instance / "spool" / "20261102-b.damaged").touch()

    waiting, damaged = notices()

    assert waiting.startswith("1 of Chpter’s callbacks wait on disk")
    assert damaged.startswith("1 of Chpter’s callbacks on disk cannot be read")

    with app.app_context():
        drain_spool()
    assert notices() == [damaged]

    (instance / "spool" / "20261102-b.damaged").unlink()
    assert notices() == []


@pytest.mark.parametrize(
    ("disk", "words"),
    [
        ({}, None),
        ({"f_bavail": 63 * MB // 4096}, "The disk is nearly full: space for 63 MB and 1,000,000 files is left."),
        ({"f_bavail": 64 * MB // 4096}, None),
        ({"f_favail": 999}, "The disk is nearly full: space for 3906 MB and 999 files is left."),
        ({"f_favail": 1_000}, None),
        ({"f_files": 0, "f_favail": 0}, None),  # a file system that does not count its files
        ({"f_flag": os.ST_RDONLY, "f_bavail": 0}, "The disk is read-only."),
    ],
)
def test_a_disk_that_cannot_store_an_order_is_reported(notices, monkeypatch, disk, words):
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**{**vars(CALM), **disk}))

    found = notices()

    assert len(found) == (words is not None)
    assert all(one.startswith(words) for one in found)


def test_a_database_file_that_cannot_be_written_is_reported(notices, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _mode: not str(path).endswith(".db"))

    [words] = notices()
    assert words.startswith("No order and no payment can be stored: the database file ")
    assert "belongs to" in words


def test_a_long_outage_does_not_fill_the_disk(app, instance):
    for _ in range(200):
        alerts.note_unreachable(instance, "unreachable")

    assert alerts.MAX_NOTED <= (instance / alerts.UNREACHABLE).stat().st_size < alerts.MAX_NOTED + 20
