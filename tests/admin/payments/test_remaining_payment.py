"""A part payment: the buyer is asked for the remaining amount, and both payments together pay the order."""

import re

import pytest

from tests import both_databases
from tests.shopper import SKU, Bought, Shopper


@pytest.fixture
def part_paid(buy):
    """KSh 5,000 of KSh 5,100 was received."""
    bought = buy()
    bought.post_callback(bought.callback(amount="5000"))
    return bought


def pay_remaining(bought):
    """Press Pay on the order page; the remaining payment."""
    reply = bought.shopper.post(f"{bought.order_path}/pay", {})
    assert reply.status_code == 303
    return Bought(bought.shopper, reply.headers["Location"])


@both_databases
def test_the_remaining_amount_is_requested_and_its_payment_pays_the_order(actions, part_paid, ledger):
    before = ledger.stock(SKU)
    page = actions.follow(actions.request_remaining(part_paid, 5000, 100))

    assert "The buyer is asked for KSh 100" in page and "wa.me/" in page
    assert (ledger.order_state(part_paid).order, ledger.column("remaining_requested", part_paid)) == ("review", 100)
    assert actions.sums(part_paid) == (5000, 0, 0, 0)
    assert "KSh 5,000 was received, and the buyer was asked for the remaining KSh 100." in page
    assert "KSh 100 requested" in actions.owner.get("/admin/?tab=all").text
    assert "The buyer was asked for the remaining KSh 100." in actions.owner.get("/admin/review").text
    assert "Pay the remaining KSh 100 here" in actions.mails("remaining_payment")[0]
    shown = Shopper(actions.app).get(part_paid.order_path).text
    assert "KSh 5,000 of KSh 5,100 has come." in shown and "Pay the remaining KSh 100" in shown
    assert "We keep your order for you until" not in shown  # in review it does not expire
    remaining = pay_remaining(part_paid)
    assert remaining.total == 100
    remaining.post_callback(remaining.callback(amount="100"))

    assert ledger.order_state(part_paid).order == "paid"
    assert [kept.row for kept in ledger.callbacks(remaining)] == ["R3d"]
    assert actions.sums(part_paid) == (5100, 0, 0, 0)
    assert ledger.column("remaining_requested", part_paid) == 0
    assert ledger.stock(SKU) == (before[0] - 2, before[1] - 2)
    assert ledger.mails("paid") == 1
    assert actions.ledger_agrees()


def test_another_amount_than_the_remaining_one_goes_to_review_and_is_asked_for_again(actions, part_paid, ledger):
    actions.request_remaining(part_paid, 5000, 100)
    remaining = pay_remaining(part_paid)
    remaining.post_callback(remaining.callback(amount="40"))
    assert [kept.row for kept in ledger.callbacks(remaining)] == ["R4"]
    assert ledger.order_state(part_paid).order == "review"

    actions.request_remaining(part_paid, 40, 60)

    assert actions.sums(part_paid) == (5040, 0, 0, 0)
    assert ledger.column("remaining_requested", part_paid) == 60
    assert actions.ledger_agrees()


def test_the_amount_that_the_form_showed_must_still_be_missing(actions, part_paid, ledger):
    for received, missing in ((5000, 99), (4000, 1099), (0, 100)):
        assert "Nothing was saved" in actions.follow(actions.request_remaining(part_paid, received, missing))
    actions.request_remaining(part_paid, 5000, 100)

    assert "Nothing was saved" in actions.follow(actions.request_remaining(part_paid, 5000, 100))
    assert actions.sums(part_paid) == (5000, 0, 0, 0)
    assert ledger.mails("remaining_payment") == 1


def test_a_remaining_payment_after_less_was_accepted_is_due_as_a_refund(actions, part_paid, ledger):
    actions.request_remaining(part_paid, 5000, 100)
    remaining = pay_remaining(part_paid)
    actions.accept_less(part_paid, "5100")
    remaining.post_callback(remaining.callback(amount="100"))

    assert [kept.row for kept in ledger.callbacks(remaining)] == ["R11"]
    assert actions.sums(part_paid) == (5100, 0, 100, 100)
    assert actions.ledger_agrees()


def test_a_refused_part_payment_is_due_as_a_refund_and_ends_the_request(actions, part_paid, ledger):
    actions.request_remaining(part_paid, 5000, 100)
    actions.press(part_paid, "refuse")

    assert ledger.order_state(part_paid).order == "cancelled"
    assert actions.sums(part_paid) == (5000, 0, 5000, 0)
    assert "Pay the remaining" not in Shopper(actions.app).get(part_paid.order_path).text


def test_no_receipt_says_paid_in_full_when_less_was_accepted(actions, part_paid):
    actions.accept_less(part_paid, "5000")
    number = actions.number(part_paid)
    receipts = [
        actions.owner.get(f"/admin/slips?slip=receipt&order={number}").text,
        Shopper(actions.app).get(part_paid.order_path).text,
        actions.mails("paid")[0],
    ]

    for receipt in receipts:
        text = re.sub(r"<[^>]+>|:", " ", receipt)
        assert "in full" not in text
        assert re.search(r"Total\s+KSh 5,100\s+Received\s+KSh 5,000\s+Written off\s+KSh 100", text), text
