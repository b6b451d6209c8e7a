"""Another version takes over while callbacks and buyers come: nothing acknowledged is lost, nobody is cut off.

The services are stopped, started and reloaded as docs/operations.md has systemd do it, the tables changed by the
command that it names.
"""

import json
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from shop.database import db
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.faults.figures import size
from tests.faults.serving import KeptOpen
from tests.faults.streaming import CUT_OFF, Buyers, Stream, told, until
from tests.faults.test_backup_load import command
from tests.faults.test_outages import drained
from tests.shopper import SKU

pytestmark = both_databases
CALLBACKS, PRESSES = 24, 3  # of each a round
BEFORE, DURING, AFTER = 6, 60, 6  # callbacks
SCARCELY = "0009"  # with it the orders lack a column that every callback reads: settling breaks
PAGES = ("/", "/products/kiondo-classic", "/cart", "/orders/find")


@pytest.fixture
def settle(app, settings):
    """Let the worker's sweep run until no callback waits."""
    return lambda: drained(app, Path(settings["INSTANCE_PATH"]) / "spool")


class Rounds:
    """Rounds of a change under traffic, and what came of them."""

    def __init__(self) -> None:
        self.callbacks: Counter[int] = Counter()
        self.presses: Counter[int] = Counter()
        self.lost: list[str] = []
        self.under_way = 0  # requests that waited for Chpter when the signal came

    @property
    def cut_off(self) -> int:
        return self.callbacks[CUT_OFF] + self.presses[CUT_OFF]

    @property
    def acknowledged(self) -> int:
        return self.callbacks[200] + self.callbacks[202]


@pytest.fixture
def rounds(app, shopper, provider, ledger, settings, tmp_path, checkout_forms, settle):
    """In each round callbacks and buyers come, one of them waits for Chpter, and then `change` is done to the shop."""

    def run(changes, *options: str) -> Rounds:
        seen = Rounds()
        ledger.shelve(SKU, len(changes) * (CALLBACKS + PRESSES) + 10)
        serving = KeptOpen(settings, tmp_path)
        serving.command = (*serving.command, *options)
        with serving as served:
            for change in changes:
                purchases = [shopper.buy() for _ in range(CALLBACKS)]
                shopper.add()
                buyers = Buyers(served, *checkout_forms(PRESSES))
                with Stream(served, purchases) as stream, buyers, hanging(provider):
                    until(lambda buyers=buyers: provider.waiting and buyers._thread.is_alive())
                    seen.under_way += provider.waiting
                    threading.Timer(0.3, setattr, (provider, "behaviour", "ok")).start()
                    change(served)
                    answered = len(stream.said)
                    until(lambda stream=stream, answered=answered: len(stream.said) > min(answered + 4, CALLBACKS - 1))
                settle()
                seen.callbacks += stream.statuses()
                seen.presses += Counter(status for status, _ in buyers.said)
                seen.lost += [one.reference for one in stream.acknowledged if one.status["payment"] != "paid"]
                seen.lost += [place for status, place in buyers.said if status == 303 and not placed(app, place)]
        return seen

    return run


@contextmanager
def hanging(provider):
    """Chpter takes its time."""
    provider.behaviour = "slow"
    try:
        yield
    finally:
        provider.behaviour = "ok"


def placed(app, place: str) -> bool:
    """Whether the order that a buyer was led to stands in the database: by its payment page or by its own."""
    name = place.rsplit("/", 1)[1]
    with app.app_context():
        if "/orders/" in place:
            return db.session.scalar(select(Order.id).where(Order.token == name)) is not None
        return db.session.scalar(select(PaymentAttempt.id).where(PaymentAttempt.reference == int(name))) is not None


def restart(served: KeptOpen) -> None:
    served.stop()
    served.start()


def kill_and_start(served: KeptOpen) -> None:
    for pid in (served.process.pid, *served.workers):
        kill(pid)
    served.process.wait()
    served.start()


def test_a_reload_and_a_restart_lose_nothing_and_cut_nobody_off(rounds, reached):
    count = size(2, 20)

    seen = rounds([KeptOpen.reload, restart] * (count // 2))

    assert seen.lost == []
    assert seen.cut_off == 0
    assert set(seen.callbacks) <= {200, 202}
    assert set(seen.presses) == {303}
    assert seen.under_way >= count
    reached(
        f"SIGHUP and SIGTERM with a new start under callbacks and checkouts, {count} rounds",
        f"0 of {seen.acknowledged:,} acknowledged callbacks and of {seen.presses[303]} orders lost; 0 answers cut off, "
        f"{seen.under_way} requests waited for Chpter meanwhile and were answered; 0 refused, 0 of 5xx",
        control="with no time to finish they are cut off",
    )
