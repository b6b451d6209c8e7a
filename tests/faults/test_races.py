"""Many at the same moment: each piece is sold once, each payment is settled once, and no limit is exceeded."""

import random
import time
from collections import Counter
from itertools import count

import pytest
from sqlalchemy import update

from shop.catalog import stock
from shop.catalog.models import Variant
from shop.core import database
from shop.core.database import db, write
from shop.emails import messages
from shop.orders import placement, reservations
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.at_once import at_once
from tests.databases import postgres_server
from tests.figures import LONG, size
from tests.product_factory import Goods
from tests.shopper import SKU

pytestmark = both_databases
OTHER_SKU = "STA-BEA-ONE"
QUICKER = "Another buyer was quicker"
ORDERS_OF_ONE = 40
REPEATS, AT_ONCE = size(200, 1_000), 100


@pytest.fixture(scope="module")
def postgres():
    """A server that lets in all buyers at once, with the two connections that a thread may take."""
    with postgres_server(durable=LONG, connections=500) as server:
        yield server


@pytest.fixture
def settings(settings):
    return {**settings, "WEB_THREADS": "220", "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def buy_at_once(crowd, together):
    """Let this many buyers press Pay at one moment: how many got each status. A refusal says `refusal`."""

    def run(buyers: int, refusal: str, **answers: str) -> Counter[int]:
        presses = crowd(buyers, **answers)
        together(buyers)
        replies = at_once(presses)
        assert all(refusal in reply.text for reply in replies if reply.status_code == 200)
        return Counter(reply.status_code for reply in replies)

    return run


def test_many_buyers_of_ten_pieces_make_ten_orders(app, shopper, ledger, buy_at_once, reached):
    buyers, rounds = size(100, 200), size(2, 50)
    shopper.add(SKU)
    for number in range(1, rounds + 1):
        ledger.shelve(SKU, 10)

        assert buy_at_once(buyers, QUICKER) == {303: 10, 200: buyers - 10}

        assert (ledger.count(Order), ledger.stock(SKU)) == (10 * number, (10, 10))
        with app.app_context():
            write(lambda: db.session.execute(update(Variant).values(held=0)) and None)
    reached(
        "Buyers of 10 pieces, all at once",
        f"{buyers} buyers: 10 sold in {rounds} of {rounds} rounds, the others told in words, 0 of 5xx",
    )


def test_the_uses_of_a_code_are_taken_once_each(shopper, ledger, buy_at_once, reached):
    buyers = size(30, 100)
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses=5, uses=0)
    ledger.shelve(OTHER_SKU, 500)
    shopper.add(OTHER_SKU)

    assert buy_at_once(buyers, QUICKER, code="KARIBU10") == {303: 5, 200: buyers - 5}

    assert ledger.uses("KARIBU10") == ledger.count(Order, Order.discount > 0) == ledger.count(Order) == 5
    reached("A code with 5 uses, all buyers at once", f"{buyers} buyers: 5 used, the others told in words")


@pytest.mark.parametrize(
    "same", [{"phone_number": "0722 345 678"}, {"email": "one@example.com"}], ids=["phone", "email"]
)
def test_of_forty_orders_of_one_buyer_five_are_placed(shopper, ledger, buy_at_once, same, reached):
    ledger.shelve(SKU, 1_000)
    shopper.add(SKU)

    assert buy_at_once(ORDERS_OF_ONE, "Pay one of them", **same) == {303: 5, 200: ORDERS_OF_ONE - 5}

    assert (ledger.count(Order), ledger.stock(SKU)) == (5, (1_000, 5))
    kind = next(iter(same)).partition("_")[0]
    reached(f"{ORDERS_OF_ONE} unpaid orders of one {kind} at once", "5 placed")


def test_the_emails_of_a_day_to_one_address_are_limited_exactly(shopper, ledger, buy_at_once, monkeypatch):
    monkeypatch.setattr(placement, "MAX_OPEN_ORDERS", 1_000)
    ledger.shelve(SKU, 1_000)
    shopper.add(SKU)

    assert buy_at_once(ORDERS_OF_ONE, "", email="one@example.com") == {303: ORDERS_OF_ONE}

    assert ledger.mails("placed") == messages.MAX_UNPROVEN


@pytest.fixture
def deadlocks(monkeypatch):
    """The deadlocks that PostgreSQL resolved while the test ran."""
    found, write_once = [], database._write_once

    def watched(work):
        try:
            return write_once(work)
        except database.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == database.DEADLOCK:
                found.append(error)
            raise

    monkeypatch.setattr(database, "_write_once", watched)
    return found


@pytest.mark.parametrize("slow", [False, True], ids=["many", "slow between the two"])
def test_carts_in_opposite_order_cause_no_deadlock(
    shopper, ledger, crowd, together, deadlocks, monkeypatch, slow, reached
):
    buyers = 12 if slow else size(20, 200)
    changed, hold, turns = reservations.updated, reservations.hold, count()
    # the order is reversed here, since a cart is kept in the order of its SKUs
    monkeypatch.setattr(reservations, "hold", lambda lines: hold(list(lines)[:: (-1) ** next(turns)]))
    if slow:
        monkeypatch.setattr(reservations, "updated", lambda statement: (changed(statement), time.sleep(0.03))[0])
    for sku in (SKU, OTHER_SKU):
        ledger.shelve(sku, 1_000)
        shopper.add(sku)
    presses = crowd(buyers)
    together(buyers)

    replies = at_once(presses)

    assert {reply.status_code for reply in replies} == {303}
    assert not deadlocks
    assert ledger.stock(SKU) == ledger.stock(OTHER_SKU) == (1_000, buyers)
    if not slow:
        reached("Carts of two SKUs in opposite orders, all at once", f"{buyers} carts: 0 deadlocks, stock exact")


