"""kill -9 of web processes during a burst of callbacks: what was acknowledged is stored, nothing is half stored."""

import random
import threading
import time

import pytest

from shop.payments.callback_spool import drain_spool
from tests import both_databases
from tests.databases import postgres_server
from tests.faults.traffic import post_all
from tests.figures import size
from tests.serving import Served
from tests.shopper import SKU

BURST = 24  # callbacks a round


@pytest.fixture(scope="module")
def postgres():
    """A server with the durability of a real one."""
    with postgres_server(durable=True) as server:
        yield server


@both_databases
def test_acknowledged_callbacks_survive_the_kill(app, shopper, ledger, settings, tmp_path, reached):
    rounds = size(4, 200)
    acknowledged, seconds, pick = 0, [], random.Random(5)
    ledger.shelve(SKU, rounds * BURST + 10)
    served = Served(settings, tmp_path)
    served.command = (*served.command, "--preload")  # else most of a round is spent on loading the shop again

    def kill() -> None:
        time.sleep(pick.uniform(0.0, 0.12))
        served.kill_workers()
        seconds.append(served.wait_until_up())

    with served:
        for _ in range(rounds):
            purchases = [shopper.buy() for _ in range(BURST)]
            killer = threading.Thread(target=kill)
            killer.start()
            answers = post_all(served, purchases)
            killer.join()
            with app.app_context():
                drain_spool()
            for bought in purchases:
                state = ledger.order_state(bought)
                assert (state.order == "paid") == (state.attempt == "paid") == state.paid, state
                if answers[bought.reference].status in (200, 202):
                    acknowledged += 1
                    assert state.paid, "acknowledged, then lost"

    paid = ledger.count_paid()
    assert ledger.stock(SKU)[0] == rounds * BURST + 10 - paid
    assert ledger.mails("paid") == paid
    assert acknowledged >= rounds
    reached(
        "kill -9 of the web processes mid-burst",
        f"{rounds} rounds: 0 of {acknowledged:,} acknowledged lost, 0 half there, "
        f"answers again after {max(seconds):.1f} s at most",
    )
