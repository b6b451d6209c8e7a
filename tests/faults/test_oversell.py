"""More buyers than goods, again and again: exactly what is there is sold, and nobody sees a deadlock."""

import random
from collections import Counter

import pytest
from sqlalchemy import update

from shop.catalog.models import Variant
from shop.core.database import db, write
from shop.orders.models import Order
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.databases import postgres_server
from tests.faults.at_once import at_once
from tests.faults.figures import CROSSED, LONG, SOLD_OUT, size
from tests.shopper import SKU

pytestmark = both_databases
USES = "A code with 5 uses, all buyers at once"
SHARED = ("KIO-CLA-TER", "STA-BEA-ONE")


@pytest.fixture(scope="module")
def postgres():
    """A server that lets in all buyers at once, with the two connections that a thread may take."""
    with postgres_server(durable=LONG, connections=500) as server:
        yield server


@pytest.fixture
def settings(settings):
    return {**settings, "WEB_THREADS": "220", "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


def test_buyers_of_ten_pieces_round_after_round(app, shopper, ledger, crowd, together, reached):
    buyers_, rounds = size(60, 200), size(2, 50)
    shopper.add(SKU)
    for number in range(rounds):
        ledger.shelve(SKU, 10)
        before = ledger.count(Order)
        buyers = crowd(buyers_)
        together(buyers_)

        answers = Counter(reply.status_code for reply in at_once(buyers))

        assert answers == {303: 10, 200: buyers_ - 10}, f"round {number}"
        assert ledger.count(Order) - before == 10
        assert ledger.stock(SKU) == (10, 10)
        _forget_holds(app)
    reached(
        SOLD_OUT,
        f"{buyers_} buyers: 10 sold in {rounds} of {rounds} rounds, the others told in words, 0 of 5xx",
    )


def _forget_holds(app) -> None:
    with app.app_context():
        write(lambda: _execute(update(Variant).values(held=0)))


def _execute(statement) -> None:
    db.session.execute(statement)


def test_carts_filled_in_opposite_orders_lock_nobody_out(shopper, ledger, crowd, database_name, reached):
    count = size(20, 200)
    for sku in SHARED:
        ledger.shelve(sku, 1_000)
    pairs = []
    for skus in (SHARED, SHARED[::-1]):
        for sku in SHARED:
            shopper.post("/cart/update", {"remove": sku})
        for sku in skus:
            shopper.add(sku)
        pairs += crowd(count // 2)
    random.Random(3).shuffle(pairs)

    answers = Counter(reply.status_code for reply in at_once(pairs))

    assert answers == {303: count}
    assert [ledger.stock(sku) for sku in SHARED] == [(1_000, count)] * 2
    reached(CROSSED, f"{count} carts: 0 deadlocks, stock exact")


def test_the_uses_of_a_code_are_taken_once_each(shopper, ledger, crowd, together, reached):
    count = size(30, 100)
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses=5, uses=0)
    ledger.shelve("STA-BEA-ONE", 500)
    shopper.add("STA-BEA-ONE")
    buyers = crowd(count, code="KARIBU10")
    together(count)

    answers = Counter(reply.status_code for reply in at_once(buyers))

    assert answers == {303: 5, 200: count - 5}
    assert ledger.uses("KARIBU10") == ledger.count(Order, Order.discount > 0) == 5
    reached(USES, f"{count} buyers: 5 used, the others told in words")