def test_a_form_sent_three_times_makes_one_order(shopper, ledger, crowd, together, provider):
    before = ledger.stock(SKU)
    shopper.add(SKU)
    [press] = crowd(1)
    together(3)

    at_the_same_time = at_once([press] * 3)
    together(1)
    later = [press(), press()]

    assert [reply.status_code for reply in (*at_the_same_time, *later)] == [303] * 5
    assert len({reply.headers["Location"] for reply in later}) == 1
    assert (ledger.count(Order), ledger.count(PaymentAttempt), len(provider.requests)) == (1, 1, 1)
    assert ledger.stock(SKU) == (before[0], before[1] + 1)
    assert ledger.mails("placed") == 1


def test_two_presses_on_try_again_open_one_page(app, shopper, ledger, provider):
    bought = shopper.buy()
    bought.post_callback(bought.failure())

    replies = at_once([lambda: app.test_client().post(f"{bought.order_path}/pay")] * 2)

    assert [reply.status_code for reply in replies] == [303, 303]
    assert (ledger.count(PaymentAttempt), len(provider.requests)) == (2, 2)


@pytest.fixture
def change_stock(app):
    """Change the stock as the merchant does: change_stock(stock.set_stock, 5, "Counted"); what buyers hold of it."""

    def change(how, pieces: int, reason: str) -> int:
        with app.app_context():
            try:
                write(lambda: how(SKU, pieces, reason))
            except stock.HeldByOrders as refused:
                return refused.held
            return 0

    return change


def test_stock_that_changes_while_it_is_bought_adds_up_to_the_piece(app, shopper, crowd, together, change_stock):
    change_stock(stock.set_stock, 100, "Counted")
    shopper.add(SKU)
    buyers = crowd(12)
    together(12)

    received = [lambda: change_stock(stock.change_stock, 3, "Received")] * 8
    damaged = [lambda: change_stock(stock.change_stock, -1, "Damaged or lost")] * 8
    replies = at_once([*buyers, *received, *damaged])

    assert [reply.status_code for reply in replies[:12]] == [303] * 12
    variant = Goods(app).variant(SKU)
    assert (variant.on_hand, variant.held) == (100 + 8 * 3 - 8, 12)
    assert Goods(app).unexplained() == []


def test_a_count_below_what_buyers_hold_at_that_moment_is_refused(app, shopper, crowd, together, change_stock):
    change_stock(stock.set_stock, 20, "Counted")
    shopper.add(SKU)
    buyers = crowd(20)
    together(20)

    replies = at_once([*buyers, lambda: change_stock(stock.set_stock, 5, "Counted")])

    variant = Goods(app).variant(SKU)
    assert variant.held == sum(reply.status_code == 303 for reply in replies[:20])
    assert 0 <= variant.held <= variant.on_hand
    assert Goods(app).unexplained() == []


def in_crowds(works):
    """Do all of it, AT_ONCE at a time; the statuses."""
    starts = range(0, len(works), AT_ONCE)
    return Counter(reply.status_code for start in starts for reply in at_once(works[start : start + AT_ONCE]))


def test_one_callback_however_often_is_one_payment(shopper, ledger, reached):
    before, bought = ledger.stock(SKU), shopper.buy()
    body = bought.callback()

    assert in_crowds([lambda: bought.post_callback(body)] * REPEATS) == {200: REPEATS}

    assert ledger.stock(SKU) == (before[0] - 1, before[1])
    assert ledger.mails("paid") == ledger.mails("new_order") == 1
    assert ledger.timeline(bought).count("Payment received") == 1
    assert Counter(kept.row for kept in ledger.callbacks(bought)) == {"R3": 1, "R8": 49}
    reached(
        "One success again and again",
        f"{REPEATS:,} times, {AT_ONCE} at once: 1 transition, 1 receipt, 1 stock commit",
    )


def test_success_and_failure_in_any_order_never_unpay(shopper, ledger, reached):
    orders = size(40, 500)
    ledger.shelve(SKU, orders + 10)
    purchases = []
    for number in range(orders):  # each from an address of their own, because a network may place only so many orders
        shopper.browser.environ_base["REMOTE_ADDR"] = f"10.0.{number // 250}.{number % 250 + 1}"
        purchases.append(shopper.buy(email=f"buyer{number}@example.com", phone_number=f"0713 000 {number:03d}"))
    posts = []
    for bought in purchases:
        bodies = [bought.failure(), bought.callback()] * 2
        posts += [lambda bought=bought, body=body: bought.post_callback(body) for body in bodies]
    random.Random(7).shuffle(posts)

    assert in_crowds(posts) == {200: 4 * orders}

    assert Counter((bought.status["payment"], bought.status["attempt"]) for bought in purchases) == {
        ("paid", "paid"): orders
    }
    assert ledger.mails("paid") == orders
    assert ledger.stock(SKU) == (10, 0)
    reached(
        "Success and failure shuffled", f"{orders} orders: {orders} paid, 0 un-paid, {orders} receipts, stock exact"
    )
