"""Transitions of payment and fulfilment: their guards and effects."""

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import delete, select, update

from shop.core.clock import utcnow
from shop.core.database import db, updated, write
from shop.core.signals import order_paid
from shop.orders import transitions
from shop.orders.fulfilment import undo_last_step, undo_step
from shop.orders.models import Order, OrderEvent
from shop.orders.states import Fulfilment
from shop.orders.transitions import StaleState
from shop.pricing.delivery_dates import DeliveryCalendar
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import both_databases
from tests.shopper import SKU

pytestmark = both_databases
MOMENT = datetime(2026, 11, 2, 10, 30, tzinfo=UTC)
CODE = {"code": "KARIBU10"}


@pytest.fixture
def order_of(app):
    """The Order of a purchase, in an app context."""
    with app.app_context():
        yield lambda bought: db.session.scalars(select(Order).filter_by(token=bought.order_path.split("/")[-1])).one()


@pytest.fixture
def announced():
    """The orders that order_paid announced."""
    heard: list[Order] = []
    with order_paid.connected_to(heard.append):
        yield heard


def test_a_transition_requires_the_expected_state_and_reads_the_locked_order_again(shopper, order_of):
    order, other = order_of(shopper.buy()), order_of(shopper.buy())

    def move() -> tuple[str, str]:
        updated(update(Order).where(Order.id == order.id).values(fulfilment="packed"))  # by another, after it was read
        transitions.transition(order, "awaiting", "review")
        return order.payment, order.fulfilment

    assert write(move) == ("review", "packed")
    with pytest.raises(StaleState):
        write(lambda: transitions.transition(order, "awaiting", "cancelled"))
    write(lambda: transitions.lock_order(order, "review"))
    assert (order.payment, other.payment) == ("review", "awaiting")


def test_completing_a_payment_commits_the_stock_and_announces_it_once(shopper, order_of, ledger, announced):
    bought = shopper.buy(quantity=2)
    on_hand, held = ledger.stock(SKU)
    order = order_of(bought)

    write(lambda: transitions.complete_payment(order, MOMENT))

    assert ledger.stock(SKU) == (on_hand - 2, held - 2)
    assert (order.paid_at, order.paid_late, announced) == (MOMENT, False, [order])
    assert ledger.timeline(bought) == ["Order placed", "Payment received"]


def test_the_delivery_dates_are_promised_when_the_order_is_paid(shopper, order_of, ledger):
    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, calendar=DeliveryCalendar("123456", 14, 1, 2))
    order = order_of(shopper.buy())
    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, calendar=None)  # the order keeps the calendar it was placed with
    assert (order.deliver_by, order.delivery_words) == (None, "1 day")

    def pay() -> None:
        transitions.transition(order, "awaiting", "paid")
        transitions.complete_payment(order, MOMENT)  # Monday 13:30 in Nairobi, before the cut-off hour

    write(pay)
    assert (order.deliver_from, order.deliver_by) == (date(2026, 11, 3), date(2026, 11, 4))
    assert order.delivery_words == "between Tue 3 and Wed 4 Nov"


def test_without_a_calendar_no_date_is_promised(shopper, order_of, ledger):
    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, calendar=None)
    bought = shopper.buy()
    bought.post_callback(bought.callback())

    order = order_of(bought)
    assert (order.payment, order.deliver_by, order.delivery_words) == ("paid", None, order.area_delivery_time)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ({}, None),
        ({"active": False, "max_uses": 0}, "been switched off"),
        ({"expires_at": MOMENT, "max_uses": 0}, "ended"),
        ({"max_uses": 0}, "been used up"),
    ],
)
def test_a_late_payment_keeps_its_price_and_claims_a_discount_use_or_says_why_not(
    shopper, order_of, ledger, announced, code, why
):
    bought = shopper.buy(code="KARIBU10")
    ledger.expire()
    stock = ledger.stock(SKU)
    ledger.put(DiscountCode, CODE, **code)
    order = order_of(bought)

    write(lambda: transitions.complete_payment(order, MOMENT, late=True))

    assert (order.paid_at, order.paid_late, announced) == (MOMENT, True, [order])
    assert ledger.uses("KARIBU10") == (why is None)
    assert ledger.stock(SKU) == stock  # the caller takes it
    notes = [event.words for event in order.events if "code" in event.words]
    assert notes == ([f"Discount code KARIBU10 had {why} by then; its price is honoured"] if why else [])


def test_releasing_an_order_releases_stock_and_discount_use(shopper, order_of, ledger):
    before = ledger.stock(SKU)
    order, without_code = order_of(shopper.buy(quantity=2, code="KARIBU10")), order_of(shopper.buy())

    write(lambda: transitions.release_order(order))
    assert (ledger.uses("KARIBU10"), ledger.stock(SKU)) == (0, (before[0], before[1] + 1))
    write(lambda: transitions.release_order(without_code))
    assert ledger.stock(SKU) == before


def test_a_step_that_another_user_has_undone_is_not_undone_again(shopper, order_of, ledger):
    bought = shopper.buy()
    ledger.put_order(bought, payment="paid", fulfilment="packed", fulfilment_changed_at=utcnow())
    order = order_of(bought)

    def second():
        assert order.fulfilment == "packed"
        updated(update(Order).values(fulfilment="sent"))  # by another, after it was read
        undo_step(order, Fulfilment.PACKED, "Mistake", "owner@example.com")

    with pytest.raises(StaleState):
        write(second)
    write(lambda: db.session.execute(delete(OrderEvent)))  # an order of an older version
    write(lambda: undo_last_step(order, Fulfilment.PACKED, "owner@example.com"))
    assert ledger.column("fulfilment", bought) == "unfulfilled"
