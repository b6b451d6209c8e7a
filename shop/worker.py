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

from shop.admin.importing.drafts import sweep_drafts
from shop.admin.pictures.sweeping import sweep_pictures
from shop.cart.rows import sweep_carts
from shop.clock import SteadyClock, utcnow
from shop.config import Settings
from shop.database import write
from shop.errors import where
from shop.idempotency import sweep_keys
from shop.notices.sending import send_due
from shop.orders.expiring import LONGEST_HOLD, expire_orders
from shop.orders.forgetting import forget_old
from shop.payments.unmatched import forget_looked_at
from shop.payments.views import drain_spool

log = logging.getLogger(__name__)
EVERY = 3  # seconds between sweeps
SELDOM = 3600  # seconds between sweeps that nobody waits for


class _OftenScheduler(Scheduler):
    periodic_task_seconds = EVERY


class _OftenConsumer(Consumer):
    scheduler_class = _OftenScheduler


def make_queue(app: Flask) -> SqliteHuey:
    """The queue with its sweeps."""
    settings: Settings = app.config["SETTINGS"]
    settings.instance_path.mkdir(parents=True, exist_ok=True)
    queue = SqliteHuey("shop", filename=str(settings.instance_path / "worker.db"), results=False, utc=True)

    def always(_moment: object) -> bool:
        return True

    def repeat(name: str, sweep: Callable[[], int]) -> None:
        # a lock leaves out a sweep that comes while the last one still runs
        @queue.periodic_task(always, name=name)
        @queue.lock_task(name)
        def run() -> None:
            with app.app_context():
                _sweep(name, sweep)

    repeat("callbacks settled from the spool", drain_spool)
    steady = SteadyClock(LONGEST_HOLD)
    repeat("orders expired", lambda: expire_orders(steady()))
    repeat("mails sent", lambda: send_due(settings, utcnow()))
    repeat("buyers anonymised", _seldom(lambda: forget_old(settings.retention_months, utcnow())))
    repeat(
        "callbacks without an order let go",
        _seldom(lambda: write(lambda: forget_looked_at(settings.retention_months, utcnow()))),
    )
    repeat("pictures swept away", _seldom(sweep_pictures))
    repeat("catalogue files let go", _seldom(sweep_drafts))
    repeat("old carts let go", _seldom(sweep_carts))
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


def _sweep(name: str, sweep: Callable[[], int]) -> None:
    """One sweep. What stops it stops only it: the next begins in a few seconds."""
    try:
        done = sweep()
    except Exception as error:
        log.error("no %s: %s\n%s", name, type(error).__name__, where(error))
        return
    if done:
        log.info("%s: %d", name, done)


def run_worker(app: Flask) -> None:
    """Work until a signal says stop."""
    queue = make_queue(app)
    queue.flush()  # what an earlier worker left undone, the next sweep finds in the database
    _OftenConsumer(queue, workers=3, periodic=True, scheduler_interval=1, max_delay=0.5, flush_locks=True).run()
