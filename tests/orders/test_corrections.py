"""Limits of corrections: closed orders, and discount codes per buyer."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from shop.core.database import db, write
from shop.orders import corrections
from shop.orders.models import Order
from shop.orders.placement import Buyer
from shop.orders.transitions import StaleState
from shop.pricing.models import DiscountCode
from tests.shopper import Shopper


@pytest.fixture
def bought(shopper):
    return shopper.buy(code="KARIBU10")


def corrected(**answers):
    """Correct the newest order as its buyer; returns the changes."""

    def work():
        order = db.session.scalars(select(Order).order_by(Order.id.desc()).limit(1)).one()
        buyer = Buyer(order.full_name, order.phone_number, order.email, order.location, order.note)
        return corrections.correct(order, replace(buyer, **answers))

    return write(work)


def by_merchant(**answers):
    order = db.session.scalars(select(Order)).one()
    return corrections.correct_by_merchant(order, answers, "owner@example.com")


def test_a_buyers_correction_of_a_paid_order_changes_nothing(app, bought, ledger):
    bought.post_callback(bought.callback())

    with app.app_context():
        assert corrected(location="Elsewhere") == {}
    assert ledger.column("location", bought) == "Near the stage, blue gate"


def test_a_correction_cannot_exceed_the_uses_of_a_discount_code_per_buyer(app, provider, shopper, ledger):
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses_per_buyer=1)
    shopper.buy(code="KARIBU10", phone_number="0722 000 111")
    second = Shopper(app, provider).buy(code="KARIBU10", phone_number="0733 000 111", email="b@example.com")

    with app.app_context(), pytest.raises(corrections.DiscountNotUsable):
        corrected(phone_number="254722000111")
    assert ledger.column("phone_number", second) == "254733000111"


def test_a_merchants_correction_without_changes_adds_no_timeline_entry(app, bought, ledger):
    before = ledger.timeline(bought)

    with app.app_context():
        assert write(lambda: by_merchant(full_name="Wanjiru Test")) == []
    assert ledger.timeline(bought) == before


def test_a_merchants_correction_of_a_sent_order_changes_nothing(app, bought, ledger):
    ledger.put_order(bought, payment="paid", fulfilment="sent")

    with app.app_context(), pytest.raises(StaleState):
        write(lambda: by_merchant(location="Elsewhere"))
    assert ledger.column("location", bought) == "Near the stage, blue gate"
