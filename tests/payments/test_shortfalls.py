"""The remaining payment of a part-paid order, as Chpter reports it."""

import pytest
from sqlalchemy import select

from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.payments import manual_payments
from tests.shopper import SKU, Bought


@pytest.fixture
def part_paid(app, shopper):
    """Of KSh 5,100 KSh 5,000 came, and the remaining amount was requested."""
    bought = shopper.buy(quantity=2)
    bought.post_callback(bought.callback(amount="5000"))
    with app.app_context():
        write(lambda: ask(5000, 100))
    return bought


def ask(received, remaining):
    manual_payments.request_remaining(db.session.scalars(select(Order)).one(), received, remaining, "owner@example.com")


def pay(bought):
    return Bought(bought.shopper, bought.shopper.post(f"{bought.order_path}/pay", {}).headers["Location"])


def test_a_failed_remaining_payment_is_said_once_can_be_tried_again_and_hides_nothing_that_was_paid(part_paid, ledger):
    remaining = pay(part_paid)
    assert "KSh 5,000 of KSh 5,100 has come." in part_paid.shopper.get(part_paid.order_path).text

    remaining.post_callback(remaining.failure())

    page = part_paid.shopper.get(part_paid.order_path).text
    assert "KSh 5,000 of KSh 5,100 has come." in page
    assert "Nothing has been paid" not in page
    assert "The payment did not go through" in ledger.timeline(part_paid)
    assert ledger.mails("failed") == 1
    assert pay(part_paid).total == 100


def test_the_same_remaining_amount_is_requested_again_only_when_the_request_has_ended(app, part_paid, ledger):
    with app.app_context(), pytest.raises(StaleState):
        write(lambda: ask(0, 100))
    ledger.put_order(part_paid, remaining_requested=0)

    with app.app_context():
        write(lambda: ask(0, 100))

    assert ledger.column("remaining_requested", part_paid) == 100


@pytest.mark.parametrize(("late", "left", "row"), [(False, 50, "R3d"), (True, 50, "R3d"), (True, 1, "R9")])
def test_the_remaining_payment_pays_an_order_whose_stock_is_held_or_still_available(part_paid, ledger, late, left, row):
    on_hand, held = ledger.stock(SKU)
    remaining = pay(part_paid)
    if late:  # its stock was released when it expired
        ledger.put_order(part_paid, paid_late=True)
        ledger.shelve(SKU, left)
        on_hand, held = left, 0

    remaining.post_callback(remaining.callback())

    paid = row == "R3d"
    standing = ledger.order_state(remaining)
    assert (standing.order, standing.attempt, standing.late) == ("paid" if paid else "review", "paid", late)
    assert ledger.stock(SKU) == (on_hand - 2 * paid, held if late else held - 2)
    assert [kept.row for kept in ledger.callbacks(remaining)] == [row]
