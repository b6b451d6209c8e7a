"""The order page after a payment of another amount than requested."""

import pytest
from sqlalchemy import select

from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.payments import shortfalls
from tests.shopper import SKU, Bought


@pytest.fixture
def part_paid(app, shopper):
    """Of KSh 5,100 KSh 5,000 came, and the rest was asked for."""
    bought = shopper.buy(quantity=2)
    bought.post_callback(bought.callback(amount="5000"))
    with app.app_context():
        write(lambda: ask(5000, 100))
    return bought


def ask(came, rest):
    shortfalls.request_remaining(db.session.scalars(select(Order)).one(), came, rest, "owner@example.com")


def pay(bought):
    return Bought(bought.shopper, bought.shopper.post(f"{bought.order_path}/pay", {}).headers["Location"])


def test_during_the_remaining_payment_both_amounts_and_the_button_are_shown(part_paid):
    pay(part_paid)

    page = part_paid.shopper.get(part_paid.order_path).text

    assert "KSh 5,000 of KSh 5,100 has come." in page


def test_a_failed_remaining_payment_can_be_retried_and_the_part_paid_is_still_shown(part_paid):
    rest = pay(part_paid)
    rest.post_callback(rest.failure())

    page = part_paid.shopper.get(part_paid.order_path).text

    assert "KSh 5,000 of KSh 5,100 has come." in page
    assert "Nothing has been paid" not in page


def test_the_same_remaining_amount_is_not_requested_twice(app, part_paid):
    with app.app_context(), pytest.raises(StaleState):
        write(lambda: ask(0, 100))


def test_a_payment_above_the_total_says_that_the_difference_is_refunded(shopper):
    bought = shopper.buy(quantity=2)
    bought.post_callback(bought.callback(amount="6000"))

    page = shopper.get(bought.order_path).text

    assert (
        "A payment of KSh 6,000 was reported for this order, which costs KSh 5,100. We will refund the difference"
        in page
    )


def test_an_outdated_remaining_payment_is_requested_again(app, part_paid, ledger):
    ledger.put_order(part_paid, remaining_requested=0)

    with app.app_context():
        write(lambda: ask(0, 100))

    assert ledger.column("remaining_requested", part_paid) == 100


@pytest.mark.parametrize("late", [False, True])
def test_the_remaining_payment_makes_a_late_order_paid_and_takes_its_stock(part_paid, ledger, late):
    on_hand, held = ledger.stock(SKU)
    rest = pay(part_paid)
    if late:  # what it held had been given up
        ledger.put_order(part_paid, paid_late=True)
        ledger.shelve(SKU, on_hand)

    rest.post_callback(rest.callback())

    standing = ledger.order_state(rest)
    assert (standing.order, standing.attempt, standing.late) == ("paid", "paid", late)
    assert ledger.stock(SKU) == (on_hand - 2, 0 if late else held - 2)
    assert [kept.row for kept in ledger.callbacks(rest)] == ["R3d"]


def test_a_remaining_payment_without_stock_goes_to_review(part_paid, ledger):
    rest = pay(part_paid)
    ledger.put_order(part_paid, paid_late=True)
    ledger.shelve(SKU, 1)

    rest.post_callback(rest.callback())

    assert ledger.order_state(rest).order == "review"
    assert ledger.stock(SKU) == (1, 0)
    assert [kept.row for kept in ledger.callbacks(rest)] == ["R9"]


def test_a_failed_remaining_payment_is_in_the_timeline_and_emailed(part_paid, ledger):
    rest = pay(part_paid)
    rest.post_callback(rest.failure())

    assert "The payment did not go through" in ledger.timeline(part_paid)
    assert ledger.mails("failed") == 1
