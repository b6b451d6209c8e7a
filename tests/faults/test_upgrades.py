"""Another version takes over while callbacks and buyers come: nothing acknowledged is lost, nobody is cut off.

The services are stopped, started and reloaded as docs/operations.md has systemd do it.
"""

import threading
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from shop.core.database import db
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.faults.crowded import Crowd, ask
from tests.faults.figures import size
from tests.faults.serving import KeptOpen
from tests.faults.streaming import CUT_OFF, Buyers, Stream, drained, told, until
from tests.shopper import SKU, Bought

RESTARTS = "SIGHUP and SIGTERM with a new start under callbacks and checkouts"
TABLES = "Tables of another version under callbacks"
CALLBACKS, PRESSES = 20, 3  # of each a round
FEW, MANY = 4, size(12, 60)  # callbacks with the tables as they are, and while they are changed
# Tables of another version: a column that every callback reads has another name, so settling breaks.
RENAME, VERSION = "ALTER TABLE orders RENAME COLUMN", "UPDATE alembic_version SET version_num ="
OTHER = (f"{RENAME} received TO money_received", f"{VERSION} '0000'")
OURS = (f"{RENAME} money_received TO received", f"{VERSION} '0001'")


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
                shopper.post("/cart/update", {"remove": SKU})
                with Stream(served, purchases) as stream, buyers, hanging(provider):
                    until(lambda: provider.waiting)
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


@both_databases
def test_a_reload_and_a_restart_lose_nothing_and_cut_nobody_off(rounds, reached):
    number = size(2, 20)

    seen = rounds([KeptOpen.reload, restart] * (number // 2))

    assert seen.lost == []
    assert seen.cut_off == 0
    assert set(seen.callbacks) <= {200, 202}
    assert set(seen.presses) == {303}
    assert seen.under_way >= number
    reached(
        RESTARTS,
        f"{number} rounds: 0 of {seen.acknowledged:,} acknowledged callbacks and of "
        f"{seen.presses[303]} orders lost; 0 answers cut off, {seen.under_way} requests waited for Chpter "
        f"meanwhile and were answered; 0 refused, 0 of 5xx",
    )


@dataclass
class Changed:
    """What callers were told while the tables were taken back a version and put up again."""

    statuses: Counter[int]
    pages: Counter[int]
    acknowledged: list[Bought]
    tries: int  # of the command, until it went through each time


@pytest.fixture
def tables_change(app, shopper, ledger, settings, tmp_path):
    """Take the tables down below what this version reads, and up again, while callbacks and visitors come."""

    def run() -> Changed:
        ledger.shelve(SKU, 3 * FEW + 2 * MANY + 10)
        sizes = (FEW, MANY, FEW, MANY, FEW)
        before, down, between, up, after = ([shopper.buy() for _ in range(many)] for many in sizes)
        with KeptOpen(settings, tmp_path) as served:
            stream = Stream(served, before, pause=0.2)
            pages = Crowd([lambda: [ask(served, "/"), ask(served, before[0].order_path)]], 0.2)

            def all_of(purchases: list[Bought]) -> None:
                stream.turn_to(purchases)
                until(lambda: purchases[-1] in {one.bought for one in stream.said})

            with stream, pages:
                all_of(before)
                stream.turn_to(down)
                tries = change_tables(app, OTHER)
                all_of(between)
                assert told(served, "/readyz")[0] == 503
                stream.turn_to(up)
                tries += change_tables(app, OURS)
                all_of(after)
        return Changed(stream.statuses(), Counter(one.status for one in pages.answers), stream.acknowledged, tries)

    return run


def change_tables(app, statements: tuple[str, ...]) -> int:
    """Change the tables as a migration would, again while they are in use; how many tries that took."""
    for tries in count(1):
        try:
            with app.app_context(), db.engine.connect().execution_options(writes=True) as connection:
                for statement in statements:
                    connection.execute(text(statement))
                connection.commit()
        except DBAPIError:
            if tries == 20:
                raise
        else:
            return tries


@both_databases
def test_tables_of_another_version_lose_no_callback_and_break_no_page(tables_change, settle, reached):
    seen = tables_change()
    waited = settle()

    assert set(seen.statuses) == {200, 202}
    assert len(seen.acknowledged) > 3 * FEW
    assert seen.statuses[202] >= FEW
    assert {bought.status["payment"] for bought in seen.acknowledged} == {"paid"}
    assert set(seen.pages) <= {200, 503}
    reached(
        TABLES,
        f"0 of {len(seen.acknowledged)} acknowledged lost, {seen.statuses[202]} kept on disk and settled "
        f"{waited:.1f} s after; of {seen.pages.total()} pages {seen.pages[503]} were 503, 0 were 500; "
        f"{seen.tries} commands for the two changes",
    )
