"""The worker process: what the shop does without a request, most of it every few seconds.

Each job is a sweep over the database, in a thread of its own. A sweep may run twice, at once (in a second worker), or
after a kill, so the web processes queue nothing and the worker stores nothing but its heartbeat.
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
from shop.catalog.csv_import.drafts import sweep_drafts
from shop.catalog.images.uploads import sweep_images
from shop.config import Settings
from shop.core.clock import LeapDetector, utcnow
from shop.core.database import database_outage, write
from shop.core.heartbeat import Heart
from shop.core.outages import outage
from shop.emails.delivery import send_due, waiting_emails
from shop.emails.delivery_status import why_not
from shop.orders.expiry import expire_orders
from shop.orders.models import OrderLine
from shop.payments.callback_spool import drain_spool
from shop.payments.unmatched_callbacks import delete_dismissed
from shop.privacy.anonymise import anonymise_old_orders
from shop.web.errors import traceback_lines
from shop.web.idempotency import sweep_keys

log = logging.getLogger(__name__)
EVERY = 3  # seconds between two runs of a sweep
SELDOM = 3600  # seconds between two runs of a sweep that is not urgent
EMAIL_THREADS = 2  # a mail server may think about one email for ten minutes: others go out beside it
STOP_SECONDS = 20  # to finish the sweeps that run; less than TimeoutStopSec of the systemd unit (docs/operations.md)
STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

Sweep = Callable[[], int]  # returns how many things it did


def run_worker(app: Flask) -> None:
    """Run the sweeps until SIGTERM or SIGINT, then finish those that run."""
    heart, stop = Heart(app.config["SETTINGS"].instance_path), Event()
    # Blocked here and in every thread started below, a signal waits for sigwait. A handler that sets the event would
    # deadlock if a second signal interrupted it while it holds the event's lock.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    threads = [
        # Daemon: an SMTP call may hang for ten minutes, and the exit waits STOP_SECONDS at most. An email that is cut
        # off is sent again, as after a kill.
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


def _sweeps(settings: Settings, heart: Heart) -> Iterator[tuple[str, Sweep, int]]:
    """Each sweep: its name, its function, and the seconds between two runs."""
    leaps, months = LeapDetector(), settings.retention_months
    yield "callbacks settled from the spool", drain_spool, EVERY
    yield "orders expired", lambda: _expired(heart, leaps), EVERY
    for number in range(1, EMAIL_THREADS + 1):
        yield f"emails sent ({number})", lambda: _sent(heart, settings), EVERY
    yield "buyers anonymised", lambda: anonymise_old_orders(months, utcnow()), SELDOM
    yield "unmatched callbacks deleted", lambda: write(lambda: delete_dismissed(months, utcnow())), SELDOM
    yield "unused images deleted", lambda: sweep_images(OrderLine.image), SELDOM
    yield "import drafts deleted", sweep_drafts, SELDOM
    yield "old carts deleted", sweep_carts, SELDOM
    yield "kept forms deleted", sweep_kept_forms, SELDOM
    yield "idempotency keys deleted", sweep_keys, SELDOM


def _repeat(app: Flask, name: str, sweep: Sweep, seconds: int, heart: Heart, stop: Event) -> None:
    """Run a sweep at once and then every so many seconds until `stop`; one that failed, again in a few seconds."""
    pause = 0
    with app.app_context():
        while not stop.wait(pause):
            pause = seconds if _sweep(name, sweep, heart) else EVERY


def _expired(heart: Heart, leaps: LeapDetector) -> int:
    heart.say("clock", leaps.check())
    return expire_orders(utcnow())


def _sent(heart: Heart, settings: Settings) -> int:
    sent = send_due(settings, utcnow())
    late = waiting_emails(utcnow())
    heart.say("mail", late and {"count": late.count, "since": late.since.isoformat(), "because": why_not(late.because)})
    return sent


def _sweep(name: str, sweep: Sweep, heart: Heart) -> bool:
    """Run one sweep; whether it went well. What stops it stops only it."""
    failures = outage(f"the sweep “{name}”")
    try:
        with current_app.app_context():  # its end closes the sweep's session, which may fail too
            done = sweep()
    except (DBAPIError, TimeoutError) as error:
        database_outage().seen(type(getattr(error, "orig", error)).__name__)
        heart.beat(name, type(error).__name__)
        return False
    except Exception as error:  # a bug of ours, or the disk: its lines of code are told once, not every three seconds
        if failures.seen(type(error).__name__):
            log.error("no %s: %s\n%s", name, type(error).__name__, traceback_lines(error))
        heart.beat(name, type(error).__name__)
        return False
    database_outage().over()
    failures.over()
    heart.beat(name)
    if done:
        log.info("%s: %d", name, done)
    return True
