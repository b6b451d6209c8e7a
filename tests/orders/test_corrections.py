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


def newest_order():
    return db.session.scalars(select(Order).order_by(Order.id.desc()).limit(1)).one()


def by_buyer(**answers):
    order = newest_order()
    buyer = Buyer(order.full_name, order.phone_number, order.email, order.location, order.note)
    return corrections.correct(order, replace(buyer, **answers))


def by_merchant(**answers):
    return corrections.correct_by_merchant(newest_order(), answers, "owner@example.com")


def test_a_paid_order_is_not_corrected_by_its_buyer_nor_a_sent_one_by_the_merchant(app, bought, ledger):
    bought.post_callback(bought.callback())
    before = ledger.timeline(bought)
    with app.app_context():
        assert write(lambda: by_buyer(location="Elsewhere")) == {}
        assert write(lambda: by_merchant(full_name="Wanjiru Test")) == []  # the same name
        ledger.put_order(bought, fulfilment="sent")
        with pytest.raises(StaleState):
            write(lambda: by_merchant(location="Elsewhere"))

    assert ledger.column("location", bought) == "Near the stage, blue gate"
    assert ledger.timeline(bought) == before


def test_a_correction_cannot_exceed_the_uses_of_a_discount_code_per_buyer(app, provider, shopper, ledger):
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses_per_buyer=1)
    shopper.buy(code="KARIBU10", phone_number="0722 000 111")
    second = Shopper(app, provider).buy(code="KARIBU10", phone_number="0733 000 111", email="b@example.com")

    with app.app_context(), pytest.raises(corrections.DiscountNotUsable):
        write(lambda: by_buyer(phone_number="254722000111"))
    assert ledger.column("phone_number", second) == "254733000111"
