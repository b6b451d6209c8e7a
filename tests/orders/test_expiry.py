"""Unpaid orders expire and release their stock, later when the buyer came back from the payment page."""

from datetime import timedelta

from shop.core.clock import utcnow
from shop.core.database import write
from shop.orders import expiry
from tests import both_databases
from tests.shopper import SKU

pytestmark = both_databases
HOUR, INSTANT = timedelta(hours=1), timedelta(microseconds=1)


def test_an_unpaid_order_expires_when_it_is_due_and_releases_stock_and_discount_once(app, shopper, ledger):
    before = ledger.stock(SKU)
    bought = shopper.buy(quantity=3, code="KARIBU10")
    assert (ledger.stock(SKU), ledger.uses("KARIBU10")) == ((before[0], before[1] + 3), 1)
    due, order_id = ledger.column("expires_at", bought), ledger.column("id", bought)

    with app.app_context():
        assert expiry.expire_orders(due - INSTANT) == 0
        assert not write(lambda: expiry._expire(order_id, due - INSTANT))  # its hold was extended meanwhile
        assert [expiry.expire_orders(due), expiry.expire_orders(due)] == [1, 0]

    assert ledger.order_state(bought).order == "expired"
    assert (ledger.stock(SKU), ledger.uses("KARIBU10")) == (before, 0)
    assert "No payment arrived in time" in ledger.timeline(bought)[-1]


def test_more_orders_than_one_batch_expire_in_one_sweep_each_once(shopper, ledger, monkeypatch):
    monkeypatch.setattr(expiry, "BATCH", 2)
    bought = [shopper.buy() for _ in range(5)]

    assert ledger.expire() == 5
    ended = "No payment arrived in time, so the order was closed and its goods are on sale again"
    assert all(ledger.timeline(one) == ["Order placed", ended] for one in bought)


def test_only_unpaid_orders_expire(shopper, ledger):
    paid, in_review, cancelled = shopper.buy(), shopper.buy(), shopper.buy()
    paid.post_callback(paid.callback())
    in_review.post_callback(in_review.callback(amount="1"))
    ledger.cancel(cancelled)
    before = ledger.stock(SKU)

    assert ledger.expire(72 * HOUR) == 0
    assert [ledger.order_state(one).order for one in (paid, in_review, cancelled)] == ["paid", "review", "cancelled"]
    assert ledger.stock(SKU) == before


def test_the_first_return_from_the_payment_page_extends_the_hold_by_a_day(shopper, ledger):
    bought = shopper.buy()
    reply = shopper.get(f"{bought.order_path}?from=payment")
    assert (reply.status_code, reply.headers["Location"]) == (303, bought.order_path)
    until = ledger.column("expires_at", bought)
    shopper.get(f"{bought.order_path}?from=payment")

    assert ledger.column("expires_at", bought) == until
    assert ledger.expire(24 * HOUR - timedelta(minutes=1)) == 0
    assert ledger.expire(24 * HOUR + timedelta(minutes=1)) == 1


def test_a_return_never_holds_stock_for_more_than_two_days_nor_after_a_failure_or_the_end(shopper, ledger):
    old, failed, ended = shopper.buy(), shopper.buy(), shopper.buy()
    placed = utcnow() - 47 * HOUR
    ledger.put_order(old, placed_at=placed, expires_at=utcnow() + HOUR / 2)
    failed.post_callback(failed.failure())
    ledger.put_order(ended, payment="expired")
    due = [ledger.column("expires_at", one) for one in (failed, ended)]
    for one in (old, failed, ended):
        shopper.get(f"{one.order_path}?from=payment")

    assert ledger.column("expires_at", old) == placed + 48 * HOUR
    assert [ledger.column("expires_at", one) for one in (failed, ended)] == due
    assert ledger.column("returned_at", failed) is ledger.column("returned_at", ended) is None
