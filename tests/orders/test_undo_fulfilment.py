"""Undoing fulfilment steps."""

import pytest
from sqlalchemy import delete, select, update

from shop.core.clock import utcnow
from shop.core.database import db, updated, write
from shop.orders import fulfilment as undoing
from shop.orders.models import Order, OrderEvent
from shop.orders.states import Fulfilment
from shop.orders.transitions import StaleState


@pytest.fixture
def packed(shopper, ledger):
    bought = shopper.buy()
    ledger.put_order(bought, payment="paid", fulfilment="packed", fulfilment_changed_at=utcnow())
    return bought


def order():
    return db.session.scalars(select(Order)).one()


def test_the_second_of_two_users_who_undo_a_step_gets_an_error(app, packed, ledger):
    def second():
        read = order()
        updated(update(Order).values(fulfilment="sent"))  # by another, after it was read
        undoing.undo_step(read, Fulfilment.PACKED, "Mistake", "owner@example.com")

    with app.app_context(), pytest.raises(StaleState):
        write(second)
    assert ledger.column("fulfilment", packed) == "packed"


def test_a_step_without_a_timeline_entry_for_the_buyer_can_be_undone(app, packed, ledger):
    with app.app_context():
        write(lambda: db.session.execute(delete(OrderEvent)))
        write(lambda: undoing.undo_last_step(order(), Fulfilment.PACKED, "owner@example.com"))

    assert ledger.column("fulfilment", packed) == "unfulfilled"
