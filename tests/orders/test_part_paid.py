"""What the order page says when another sum came than was asked for."""

import pytest
from sqlalchemy import select

from shop.database import db, write
from shop.orders.models import Order
from shop.orders.moving import MovedMeanwhile
from shop.payments import asking
from tests.shopper import Bought


@pytest.fixture
def part_paid(app, shopper):
    """Of KSh 5,100 KSh 5,000 came, and the rest was asked for."""
    bought = shopper.buy(quantity=2)
    bought.hear(bought.callback(amount="5000"))
    with app.app_context():
        write(lambda: ask(5000, 100))
    return bought


def ask(came, rest):
    asking.ask_for_rest(db.session.scalars(select(Order)).one(), came, rest, "owner@example.com")


def pay(bought):
    return Bought(bought.shopper, bought.shopper.post(f"{bought.order_path}/pay", {}).headers["Location"])


def test_while_the_rest_is_being_paid_both_sums_and_the_button_are_there(part_paid):
    pay(part_paid)

    page = part_paid.shopper.get(part_paid.order_path).text

    assert "KSh 5,000 of KSh 5,100 has come." in page


def test_a_rest_that_failed_can_be_paid_again_and_nobody_says_that_nothing_came(part_paid):
    rest = pay(part_paid)
    rest.hear(rest.failure())

    page = part_paid.shopper.get(part_paid.order_path).text

    assert "KSh 5,000 of KSh 5,100 has come." in page
    assert "Nothing has been paid" not in page


def test_the_same_rest_is_not_asked_for_twice(app, part_paid):
    with app.app_context(), pytest.raises(MovedMeanwhile):
        write(lambda: ask(0, 100))


def test_more_than_the_total_is_said_to_be_given_back(shopper):
    bought = shopper.buy(quantity=2)
    bought.hear(bought.callback(amount="6000"))

    page = shopper.get(bought.order_path).text

    assert "We have heard of KSh 6,000 for this order, which costs KSh 5,100. What is too much is given back" in page


def test_a_rest_that_is_no_longer_asked_for_is_asked_for_again(app, part_paid, ledger):
    ledger.put_order(part_paid, rest_asked=0)

    with app.app_context():
        write(lambda: ask(0, 100))

    assert ledger.column("rest_asked", part_paid) == 100
