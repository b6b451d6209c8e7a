"""Actions on an order's money that another user has done already: the guarded UPDATE refuses them too."""

import pytest
from sqlalchemy import select, update

from shop.core.database import db, updated, write
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.payments import payment_reversals, refunds
from shop.payments.manual_payments import ManualPayment

MONEY = ManualPayment(100, "CASH", None, "Broken")
BY = "owner@example.com"


def order():
    return db.session.scalars(select(Order)).one()


def test_a_refund_is_not_recorded_when_more_was_refunded_since_the_form_was_shown(app, bought, ledger):
    bought.post_callback(bought.callback())

    def refund():
        read = order()
        updated(update(Order).values(refunded=50))  # by another, after it was read
        refunds.record_refund(read, 0, MONEY, BY)

    with app.app_context(), pytest.raises(StaleState):
        write(refund)
    assert ledger.column("refunded", bought) == 0


def test_a_payment_that_was_not_entered_by_hand_cannot_be_undone(app, bought, there):
    bought.post_callback(bought.callback())

    with app.app_context(), pytest.raises(StaleState):
        write(lambda: payment_reversals.undo_mark_paid(order(), "Another order's", BY))
    there("paid", "paid", "sold")
