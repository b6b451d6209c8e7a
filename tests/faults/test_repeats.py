"""The same callback a thousand times, a hundred at once; success and failure of hundreds of orders in any order."""

import random
from collections import Counter

import pytest

from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.faults.at_once import at_once
from tests.faults.figures import size
from tests.shopper import SKU

pytestmark = both_databases
TOGETHER = 100
ONE = "One success again and again"
SHUFFLED = "Success and failure shuffled"


@pytest.fixture
def settings(settings):
    return {**settings, "WEB_THREADS": "120"}


def in_crowds(works, together: int = TOGETHER):
    """Do all of it, so many at a time."""
    return [answer for start in range(0, len(works), together) for answer in at_once(works[start : start + together])]


def test_one_callback_however_often_is_one_payment(shopper, ledger, reached):
    count = size(200, 1_000)
    before, bought = ledger.stock(SKU), shopper.buy()
    body = bought.callback()

    answers = Counter(reply.status_code for reply in in_crowds([lambda: bought.post_callback(body)] * count))

    assert answers == {200: count}
    assert ledger.stock(SKU) == (before[0] - 1, before[1])
    assert ledger.mails("paid") == ledger.mails("new_order") == 1
    assert ledger.timeline(bought).count("Payment received") == 1
    reached(ONE, f"{count:,} times, {TOGETHER} at once: 1 transition, 1 receipt, 1 stock commit")


def test_success_and_failure_in_any_order_never_unpay(shopper, ledger, reached):
    count = size(40, 500)
    ledger.shelve(SKU, count + 10)
    purchases = [shopper.buy() for _ in range(count)]
    said = []
    for bought in purchases:
        yes, no = bought.callback(), bought.failure()
        said += [lambda bought=bought, body=body: bought.post_callback(body) for body in (no, yes, no, yes)]
    random.Random(7).shuffle(said)

    answers = Counter(reply.status_code for reply in in_crowds(said))

    assert answers == {200: 4 * count}
    assert Counter(bought.status["payment"] for bought in purchases) == {"paid": count}
    assert ledger.count(PaymentAttempt, PaymentAttempt.state == "paid") == count
    assert ledger.mails("paid") == count
    assert ledger.stock(SKU) == (10, 0)
    reached(SHUFFLED, f"{count} orders: {count} paid, 0 un-paid, {count} receipts, stock exact")
