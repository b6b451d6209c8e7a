"""The worker process: emails, expiry and the spool within seconds, and a quick exit."""

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from shop import worker as process
from shop.core.clock import utcnow
from shop.core.database import db
from shop.core.heartbeat import HeartbeatWriter, last_heartbeat
from shop.core.outages import Outage
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from tests.emails.smtp_server import settings_for

ROOT = Path(__file__).parents[2]
SHORT_STOP = """
from shop import create_app, worker

worker.STOP_SECONDS = 1
worker.run_worker(create_app())
"""


@pytest.fixture
def settings(settings, office):
    """A shop that sends email to a real SMTP server."""
    return {**settings, **settings_for(office.port)}


@pytest.fixture
def start_worker(settings, tmp_path):
    """A function that starts a worker, by default with the README's command."""
    started = []

    def start(*command):
        command = command or (Path(sys.executable).parent / "flask", "--app", "wsgi", "worker")
        log = (tmp_path / f"worker{len(started)}.log").open("w")
        worker = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **settings}, stdout=log, stderr=log)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        if worker.poll() is None:
            worker.kill()
            worker.wait()


def wait_for(what, seconds):
    """Whether `what` became true in time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.25)
    return False


def test_workers_send_email_expire_orders_settle_the_spool_and_stop_on_a_signal(
    app, shopper, office, start_worker, monkeypatch, tmp_path
):
    forgotten, paid = shopper.buy(), shopper.buy()
    with monkeypatch.context() as patch:
        patch.setattr("shop.payments.views.settle_callback", refuse_all)
        assert paid.post_callback(paid.callback()).status_code == 202
    with app.app_context():
        token = forgotten.order_path.rsplit("/", 1)[1]
        due = update(Order).where(Order.token == token)
        db.session.execute(due.values(expires_at=utcnow() - timedelta(minutes=1)))
        db.session.commit()

    workers = [start_worker(), start_worker()]

    def all_done():
        states = (forgotten.status["payment"], paid.status["payment"])
        return states == ("expired", "paid") and len(office.letters) == 4

    assert wait_for(all_done, 120), (forgotten.status, paid.status, office.subjects())
    assert not list((tmp_path / "instance" / "spool").iterdir())
    assert all(worker.poll() is None for worker in workers)
    with app.app_context():  # a worker records an email as sent after the server has accepted it

        def all_sent():
            db.session.rollback()
            return all(db.session.scalars(select(OutboxEmail.sent_at)))

        assert wait_for(all_sent, 20)
    # each worker overwrites the heartbeat every few seconds
    wanted = {"orders expired", "emails sent (1)", "callbacks settled from the spool"}
    assert wait_for(lambda: (beat := last_heartbeat(tmp_path / "instance")) and wanted <= set(beat.sweeps), 60)

    began = time.monotonic()
    for worker in workers:
        worker.send_signal(signal.SIGTERM)
    for worker in workers:
        worker.wait(timeout=60)
    assert time.monotonic() - began < 30
    assert len({letter["Message-ID"] for letter in office.letters}) == len(office.letters) == 4
    for log in tmp_path.glob("worker*.log"):
        assert "Traceback" not in log.read_text()
        assert "worker started" in log.read_text()
        assert log.read_text().rstrip().endswith("worker stopped")


def test_an_idle_worker_stops_within_seconds(start_worker, tmp_path):
    worker = start_worker()
    ran = {"orders expired", "old carts deleted"}  # one waits for seconds now, the other for an hour
    assert wait_for(lambda: (beat := last_heartbeat(tmp_path / "instance")) and ran <= set(beat.sweeps), 60)

    worker.send_signal(signal.SIGINT)

    assert worker.wait(timeout=10) == 0
    assert (tmp_path / "worker0.log").read_text().rstrip().endswith("worker stopped")


def test_a_worker_finishes_a_running_sweep_before_it_stops(app, shopper, office, start_worker, tmp_path):
    office.seconds = 2
    shopper.buy()
    worker = start_worker()
    assert wait_for(lambda: office.asked, 60)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=30) == 0
    with app.app_context():
        sent = db.session.scalars(select(OutboxEmail.sent_at)).all()
    assert sent
    assert len([moment for moment in sent if moment]) == len(office.letters) > 0
    assert "not finished" not in (tmp_path / "worker0.log").read_text()


def test_a_mail_server_that_hangs_does_not_delay_the_exit(app, shopper, office, start_worker, tmp_path):
    office.seconds = 60
    shopper.buy()
    worker = start_worker(sys.executable, "-c", SHORT_STOP)
    assert wait_for(lambda: office.asked, 60)

    worker.send_signal(signal.SIGTERM)

    assert worker.wait(timeout=15) == 0
    log = (tmp_path / "worker0.log").read_text()
    assert "not finished after 1 seconds: emails sent (" in log
    assert log.rstrip().endswith("worker stopped")


def test_a_failing_sweep_stops_no_other_and_is_retried_soon(app, tmp_path, monkeypatch):
    monkeypatch.setattr(process, "SHORT_INTERVAL", 0.01)
    heart, stop, runs = HeartbeatWriter(tmp_path), Event(), {"often": 0, "seldom": 0}

    def often():
        runs["often"] += 1
        raise KeyError

    def seldom():
        runs["seldom"] += 1
        return 0 if runs["seldom"] > 2 else refuse_all(None)

    sweeps = {"often": (often, 0.01), "seldom": (seldom, 3600)}
    threads = [
        Thread(target=process._repeat, args=(app, name, sweep, seconds, heart, stop))
        for name, (sweep, seconds) in sweeps.items()
    ]
    for thread in threads:
        thread.start()
    assert wait_for(lambda: runs["often"] > 100, 30)
    stop.set()
    for thread in threads:
        thread.join(10)

    assert not any(thread.is_alive() for thread in threads)
    assert runs["seldom"] == 3, "it failed twice, and then waits for an hour"


def test_a_database_outage_is_logged_once_a_minute_and_when_it_ends(app, tmp_path, caplog):
    clock = [0.0]
    app.extensions["outages"] = {"the database": Outage("the database", lambda: clock[0], calm=10)}
    heart = HeartbeatWriter(tmp_path)

    def sweeps(seconds, work):
        with app.app_context():
            for clock[0] in seconds:
                process._sweep("orders expired", work, heart)
                process._sweep("callbacks settled from the spool", lambda: 0, heart)

    sweeps(range(0, 3600, 3), lambda: refuse_all(None))

    assert 60 <= len(caplog.records) <= 61
    assert not any("\n" in record.getMessage() for record in caplog.records)
    assert last_heartbeat(tmp_path).sweeps["orders expired"].error == "OperationalError"

    caplog.clear()
    sweeps(range(3600, 3660, 3), lambda: 0)
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith("the database: works again after 36")


def test_the_traceback_of_a_bug_in_a_sweep_is_logged_once(app, tmp_path, caplog):
    private = f"buyer{'@'}example.com"

    def bug():
        raise KeyError(private)

    with app.app_context():
        for _ in range(50):
            process._sweep("a sweep of this test", bug, HeartbeatWriter(tmp_path))

    assert sum("line" in record.getMessage() for record in caplog.records) == 1
    assert private not in caplog.text


def refuse_all(_posted):
    raise OperationalError("", {}, Exception())
