"""What a correction of an order may not do: change what is closed, or take a code's share twice."""

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
    """What the newest order's buyer becomes; what `correct` says has changed."""

    def work():
        order = db.session.scalars(select(Order).order_by(Order.id.desc()).limit(1)).one()
        buyer = Buyer(order.full_name, order.phone_number, order.email, order.location, order.note)
        return corrections.correct(order, replace(buyer, **answers))

    return write(work)


def by_merchant(**answers):
    order = db.session.scalars(select(Order)).one()
    return corrections.correct_by_merchant(order, answers, "owner@example.com")


def test_a_buyers_correction_of_an_order_that_was_paid_meanwhile_changes_nothing(app, bought, ledger):
    bought.hear(bought.callback())

    with app.app_context():
        assert corrected(location="Elsewhere") == {}
    assert ledger.column("location", bought) == "Near the stage, blue gate"


def test_a_correction_takes_no_second_share_of_a_discount_code(app, provider, shopper, ledger):
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses_per_buyer=1)
    shopper.buy(code="KARIBU10", phone_number="0722 000 111")
    second = Shopper(app, provider).buy(code="KARIBU10", phone_number="0733 000 111", email="b@example.com")

    with app.app_context(), pytest.raises(corrections.DiscountNotUsable):
        corrected(phone_number="254722000111")
    assert ledger.column("phone_number", second) == "254733000111"


def test_a_merchant_who_changes_nothing_leaves_no_line(app, bought, ledger):
    before = ledger.timeline(bought)

    with app.app_context():
        assert write(lambda: by_merchant(full_name="Wanjiru Test")) == []
    assert ledger.timeline(bought) == before


def test_a_merchants_correction_of_an_order_that_has_left_changes_nothing(app, bought, ledger):
    ledger.put_order(bought, payment="paid", fulfilment="sent")

    with app.app_context(), pytest.raises(StaleState):
        write(lambda: by_merchant(location="Elsewhere"))
    assert ledger.column("location", bought) == "Near the stage, blue gate"
