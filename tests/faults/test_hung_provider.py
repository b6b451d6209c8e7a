"""Chpter hangs while everybody presses Pay: at most half the threads wait for it, the others serve pages."""

import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from shop.core.database import db
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.faults.traffic import Callbacks, Traffic, p95, statuses, until, visitors
from tests.figures import LONG, size
from tests.provider import Provider
from tests.serving import Answer, Served
from tests.shopper import SKU, Bought

THREADS = 2 * 8  # processes and threads as in gunicorn.conf.py
BUYERS, VISITORS, CALLBACKS = size(20, 50), size(20, 100), size(6, 50)
QUIET, HUNG = size(2, 15), size(4, 24)  # seconds; the long form sees the real deadline of ten seconds pass twice
PAUSE = size(300, 2_500) / 1_000  # seconds between two pages of a visitor, on average
TRIES = 3  # the machine may be busy: one of so many comparisons has to hold


@dataclass
class Seen:
    """What one hung provider did to the shop."""

    quiet: list[Answer] = field(default_factory=list)
    pages: list[Answer] = field(default_factory=list)  # while calls hung
    presses: list[Answer] = field(default_factory=list)
    callbacks: list[Answer] = field(default_factory=list)
    ended: float = 0
    waiting_at_most: int = 0
    calls_when_open: int = 0  # once the breaker had opened

    @property
    def ratio(self) -> float:
        """How much slower pages were than before."""
        return p95(self.pages) / p95(self.quiet)


@pytest.fixture
def orders(shopper, ledger) -> list[Bought]:
    """An order for each buyer, whose first payment failed, and some that wait for a callback."""
    ledger.shelve(SKU, BUYERS + CALLBACKS)
    made = [shopper.buy() for _ in range(BUYERS + CALLBACKS)]
    for bought in made[:BUYERS]:
        assert bought.post_callback(bought.failure()).status_code == 200
    return made


@pytest.fixture
def hang(settings, tmp_path, provider, orders):
    """Serve the shop, first while Chpter answers, then while it hangs."""

    def watch() -> Seen:
        seen = Seen()
        with Served(settings, tmp_path) as served:
            with visitors(served, VISITORS, PAUSE) as crowd:
                time.sleep(QUIET)
            seen.quiet = crowd.answers
            provider.behaviour, provider.waiting_at_most = "slow", 0
            browsing, pressing = visitors(served, VISITORS, PAUSE), buyers(served, orders[:BUYERS])
            calling = Callbacks(served, orders[BUYERS:], 1.2 * HUNG / CALLBACKS)
            with browsing, pressing, calling:
                until(lambda: provider.waiting >= THREADS // 2, 20)
                began = time.monotonic()
                time.sleep(HUNG)
                seen.ended, seen.waiting_at_most = time.monotonic(), provider.waiting_at_most
                seen.calls_when_open = calls_when_open(provider, pressing)
                until(lambda: len(calling.answers) == CALLBACKS)
            seen.pages = [one for one in browsing.answers if one.ended > began and one.began < seen.ended]
            seen.presses = pressing.answers
            seen.callbacks = [one for one in calling.answers if one.began < seen.ended]
        return seen

    return watch


def buyers(served: Served, orders: list[Bought]) -> Traffic:
    """Buyers who press Pay, see the order's page, and press again a little later."""

    def press(bought: Bought) -> list[Answer]:
        return [served.ask(f"{bought.order_path}/pay", method="POST"), served.ask(bought.order_path)]

    return Traffic([lambda bought=bought: press(bought) for bought in orders], size(1, 5))


def calls_when_open(provider: Provider, pressing: Traffic) -> int:
    """Let the provider fail at once until two presses of each buyer cause no call; how many calls follow."""
    provider.behaviour, gave_up = "closed", time.monotonic() + 90
    calls, pressed = -1, len(pressing.answers)
    while len(pressing.answers) < pressed + 4 * BUYERS:
        assert time.monotonic() < gave_up, "no breaker opens"
        if len(provider.requests) != calls:
            calls, pressed = len(provider.requests), len(pressing.answers)
        time.sleep(0.1)
    time.sleep(size(1, 4))
    return len(provider.requests) - calls


@both_databases
def test_a_hung_provider_takes_half_the_threads_and_no_more(app, hang, ledger, reached):
    ratios: list[float] = []
    while len(ratios) < size(1, TRIES) and not (ratios and ratios[-1] < 2):
        seen = hang()
        ratios.append(seen.ratio)
        assert seen.waiting_at_most == THREADS // 2
        assert sum(one.ended < seen.ended for one in seen.pages) > VISITORS
        assert set(statuses([*seen.quiet, *seen.pages, *seen.callbacks])) == {200}
        assert set(statuses(seen.presses)) <= {200, 303}
        assert {one.location.split("/")[1] for one in seen.presses if one.location} == {"orders"}
        assert seen.calls_when_open == 0
    with app.app_context():
        counted = select(PaymentAttempt.create_error, func.count()).group_by(PaymentAttempt.create_error)
        errors = Counter(dict(db.session.execute(counted).all()))
    slowest = max(one.took for one in seen.callbacks)

    assert errors["busy"] and errors["breaker_open"]
    assert ledger.count_paid() == CALLBACKS
    if LONG:
        assert errors["timeout"]
        assert min(ratios) < 2, ratios
        assert slowest < 1
    reached(
        f"A hung provider, {BUYERS} buyers pressing Pay, {VISITORS} browsing",
        f"p95 of the catalogue {p95(seen.pages) * 1000:.0f} ms, quiet {p95(seen.quiet) * 1000:.0f} ms, "
        f"{ratios[-1]:.2f} times (comparison {len(ratios)} of at most {TRIES}); "
        f"{seen.waiting_at_most} of {THREADS} threads in calls; the breakers opened; "
        f"{len(seen.callbacks)} callbacks, the slowest {slowest * 1000:.0f} ms",
    )
