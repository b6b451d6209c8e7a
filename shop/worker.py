"""The worker process: everything the shop does without a request.

Each job is a sweep over the database, in its own thread. A sweep is safe to run twice, in two workers at the same time,
or after a kill, so the web processes queue nothing and the worker stores nothing but its heartbeat.
"""

import logging
import signal
from collections.abc import Callable, Iterator
from threading import Event, Thread
from time import monotonic

from flask import Flask, current_app
from sqlalchemy.exc import DBAPIError, TimeoutError

from shop.accounts.kept_forms import sweep_kept_forms
from shop.cart.storage import sweep_carts
from shop.catalog.back_in_stock import delete_old_requests
from shop.catalog.csv_import.drafts import sweep_drafts
from shop.catalog.images.uploads import sweep_images
from shop.config import Settings
from shop.core.clock import LeapDetector, utcnow
from shop.core.database import database_outage, write
from shop.core.heartbeat import HeartbeatWriter
from shop.core.outages import outage
from shop.emails.back_in_stock import delete_old_emails, email_waiting_buyers
from shop.emails.delivery import send_due, waiting_emails
from shop.emails.outbox import why_not
from shop.orders.expiry import expire_orders
from shop.orders.models import OrderLine
from shop.payments.callback_spool import drain_spool
from shop.payments.unmatched_callbacks import delete_dismissed
from shop.privacy.anonymise import anonymise_old_orders
from shop.web.errors import traceback_lines
from shop.web.idempotency import sweep_keys

log = logging.getLogger(__name__)
SHORT_INTERVAL = 3  # seconds between two runs of a sweep
STOCK_INTERVAL = 60  # for buyers who wait until something is back in stock
LONG_INTERVAL = 3600  # for sweeps that are not urgent
EMAIL_THREADS = 2  # a mail server may take ten minutes for one email: the other thread sends the rest
STOP_SECONDS = 20  # to finish running sweeps; less than TimeoutStopSec of the systemd unit (docs/operations.md)
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Sweep = Callable[[], int]  # returns how many rows or files it handled


def run_worker(app: Flask) -> None:
    """Run the sweeps until SIGTERM or SIGINT, then let running sweeps finish."""
    heart, stop = HeartbeatWriter(app.config["SETTINGS"].instance_path), Event()
    # Blocked in every thread, a signal waits for sigwait. A handler that sets the event would deadlock if a second
    # signal interrupted it while it holds the event's lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threads = [
        # Daemon threads: an SMTP call may hang for ten minutes, and the exit waits at most STOP_SECONDS. An interrupted
        # email is sent again, as after a kill.
        Thread(target=_repeat, args=(app, name, sweep, seconds, heart, stop), name=name, daemon=True)
        for name, sweep, seconds in _sweeps(app.config["SETTINGS"], heart)
    ]
    for thread in threads:
        thread.start()
    log.info("worker started")
    signal.sigwait(STOP_SIGNALS)
    stop.set()
    deadline = monotonic() + STOP_SECONDS
    for thread in threads:
        thread.join(max(0.0, deadline - monotonic()))
    if unfinished := [thread.name for thread in threads if thread.is_alive()]:
        log.warning("not finished after %d seconds: %s", STOP_SECONDS, ", ".join(unfinished))
    log.info("worker stopped")


def _sweeps(settings: Settings, heart: HeartbeatWriter) -> Iterator[tuple[str, Sweep, int]]:
    """Each sweep as (name, function, seconds between two runs)."""
    leaps, months = LeapDetector(), settings.retention_months
    yield "callbacks settled from the spool", drain_spool, SHORT_INTERVAL
    yield "orders expired", lambda: _expired(heart, leaps), SHORT_INTERVAL
    for number in range(1, EMAIL_THREADS + 1):
        yield f"emails sent ({number})", lambda: _sent(heart, settings), SHORT_INTERVAL
    yield "buyers told what is back in stock", email_waiting_buyers, STOCK_INTERVAL
    yield "old back-in-stock requests deleted", lambda: write(lambda: delete_old_requests(utcnow())), LONG_INTERVAL
    yield "old back-in-stock emails deleted", lambda: write(lambda: delete_old_emails(utcnow())), LONG_INTERVAL
    yield "buyers anonymised", lambda: anonymise_old_orders(months, utcnow()), LONG_INTERVAL
    yield "unmatched callbacks deleted", lambda: write(lambda: delete_dismissed(months, utcnow())), LONG_INTERVAL
    yield "unused images deleted", lambda: sweep_images(OrderLine.image), LONG_INTERVAL
    yield "import drafts deleted", sweep_drafts, LONG_INTERVAL
    yield "old carts deleted", sweep_carts, LONG_INTERVAL
    yield "kept forms deleted", sweep_kept_forms, LONG_INTERVAL
    yield "idempotency keys deleted", sweep_keys, LONG_INTERVAL


def _repeat(app: Flask, name: str, sweep: Sweep, seconds: int, heart: HeartbeatWriter, stop: Event) -> None:
    """Run a sweep every `seconds` until `stop`; after a failure, again after SHORT_INTERVAL."""
    pause = 0
    with app.app_context():
        while not stop.wait(pause):
            pause = seconds if _sweep(name, sweep, heart) else SHORT_INTERVAL


def _expired(heart: HeartbeatWriter, leaps: LeapDetector) -> int:
    heart.set_fact("clock", leaps.check())
    return expire_orders(utcnow())


def _sent(heart: HeartbeatWriter, settings: Settings) -> int:
    sent = send_due(settings, utcnow())
    late = waiting_emails(utcnow())
    heart.set_fact(
        "mail", late and {"count": late.count, "since": late.since.isoformat(), "because": why_not(late.because)}
    )
    return sent


def _sweep(name: str, sweep: Sweep, heart: HeartbeatWriter) -> bool:
    """Run one sweep; True if it succeeded. Its errors stop no other sweep."""
    failures = outage(f"the sweep “{name}”")
    try:
        with current_app.app_context():  # leaving it closes the session, which may fail too
            done = sweep()
    except (DBAPIError, TimeoutError) as error:
        database_outage().failed(type(getattr(error, "orig", error)).__name__)
        heart.record(name, type(error).__name__)
        return False
    except Exception as error:  # a bug or a disk error: its traceback is logged once, not at each run
        if failures.failed(type(error).__name__):
            log.error("no %s: %s\n%s", name, type(error).__name__, traceback_lines(error))
        heart.record(name, type(error).__name__)
        return False
    database_outage().recovered()
    failures.recovered()
    heart.record(name)
    if done:
        log.info("%s: %d", name, done)
    return True
