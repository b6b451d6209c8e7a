"""The whole shop as a state machine: anything in any order, all of it counted after each step."""

import logging

import pytest
from hypothesis import HealthCheck, Phase
from hypothesis import settings as machine_settings
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import event

from shop.core.database import db
from tests import both_databases
from tests.faults.machine.rules import Machine
from tests.faults.machine.shop_driver import OPENING_DAY, Clock, ShopDriver
from tests.figures import size

# Under another name than its own, Hypothesis draws each run afresh. By its own it spends most runs on variations of the
# last one, cut short: good for shrinking, which is not done here, but little of the shop is seen.
AVAILABLE_PROVIDERS["afresh"] = AVAILABLE_PROVIDERS["hypothesis"]
PROGRAMME = "The whole shop as a state machine"
SHORT = 25, 30  # runs and steps
ROWS = {"R2", "R3", "R3a", "R3b", "R3c", "R4", "R5", "R6", "R7", "R8", "R9", "R10", "R11"}


@pytest.fixture
def shop(app, monkeypatch):
    clock = Clock()
    monkeypatch.setattr("shop.core.clock.datetime", clock)
    for place in ("shop.accounts.staff_sessions.utcnow", "shop.accounts.login.utcnow"):
        monkeypatch.setattr(place, lambda: OPENING_DAY)  # so the login is always recent
    logging.disable(logging.CRITICAL)
    with app.app_context():
        _without_waiting_for_the_disk(db.engine)
    shop = ShopDriver(app, clock)
    yield shop
    shop.close()
    logging.disable(logging.NOTSET)


def _without_waiting_for_the_disk(engine) -> None:
    """No power cut is tested here, and most of the time would be spent on writing to disk."""
    sqlite = engine.dialect.name == "sqlite"
    quick = "PRAGMA synchronous = OFF" if sqlite else "SET synchronous_commit = off"

    @event.listens_for(engine, "connect")
    def prepare(connection, _record):
        connection.execute(quick)
        if not sqlite:
            connection.commit()

    engine.dispose()


def run(shop: ShopDriver, runs: int, steps: int) -> None:
    """The same steps each time; the first thing that is wrong ends it."""
    how = machine_settings(
        max_examples=runs,
        stateful_step_count=steps,
        phases=[Phase.generate],
        derandomize=True,
        backend="afresh",
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    run_state_machine_as_test(lambda: Machine(shop), settings=how)


@both_databases
def test_anything_in_any_order_is_accounted_for(shop, reached):
    runs, steps = size(SHORT[0], 1_000), size(SHORT[1], 50)

    run(shop, runs, steps)

    assert shop.runs >= runs
    assert len(ROWS & set(shop.rows)) >= size(9, 13)
    reached(
        PROGRAMME,
        f"{shop.runs:,} runs of {steps}: {shop.steps - shop.runs:,} steps, 0 violations; "
        f"{len(shop.rows)} of {len(ROWS)} rows of the settling table",
    )
