"""Another version takes over while callbacks and buyers come: nothing acknowledged is lost, no answer is cut off.

The services are stopped, started and reloaded as systemd does it in docs/operations.md.
"""

import threading
from collections import Counter
from itertools import count

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from shop.core.database import db
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.faults.traffic import Buyers, Callbacks, Traffic, drained, statuses, until
from tests.figures import size
from tests.serving import KeptOpen
from tests.shopper import SKU, Bought

pytestmark = both_databases
CALLBACKS, PRESSES = 20, 3  # of each a round
FEW, MANY = 4, size(12, 60)  # callbacks with the tables as they are, and while they are changed
# Tables of another version: a column that every callback reads has another name, so settling breaks.
RENAME, VERSION = "ALTER TABLE orders RENAME COLUMN", "UPDATE alembic_version SET version_num ="
OTHER = (f"{RENAME} received TO money_received", f"{VERSION} '0000'")
OURS = (f"{RENAME} money_received TO received", f"{VERSION} '0001'")


def restart(served: KeptOpen) -> None:
    served.stop()
    served.start()


@pytest.fixture
def order_exists(app):
    """Whether the order that a buyer was led to is in the database: by its payment page or by its own."""

    def exists(location: str) -> bool:
        name = location.rsplit("/", 1)[1]
        reference = select(PaymentAttempt.id).where(PaymentAttempt.reference == (int(name) if name.isdigit() else 0))
        own_page = select(Order.id).where(Order.token == name)
        with app.app_context():
            return db.session.scalar(own_page if "/orders/" in location else reference) is not None

    return exists


def test_a_reload_and_a_restart_lose_nothing_and_cut_no_answer_off(
    app, shopper, provider, ledger, settings, tmp_path, checkout_forms, order_exists, reached
):
    rounds, waited_for_chpter = size(2, 20), 0
    acknowledged, orders = Counter(), 0
    ledger.shelve(SKU, rounds * (CALLBACKS + PRESSES) + 10)
    with KeptOpen(settings, tmp_path) as served:
        for number in range(rounds):
            purchases = [shopper.buy() for _ in range(CALLBACKS)]
            shopper.add()
            buyers = Buyers(served, *checkout_forms(PRESSES))
            shopper.post("/cart/update", {"remove": SKU})
            provider.behaviour = "slow"
            with Callbacks(served, purchases) as callbacks, buyers:
                until(lambda: provider.waiting)
                waited_for_chpter += provider.waiting
                threading.Timer(0.3, setattr, (provider, "behaviour", "ok")).start()
                (KeptOpen.reload, restart)[number % 2](served)
                enough = min(len(callbacks.answers) + 5, CALLBACKS)
                until(lambda callbacks=callbacks, enough=enough: len(callbacks.answers) >= enough)
            drained(app)
            answers = [*callbacks.answers, *buyers.answers]
            assert not [answer for answer in answers if answer.cut_off]
            assert set(statuses(callbacks.answers)) <= {200, 202}
            assert statuses(buyers.answers) == {303: PRESSES}
            assert all(order_exists(answer.location) for answer in buyers.answers)
            paid = {bought.reference for bought in purchases if bought.status["payment"] == "paid"}
            assert callbacks.acknowledged <= paid
            acknowledged += statuses(callbacks.answers)
            orders += len(buyers.answers)

    assert waited_for_chpter >= rounds
    reached(
        "SIGHUP and SIGTERM with a new start under callbacks and checkouts",
        f"{rounds} rounds: 0 of {acknowledged.total():,} acknowledged callbacks and of "
        f"{orders} orders lost; 0 answers cut off, {waited_for_chpter} requests waited for Chpter "
        f"meanwhile and were answered; 0 refused, 0 of 5xx",
    )


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


def test_tables_of_another_version_lose_no_callback_and_break_no_page(
    app, shopper, ledger, settings, tmp_path, reached
):
    ledger.shelve(SKU, 3 * FEW + 2 * MANY + 10)
    sizes = (FEW, MANY, FEW, MANY, FEW)
    before, down, between, up, after = ([shopper.buy() for _ in range(many)] for many in sizes)
    with KeptOpen(settings, tmp_path) as served:
        callbacks = Callbacks(served, before, pause=0.2)
        pages = Traffic([lambda: [served.ask("/"), served.ask(before[0].order_path)]], 0.2)

        def all_of(purchases: list[Bought]) -> None:
            callbacks.turn_to(purchases)
            until(lambda: purchases[-1].reference in callbacks.by_reference)

        with callbacks, pages:
            all_of(before)
            callbacks.turn_to(down)
            tries = change_tables(app, OTHER)
            all_of(between)
            assert served.ask("/readyz").status == 503
            callbacks.turn_to(up)
            tries += change_tables(app, OURS)
            all_of(after)
    waited, answered, opened = drained(app), statuses(callbacks.answers), statuses(pages.answers)

    assert set(answered) == {200, 202}
    assert answered.total() >= 3 * FEW
    assert answered[202] >= FEW
    called = [one for one in (*before, *down, *between, *up, *after) if one.reference in callbacks.acknowledged]
    assert {bought.status["payment"] for bought in called} == {"paid"}
    assert set(opened) <= {200, 503}
    reached(
        "Tables of another version under callbacks",
        f"0 of {len(called)} acknowledged lost, {answered[202]} kept on disk and settled "
        f"{waited:.1f} s after; of {opened.total()} pages {opened[503]} were 503, 0 were 500; "
        f"{tries} commands for the two changes",
    )
