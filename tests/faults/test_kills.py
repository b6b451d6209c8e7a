"""kill -9 of web processes in the middle of a burst: what was acknowledged is there, and nothing is half there."""

import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from shop.payments.callback_spool import drain_spool
from tests import both_databases
from tests.databases import postgres_server
from tests.faults.figures import size
from tests.faults.serving import Served
from tests.shopper import SKU

pytestmark = both_databases
BURST = 24  # callbacks a round
CALLERS = 8
PROGRAMME = "kill -9 of the web processes mid-burst"


@pytest.fixture(scope="module")
def postgres():
    """A server with the durability of the real one."""
    with postgres_server(durable=True) as server:
        yield server


def burst(served: Served, purchases, kill_after: float) -> tuple[dict[str, int | None], float]:
    """Post a success for each purchase, several at a time, and kill the web processes meanwhile.

    Each answer, and the seconds from the kill until the shop answers again.
    """
    answers: dict[str, int | None] = {}
    back: list[float] = []

    def call(bought) -> None:
        answers[bought.reference] = served.post(bought.callback_path, json.dumps(bought.callback()).encode())

    def kill() -> None:
        time.sleep(kill_after)
        served.kill_workers()
        back.append(served.wait_until_up())

    killer = threading.Thread(target=kill)
    with ThreadPoolExecutor(CALLERS) as callers:
        killer.start()
        list(callers.map(call, purchases))
    killer.join()
    return answers, back[0]


@pytest.fixture
def rounds(app, shopper, ledger, settings, tmp_path):
    """Rounds of bursts with a kill in each: acknowledged, lost, half there, and the slowest return."""

    def run(count: int, module: str = "wsgi:app"):
        ledger.shelve(SKU, count * BURST + 10)
        acknowledged, lost, slowest, chance = 0, [], 0.0, random.Random(5)
        serving = Served(settings, tmp_path, module)
        serving.command = (*serving.command, "--preload")  # or the rounds are mostly spent on loading the shop again
        with serving as served:
            for _ in range(count):
                purchases = [shopper.buy() for _ in range(BURST)]
                answers, back = burst(served, purchases, kill_after=chance.uniform(0.0, 0.12))
                slowest = max(slowest, back)
                with app.app_context():
                    drain_spool()
                kept = [bought for bought in purchases if answers[bought.reference] in (200, 202)]
                acknowledged += len(kept)
                lost += [bought.reference for bought in kept if bought.status["payment"] != "paid"]
                _none_half_there(ledger, purchases)
        paid = ledger.count_paid()
        assert ledger.stock(SKU)[0] == count * BURST + 10 - paid
        assert ledger.mails("paid") == paid
        return acknowledged, lost, slowest

    return run


def _none_half_there(ledger, purchases) -> None:
    for bought in purchases:
        standing = ledger.order_state(bought)
        assert (standing.order == "paid") == (standing.attempt == "paid") == standing.paid, standing


def test_what_was_acknowledged_survives_the_kill(rounds, reached):
    count = size(4, 200)

    acknowledged, lost, slowest = rounds(count)

    assert lost == []
    assert acknowledged >= count
    reached(
        PROGRAMME,
        f"{count} rounds: 0 of {acknowledged:,} acknowledged lost, 0 half there, "
        f"answers again after {slowest:.1f} s at most",
    )
