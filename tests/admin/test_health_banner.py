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


def press_pay(shopper):
    """A purchase up to where the payment page would come."""
    shopper.add()
    return shopper.checkout()


@pytest.fixture
def notices(owner):
    """The bad notices on a page of the admin."""

    def read(address: str = "/admin/checks") -> list[str]:
        page = owner.get(address).text
        found = re.findall(
            r'<details class="notice notice--bad health-banner"><summary>(.*?)</summary>(.*?)</details>', page, re.S
        )
        return [f"{what}{cure}" for what, cure in found]

    return read


def test_on_a_calm_day_nothing_is_said(notices, instance):
    assert notices() == []
    assert alerts.payment_alerts(instance) == []


def test_a_token_that_chpter_refuses_is_said_until_it_is_taken(notices, shopper, provider, instance):
    provider.behaviour = "http_401"
    press_pay(shopper)
    [words] = notices()
    assert words.startswith("Payments are off: Chpter has refused the shop’s token since ")
    assert notices("/admin/products") == notices("/admin/me") == [words]

    since = os.stat(instance / alerts.REFUSED)
    press_pay(shopper)
    assert os.stat(instance / alerts.REFUSED).st_mtime == since.st_mtime
    assert "Payments are off" not in shopper.get("/").text + shopper.get("/checkout").text

    provider.behaviour = "ok"
    shopper.buy()
    assert notices() == []


def test_chpter_that_cannot_be_reached_is_said_from_the_second_purchase_on(notices, shopper, provider):
    provider.behaviour = "http_500"
    press_pay(shopper)
    assert notices() == []

    press_pay(shopper)
    [words] = notices()
    assert words.startswith("Chpter has been unreachable since ")

    provider.behaviour = "ok"
    shopper.buy()
    assert notices() == []


def beat(instance, ago=timedelta(), facts=(), **sweeps):
    """The worker's file as it was written some time ago; `sweeps` began to fail at these moments, or did not."""
    at = (utcnow() - ago).isoformat()
    kept = {
        name.replace("_", " "): {
            "done_at": at,
            "failing_since": since and since.isoformat(),
            "error": "OperationalError",
        }
        for name, since in sweeps.items()
    }
    (instance / FILE).write_text(json.dumps({"at": at, "sweeps": kept, "facts": dict(facts)}))


def test_a_worker_that_stands_still_is_said_on_every_page_with_since_when_and_what_to_do(notices, instance):
    HeartbeatWriter(instance).record("orders expired")
    assert notices() == []

    beat(instance, ago=timedelta(hours=26))
    [words] = notices("/admin/products")
    assert words.startswith(f"The worker has not run since {nairobi(utcnow() - timedelta(hours=26))}.")
    assert "systemctl start shop-worker" in words


def test_a_worker_that_never_ran_is_said_once_it_should_have(app, notices):
    assert notices() == []

    app.extensions["shop_started_at"] -= timedelta(minutes=5)
    assert notices()[0].startswith("The worker has not run here yet.")


def test_work_that_fails_is_said_by_name_after_a_minute(notices, instance):
    beat(instance, orders_expired=utcnow() - timedelta(seconds=30), mails_sent=None)
    assert notices() == []

    beat(instance, orders_expired=utcnow() - timedelta(minutes=9), mails_sent=None)
    [words] = notices()
    assert words.startswith("The worker has failed since ")
    assert "orders expired (OperationalError)" in words


def test_emails_that_wait_and_a_clock_that_leapt_are_said(notices, instance):
    since = utcnow() - timedelta(hours=20)
    mail = {"count": 6, "since": since.isoformat(), "because": "The mail server could not be reached"}
    beat(instance, facts={"mail": mail, "clock": {"minutes": -60, "at": since.isoformat()}})

    emails, clock = notices()

    assert emails.startswith(
        f"6 emails wait to be sent since {nairobi(since)}, because: The mail server could not be reached."
    )
    assert clock.startswith("The clock of this machine was put back by 60 minutes at ")


def test_a_database_file_that_cannot_be_written_is_said(notices, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, _mode: not str(path).endswith(".db"))

    [words] = notices()
    assert words.startswith("No order and no payment can be stored: the database file ")
    assert "belongs to" in words


@pytest.mark.parametrize("broken", [b"", b"{", b"[]", b'{"at": 1}', b'{"at": "x", "sweeps": {}, "facts": {}}', b"\xff"])
def test_a_heartbeat_that_cannot_be_read_breaks_no_page(notices, instance, broken):
    (instance / FILE).write_bytes(broken)

    assert notices() == []


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
def test_a_disk_that_cannot_keep_an_order_is_said(app, notices, monkeypatch, disk, words):
    monkeypatch.setattr(os, "statvfs", lambda path: SimpleNamespace(**{**vars(CALM), **disk}))

    said = notices()

    assert len(said) == (words is not None)
    assert all(one.startswith(words) for one in said)


def test_a_folder_that_is_gone_is_for_the_doctor_to_name(tmp_path):
    assert alerts.payment_alerts(tmp_path / "gone") == []


def test_the_doctor_says_the_same(app, instance):
    alerts.note_token_refused(instance)

    said = app.test_cli_runner().invoke(args=["doctor"])

    assert said.exit_code == 1
    assert "FAIL payments: Payments are off: Chpter has refused the shop’s token since " in said.output


def test_a_long_outage_does_not_fill_the_disk(app, instance):
    for _ in range(200):
        alerts.note_unreachable(instance, "unreachable")

    assert alerts.MAX_NOTED <= (instance / alerts.UNREACHABLE).stat().st_size < alerts.MAX_NOTED + 20
