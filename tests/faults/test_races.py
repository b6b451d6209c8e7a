"""Many at the same moment: what is there is sold once, what is paid is settled once, and nobody sees an error."""

from collections import Counter
from datetime import timedelta

import pytest

from shop.core.clock import utcnow
from shop.orders.expiry import expire_orders
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.faults.at_once import at_once
from tests.shopper import SKU, Bought

pytestmark = both_databases


@pytest.fixture
def settings(settings):
    return {**settings, "WEB_THREADS": "200"}  # half of them may wait for Chpter


def test_a_hundred_buyers_of_ten_pieces_make_ten_orders(shopper, ledger, crowd, together):
    ledger.shelve(SKU, 10)
    shopper.add(SKU)
    buyers = crowd(100)
    together(100)

    replies = at_once(buyers)

    assert Counter(reply.status_code for reply in replies) == {303: 10, 200: 90}
    assert all("Another buyer was quicker" in reply.text for reply in replies if reply.status_code == 200)
    assert ledger.count(Order) == 10
    assert ledger.stock(SKU) == (10, 10)


def test_a_form_sent_three_times_at_once_makes_one_order(app, shopper, ledger, crowd, together):
    before = ledger.stock(SKU)
    shopper.add(SKU)
    [press] = crowd(1)
    together(3)

    replies = at_once([press] * 3)

    assert [reply.status_code for reply in replies] == [303] * 3
    assert (ledger.count(Order), ledger.count(PaymentAttempt)) == (1, 1)
    assert ledger.stock(SKU) == (before[0], before[1] + 1)
    assert ledger.mails("placed") == 1


def test_a_form_sent_three_times_in_turn_makes_one_order(shopper, ledger, crowd, provider):
    shopper.add(SKU)
    [press] = crowd(1)

    replies = [press() for _ in range(3)]

    assert len({reply.headers["Location"] for reply in replies}) == 1  # all lead to the one payment page
    assert ledger.count(Order) == 1
    assert len(provider.requests) == 1


def test_the_last_uses_of_a_code_are_taken_once_each(shopper, ledger, crowd, together):
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses=5)
    shopper.add("STA-BEA-ONE")
    buyers = crowd(20, code="KARIBU10")
    together(20)

    replies = at_once(buyers)

    assert Counter(reply.status_code for reply in replies) == {303: 5, 200: 15}
    assert (ledger.uses("KARIBU10"), ledger.count(Order, Order.discount > 0), ledger.count(Order)) == (5, 5, 5)


def test_a_hundred_callbacks_at_once_are_one_payment(shopper, ledger):
    before = ledger.stock(SKU)
    bought = shopper.buy()
    body = bought.callback()

    replies = at_once([lambda: bought.post_callback(body)] * 100)

    assert [reply.status_code for reply in replies] == [200] * 100
    assert ledger.stock(SKU) == (before[0] - 1, before[1])
    assert ledger.mails("paid") == ledger.mails("new_order") == 1
    assert Counter(kept.row for kept in ledger.callbacks(bought)) == {"R3": 1, "R8": 49}
    assert ledger.timeline(bought).count("Payment received") == 1


def test_success_and_failure_at_once_are_a_success(shopper, ledger):
    purchases = [shopper.buy() for _ in range(4)]
    said = []
    for bought in purchases:
        yes, no = bought.callback(), bought.failure()
        said += [lambda bought=bought, body=body: bought.post_callback(body) for body in (no, yes, no, yes, no)]

    replies = at_once(said)

    assert {reply.status_code for reply in replies} == {200}
    assert [bought.status["payment"] for bought in purchases] == ["paid"] * 4
    assert [bought.status["attempt"] for bought in purchases] == ["paid"] * 4
    assert ledger.mails("paid") == 4


def test_two_presses_on_try_again_open_one_page(app, shopper, ledger, provider):
    bought = shopper.buy()
    bought.post_callback(bought.failure())

    replies = at_once([lambda: app.test_client().post(f"{bought.order_path}/pay")] * 2)

    assert [reply.status_code for reply in replies] == [303, 303]
    assert ledger.count(PaymentAttempt) == 2
    assert len(provider.requests) == 2


def test_an_order_that_ends_while_it_is_paid_is_paid_and_its_stock_counted_once(app, shopper, ledger):
    before = ledger.stock(SKU)
    purchases: list[Bought] = [shopper.buy() for _ in range(8)]

    def sweep():
        with app.app_context():
            return expire_orders(utcnow() + timedelta(minutes=31))

    at_once([sweep, sweep, *(lambda bought=bought: bought.post_callback(bought.callback()) for bought in purchases)])

    standings = [ledger.order_state(bought) for bought in purchases]
    assert [standing.order for standing in standings] == ["paid"] * 8
    assert ledger.stock(SKU) == (before[0] - 8, before[1])
    assert ledger.mails("paid") == 8
