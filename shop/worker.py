"""The worker process: what the shop does by itself, most of it every few seconds.

Each job is a sweep over the database that may run twice, at once, or after a kill, so the web processes queue nothing
and Huey's own storage needs to be known to the worker alone.
"""

import logging
from collections.abc import Callable
from time import monotonic

from flask import Flask
from huey import SqliteHuey
from huey.consumer import Consumer, Scheduler
from sqlalchemy.exc import DBAPIError, TimeoutError

from shop.admin.importing.drafts import sweep_drafts
from shop.admin.kept_forms import sweep_kept_forms
from shop.admin.pictures.sweeping import sweep_pictures
from shop.cart.rows import sweep_carts
from shop.clock import LeapDetector, utcnow
from shop.config import Settings
from shop.database import away, write
from shop.errors import where
from shop.heartbeat import Heart
from shop.idempotency import sweep_keys
from shop.logs import outage
from shop.notices.sending import send_due, waiting_mail
from shop.orders.expiring import expire_orders
from shop.orders.forgetting import forget_old
from shop.payments.unmatched import forget_looked_at
from shop.payments.views import drain_spool

log = logging.getLogger(__name__)
EVERY = 3  # seconds between sweeps
SELDOM = 3600  # seconds between sweeps that nobody waits for
MAIL_LANES = 2  # a mail server may think about one mail for ten minutes: others go out beside it


class _OftenScheduler(Scheduler):
    periodic_task_seconds = EVERY


class _OftenConsumer(Consumer):
    scheduler_class = _OftenScheduler


def make_queue(app: Flask) -> SqliteHuey:
    """The queue with its sweeps."""
    settings: Settings = app.config["SETTINGS"]
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    queue = SqliteHuey("shop", filename=str(settings.instance_path / "worker.db"), results=False, utc=True)

    heart, leaps = Heart(settings.instance_path), LeapDetector()

    def always(_moment: object) -> bool:
        return True

    def repeat(name: str, sweep: Callable[[], int]) -> None:
        # a lock leaves out a sweep that comes while the last one still runs
        @queue.periodic_task(always, name=name)
        @queue.lock_task(name)
        def run() -> None:
            with app.app_context():
                _sweep(name, sweep, heart)

    repeat("callbacks settled from the spool", drain_spool)
    repeat("orders expired", lambda: _expired(heart, leaps))
    for lane in range(1, MAIL_LANES + 1):
        repeat(f"mails sent ({lane})", lambda: _sent(heart, settings))
    repeat("buyers anonymised", _seldom(lambda: forget_old(settings.retention_months, utcnow())))
    repeat(
        "callbacks without an order let go",
        _seldom(lambda: write(lambda: forget_looked_at(settings.retention_months, utcnow()))),
    )
    repeat("pictures swept away", _seldom(sweep_pictures))
    repeat("catalogue files let go", _seldom(sweep_drafts))
    repeat("old carts let go", _seldom(sweep_carts))
    repeat("kept forms forgotten", _seldom(sweep_kept_forms))
    repeat("forms that made something forgotten", _seldom(sweep_keys))
    return queue


def _seldom(sweep: Callable[[], int]) -> Callable[[], int]:
    """A sweep that is left out unless the last one of this worker is long past."""
    last = -float(SELDOM)

    def now_and_then() -> int:
        nonlocal last
        if monotonic() - last < SELDOM:
            return 0
        last = monotonic()
        return sweep()

    return now_and_then


def _expired(heart: Heart, leaps: LeapDetector) -> int:
    heart.say("clock", leaps.check())
    return expire_orders(utcnow())


def _sent(heart: Heart, settings: Settings) -> int:
    sent = send_due(settings, utcnow())
    late = waiting_mail(utcnow())
    heart.say("mail", late and {"count": late.count, "since": late.since.isoformat(), "because": late.because})
    return sent


def _sweep(name: str, sweep: Callable[[], int], heart: Heart) -> None:
    """One sweep. What stops it stops only it: the next begins in a few seconds."""
    try:
        done = sweep()
    except (DBAPIError, TimeoutError) as error:
        away().seen(type(getattr(error, "orig", error)).__name__)
        heart.beat(name, type(error).__name__)
    except Exception as error:  # a bug of ours, or the disk: its lines of code are told once, not every three seconds
        if outage(_stopped(name)).seen(type(error).__name__):
            log.error("no %s: %s\n%s", name, type(error).__name__, where(error))
        heart.beat(name, type(error).__name__)
    else:
        away().over()
        outage(_stopped(name)).over()
        heart.beat(name)
        if done:
            log.info("%s: %d", name, done)


def _stopped(name: str) -> str:
    return f"the sweep “{name}”"


def run_worker(app: Flask) -> None:
    """Work until a signal says stop."""
    queue = make_queue(app)
    queue.flush()  # what an earlier worker left undone, the next sweep finds in the database
    log.info("worker started")
    threads = 2 + MAIL_LANES
    _OftenConsumer(queue, workers=threads, periodic=True, scheduler_interval=1, max_delay=0.5, flush_locks=True).run()
    log.info("worker stopped")
