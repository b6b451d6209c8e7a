"""Payment transitions: their guards and effects."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from shop.core.database import db, updated, write
from shop.core.signals import order_paid
from shop.orders import expiry, transitions
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.shopper import SKU

pytestmark = both_databases
MOMENT = datetime(2026, 11, 2, 10, 30, tzinfo=UTC)


@pytest.fixture
def order_of(app):
    """The Order of a purchase, in an app context."""
    with app.app_context():
        yield lambda bought: db.session.scalars(select(Order).filter_by(token=bought.order_path.split("/")[-1])).one()


@pytest.fixture
def told():
    """The orders announced by order_paid."""
    heard: list[Order] = []
    with order_paid.connected_to(heard.append):
        yield heard


def test_a_transition_requires_the_expected_state(shopper, order_of):
    order, other = order_of(shopper.buy()), order_of(shopper.buy())

    write(lambda: transitions.transition(order, "awaiting", "review"))
    assert (order.payment, other.payment) == ("review", "awaiting")
    with pytest.raises(StaleState):
        write(lambda: transitions.transition(order, "awaiting", "cancelled"))

    write(lambda: transitions.lock_order(order, "review"))
    assert (order.payment, other.payment) == ("review", "awaiting")


def test_a_transition_is_visible_in_the_same_transaction(shopper, order_of):
    order = order_of(shopper.buy())

    def look() -> str:
        assert order.payment == "awaiting"
        transitions.transition(order, "awaiting", "review")
        return order.payment

    assert write(look) == "review"


def test_an_order_is_read_again_once_it_is_locked(shopper, order_of):
    order = order_of(shopper.buy())

    def look() -> str:
        assert order.fulfilment == "unfulfilled"
        updated(
            update(Order).where(Order.id == order.id).values(fulfilment="packed")
        )  # as a concurrent transaction would
        transitions.lock_order(order, "awaiting")
        return order.fulfilment

    assert write(look) == "packed"


def test_completing_a_payment_commits_the_stock_and_announces_it_once(shopper, order_of, ledger, told):
    bought = shopper.buy(quantity=2)
    on_hand, held = ledger.stock(SKU)
    order = order_of(bought)

    write(lambda: transitions.complete_payment(order, MOMENT))

    assert ledger.stock(SKU) == (on_hand - 2, held - 2)
    assert (order.paid_at, order.paid_late) == (MOMENT, False)
    assert ledger.timeline(bought) == ["Order placed", "Payment received"]
    assert told == [order]


@pytest.mark.parametrize("left", [True, False])
def test_a_late_payment_claims_a_discount_use_if_one_is_left_and_keeps_the_price(shopper, order_of, ledger, told, left):
    bought = shopper.buy(code="KARIBU10")
    ledger.expire()
    used, stock = ledger.uses("KARIBU10"), ledger.stock(SKU)
    ledger.put(DiscountCode, {"code": "KARIBU10"}, active=left)
    order = order_of(bought)

    write(lambda: transitions.complete_payment(order, MOMENT, late=True))

    assert (order.paid_at, order.paid_late, told) == (MOMENT, True, [order])
    assert ledger.uses("KARIBU10") == used + left
    assert ledger.stock(SKU) == stock  # its goods are the caller's to take
    told = [event.words for event in order.events if not event.for_buyer and "code" in event.words]
    assert told == ([] if left else ["Discount code KARIBU10 had been switched off by then; its price is honoured"])


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ({"active": False, "max_uses": 0}, "been switched off"),
        ({"expires_at": MOMENT, "max_uses": 0}, "ended"),
        ({"max_uses": 0}, "been used up"),
    ],
)
def test_the_timeline_says_why_a_late_order_got_no_discount_use(shopper, order_of, ledger, code, why):
    order = order_of(shopper.buy(code="KARIBU10"))
    ledger.put(DiscountCode, {"code": "KARIBU10"}, **code)

    write(lambda: transitions.complete_payment(order, MOMENT, late=True))

    assert f"Discount code KARIBU10 had {why} by then; its price is honoured" in [one.words for one in order.events]


def test_releasing_an_order_releases_stock_and_discount_use(shopper, order_of, ledger):
    before = ledger.stock(SKU)
    bought, plain = shopper.buy(quantity=2, code="KARIBU10"), shopper.buy()
    order, other = order_of(bought), order_of(plain)

    write(lambda: transitions.release_order(order))
    assert ledger.uses("KARIBU10") == 0
    assert ledger.stock(SKU) == (before[0], before[1] + 1)

    write(lambda: transitions.release_order(other))
    assert ledger.stock(SKU) == before


def test_more_orders_than_one_batch_expire_in_one_sweep_and_each_once(shopper, ledger, monkeypatch):
    monkeypatch.setattr(expiry, "BATCH", 2)
    bought = [shopper.buy() for _ in range(5)]

    assert ledger.expire() == 5
    assert {ledger.order_state(one).order for one in bought} == {"expired"}
    ended = "No payment arrived in time, so the order was closed and its goods are on sale again"
    assert all(ledger.timeline(one) == ["Order placed", ended] for one in bought)


def test_an_order_expires_exactly_when_it_is_due(app, shopper, ledger):
    bought = shopper.buy()
    due = ledger.column("expires_at", bought)

    with app.app_context():
        assert expiry.expire_orders(due - timedelta(microseconds=1)) == 0
        assert not write(lambda: expiry._expire(ledger.column("id", bought), due - timedelta(microseconds=1)))
        assert expiry.expire_orders(due) == 1
        assert not write(lambda: expiry._expire(ledger.column("id", bought), due))


def test_only_the_first_return_counts_and_only_while_the_order_is_unpaid(shopper, order_of, ledger):
    bought, ended, waiting = shopper.buy(), shopper.buy(), order_of(shopper.buy())
    ledger.put_order(ended, payment="expired")
    order, other = order_of(bought), order_of(ended)
    placed, due = order.placed_at, other.expires_at

    expiry.buyer_returned(order, placed + timedelta(minutes=5))
    assert (order.returned_at, order.expires_at) == (
        placed + timedelta(minutes=5),
        placed + timedelta(hours=24, minutes=5),
    )
    assert other.returned_at is waiting.returned_at is None

    expiry.buyer_returned(order, placed + timedelta(minutes=9))
    expiry.buyer_returned(other, placed + timedelta(minutes=9))
    db.session.expire_all()
    assert order.returned_at == placed + timedelta(minutes=5)
    assert (other.returned_at, other.expires_at) == (None, due)
