"""The M-PESA limit of one payment is shown before the buyer presses Pay."""

import pytest
from sqlalchemy import update

from shop.catalog.models import Variant
from shop.core.database import db, write
from tests.shopper import SKU

WARNED = "takes at most KSh 250,000 in one payment"


@pytest.fixture
def expensive(app):
    """The kiondo costs a quarter of a million shillings."""
    with app.app_context():
        statement = update(Variant).where(Variant.sku == SKU).values(price=250_000)
        write(lambda: db.session.execute(statement))


def test_a_total_above_the_mpesa_limit_is_reported_in_cart_checkout_and_order(expensive, shopper):
    shopper.post("/cart/add", {"sku": SKU, "quantity": "2"})

    assert WARNED in shopper.get("/cart").text
    assert WARNED in shopper.get("/checkout").text


def test_an_unpaid_order_above_the_mpesa_limit_shows_it_beside_pay(expensive, shopper):
    bought = shopper.buy()  # with delivery it is more than the limit

    assert WARNED in shopper.get(bought.order_path).text


def test_a_total_within_the_mpesa_limit_shows_no_message(shopper):
    shopper.post("/cart/add", {"sku": SKU, "quantity": "2"})

    assert WARNED not in shopper.get("/cart").text
    assert WARNED not in shopper.get("/checkout").text
