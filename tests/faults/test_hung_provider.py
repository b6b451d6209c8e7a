"""A provider that hangs while everybody presses Pay: at most half the threads wait for it, the others serve pages."""

import json
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest
from sqlalchemy import func, select

from shop.core.database import db
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.chpter.examples import eventually
from tests.faults.crowded import Answer, Crowd, ask, p95, visitors
from tests.faults.figures import LONG, size
from tests.faults.provider import Provider
from tests.faults.serving import Served
from tests.shopper import SKU, Bought

pytestmark = both_databases
SHOP = "wsgi:app"
PROCESSES, THREADS = 2, 8  # as gunicorn.conf.py has them
ALL = PROCESSES * THREADS
BUYERS, VISITORS, CALLBACKS = size(20, 50), size(20, 100), size(6, 50)
QUIET, HUNG = size(2, 15), size(4, 24)  # seconds; the long form sees the real deadline of ten seconds pass twice
PAUSE = size(300, 2_500) / 1_000  # seconds between two pages of a visitor, on average
STUCK = 2  # seconds after which a page is one that somebody waits for
TRIES = 3  # the machine may be busy with other things: of so many comparisons one has to hold
PROGRAMME = f"A hung provider, {BUYERS} buyers pressing Pay, {VISITORS} browsing"


@dataclass
class Seen:
    """What one hung provider did to the shop."""

    quiet: list[Answer] = field(default_factory=list)
    pages: list[Answer] = field(default_factory=list)  # that somebody waited for while calls hung
    answered: int = 0  # of these, before the calls ended
    stuck: int = 0  # of these, for seconds
    presses: list[Answer] = field(default_factory=list)
    callbacks: list[Answer] = field(default_factory=list)
    waiting_at_most: int = 0
    asked_when_open: int = 0  # new calls once the breaker had opened

    @property
    def ratio(self) -> float:
        """How much slower pages were than in quiet."""
        return p95(self.pages) / p95(self.quiet)


@pytest.fixture
def orders(shopper, ledger) -> list[Bought]:
    """Orders whose first payment failed, one for each buyer; and some that wait for a callback."""
    ledger.shelve(SKU, BUYERS + CALLBACKS)
    made = [shopper.buy() for _ in range(BUYERS + CALLBACKS)]
    for bought in made[:BUYERS]:
        assert bought.post_callback(bought.failure()).status_code == 200
    return made


@pytest.fixture
def hang(settings, tmp_path, provider, orders):
    """Serve the shop as it is served, or a module in its place; be quiet first, then let the provider hang."""

    def watch(module: str = SHOP) -> Seen:
        seen = Seen()
        with Served(settings, tmp_path, module) as served:
            with visitors(served, VISITORS, PAUSE) as crowd:
                time.sleep(QUIET)
            seen.quiet = crowd.answers
            provider.behaviour, provider.waiting_at_most = "slow", 0
            looking, pressing = visitors(served, VISITORS, PAUSE), buyers(served, orders[:BUYERS])
            calling = callers(served, orders[BUYERS:])
            with looking, pressing, calling:
                assert eventually(lambda: provider.waiting >= ALL // 2, 20)
                began = time.monotonic()
                time.sleep(HUNG)
                ended, seen.waiting_at_most = time.monotonic(), provider.waiting_at_most
                if module == SHOP:
                    seen.asked_when_open = asked_when_open(provider, pressing)
                    assert eventually(lambda: len(calling.answers) == CALLBACKS, 60)
                provider.behaviour = "closed"
            seen.pages = [one for one in looking.answers if one.ended > began and one.began < ended]
            seen.answered = sum(one.ended < ended for one in seen.pages)
            seen.stuck = sum(one.took > STUCK for one in seen.pages)
            seen.presses = pressing.answers
            seen.callbacks = [one for one in calling.answers if one.began < ended]
        return seen

    return watch


def buyers(served: Served, orders: list[Bought]) -> Crowd:
    """People who press Pay, see the order's page, and press again a little later."""

    def presses(bought: Bought):
        def press() -> list[Answer]:
            return [ask(served, f"{bought.order_path}/pay", "POST"), ask(served, bought.order_path)]

        return press

    return Crowd([presses(bought) for bought in orders], size(1, 5))


def callers(served: Served, orders: list[Bought]) -> Crowd:
    """Chpter's server: a success for every order, one after the other."""
    left = list(orders)

    def call() -> list[Answer]:
        if not left:
            return []
        bought = left.pop()
        return [ask(served, bought.callback_path, "POST", json.dumps(bought.callback()).encode())]

    return Crowd([call], 0.6 * HUNG / len(orders))


def asked_when_open(provider: Provider, pressing: Crowd) -> int:
    """Let the provider fail at once until two presses of each buyer cause no call; how many it gets then."""
    provider.behaviour, gave_up = "closed", time.monotonic() + 90
    calls, pressed = -1, len(pressing.answers)
    while len(pressing.answers) < pressed + 4 * BUYERS:
        assert time.monotonic() < gave_up, "no breaker opens"
        if len(provider.requests) != calls:
            calls, pressed = len(provider.requests), len(pressing.answers)
        time.sleep(0.1)
    time.sleep(size(1, 4))
    return len(provider.requests) - calls


def errors(app) -> Counter[str]:
    """Why no page was opened, and how often."""
    counted = select(PaymentAttempt.create_error, func.count()).group_by(PaymentAttempt.create_error)
    with app.app_context():
        return Counter(dict(db.session.execute(counted.where(PaymentAttempt.create_error != "")).all()))


def test_a_hung_provider_takes_half_the_threads_and_no_more(app, hang, ledger, reached):
    ratios = []
    for _ in range(size(1, TRIES)):
        seen = hang()
        ratios.append(seen.ratio)
        must_have_served(seen)
        if ratios[-1] < 2:
            break
    why, slowest = errors(app), max(one.took for one in seen.callbacks)

    assert why["busy"]
    assert why["breaker_open"]
    assert ledger.count_paid() == CALLBACKS
    if LONG:
        assert why["timeout"]
        assert min(ratios) < 2, ratios
        assert slowest < 1
    reached(
        PROGRAMME,
        f"p95 of the catalogue {p95(seen.pages) * 1000:.0f} ms, quiet {p95(seen.quiet) * 1000:.0f} ms, "
        f"{ratios[-1]:.2f} times (comparison {len(ratios)} of at most {TRIES}); "
        f"{seen.waiting_at_most} of {ALL} threads in calls; the breakers opened; "
        f"{len(seen.callbacks)} callbacks, the slowest {slowest * 1000:.0f} ms",
    )


def must_have_served(seen: Seen) -> None:
    """What holds however busy the machine is."""
    assert seen.waiting_at_most == ALL // 2
    assert seen.answered > VISITORS
    assert {one.status for one in (*seen.quiet, *seen.pages, *seen.callbacks)} == {200}
    assert {one.status for one in seen.presses} <= {200, 303}
    assert {one.location.split("/")[1] for one in seen.presses if one.location} == {"orders"}
    assert seen.asked_when_open == 0
