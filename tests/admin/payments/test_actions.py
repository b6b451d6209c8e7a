"""Payment actions of an owner: each is done once, with all its effects, and the buyer is told."""

import pytest
from sqlalchemy import select

from shop.core.database import db
from shop.payments.models import LedgerEntry
from tests import both_databases
from tests.admin_client import EMAIL
from tests.payment_pages import CODE
from tests.shopper import SKU, Shopper


@both_databases
def test_less_than_the_total_is_accepted_on_a_page_of_its_own_with_one_receipt(actions, buy, ledger, before):
    bought = buy()
    bought.post_callback(bought.callback(amount="5000"))

    asked = actions.press(bought, "accept", amount="5,000")
    assert ledger.order_state(bought).order == "review"  # one press writes nothing off
    assert asked.headers["Location"].endswith("/accept-less?amount=5000")
    page = actions.follow(actions.accept_less(bought, "5,000"))

    assert "Accepted as paid: KSh 5,000 of KSh 5,100 received, KSh 100 written off" in page
    standing = ledger.order_state(bought)
    assert (standing.order, standing.attempt, standing.paid) == ("paid", "paid", True)
    assert ledger.stock(SKU) == (before[0] - 2, before[1])
    assert actions.sums(bought) == (5000, 0, 0, 100)
    assert ledger.column("payment_verified_by", bought) == EMAIL
    assert ledger.mails("paid") == ledger.mails("new_order") == 1
    assert "received KSh 5,000" in actions.mails("paid")[0]
    assert "We have received KSh 5,000." in Shopper(actions.app).get(bought.order_path).text
    assert actions.audit_words() == ["Accepted less: KSh 5,000 of KSh 5,100, KSh 100 was written off. Good enough"]
    assert actions.ledger_agrees()


def test_more_than_the_total_is_accepted_and_the_difference_is_due_as_a_refund(actions, buy, ledger):
    bought = buy()
    bought.post_callback(bought.callback(amount="6000"))

    actions.press(bought, "accept", amount="6000")

    assert actions.sums(bought) == (6000, 0, 900, 0)
    assert ledger.column("refund_due", bought)
    assert "KSh 900 more than it costs" in Shopper(actions.app).get(bought.order_path).text
    assert actions.ledger_agrees()


def test_a_refused_payment_cancels_the_order_and_releases_its_stock_once(actions, buy, ledger, before):
    bought = buy()
    bought.post_callback(bought.callback(payment_status="Who knows"))

    page = actions.follow(actions.press(bought, "refuse", came="0"))
    again = actions.follow(actions.press(bought, "refuse", came="0"))

    assert "no money was received" in page
    assert "Nothing was saved: this order changed while you were looking at it" in again
    assert (ledger.order_state(bought).order, ledger.order_state(bought).attempt) == ("cancelled", "failed")
    assert ledger.stock(SKU) == before
    assert (ledger.mails("cancelled"), ledger.mails("paid")) == (1, 0)
    assert actions.sums(bought) == (0, 0, 0, 0)


@both_databases
def test_money_of_a_refused_payment_is_due_as_a_refund_until_it_is_recorded(actions, buy, ledger):
    bought = buy()
    bought.post_callback(bought.callback(amount="5000"))

    actions.press(bought, "refuse", came="5000")

    assert actions.sums(bought) == (5000, 0, 5000, 0)
    assert ledger.column("refund_due", bought)
    payments = actions.owner.get(f"/admin/orders/{actions.number(bought)}").text.partition('id="money">Payments')[2]
    assert "Money received, refund due" in payments and ">Paid<" not in payments
    assert "KSh 5,000 for it. We will refund you" in actions.mails("cancelled")[0]
    page = actions.follow(actions.record_refund(bought, amount="5000", code="SKB1B2C3D4"))
    assert "Refund of KSh 5,000 recorded" in page
    assert actions.sums(bought) == (5000, 5000, 0, 0)
    assert not ledger.column("refund_due", bought)
    assert ledger.order_state(bought).order == "cancelled"
    assert "KSh 5,000 was refunded." in Shopper(actions.app).get(bought.order_path).text
    assert "by M-PESA (code SKB1B2C3D4)" in actions.mails("refunded")[0]
    assert actions.ledger_agrees()


@both_databases
def test_a_payment_that_chpter_did_not_report_is_marked_paid_by_hand_and_a_code_counts_once(
    actions, buy, ledger, before
):
    first, second = buy(), buy()

    page = actions.follow(actions.mark_paid(first))
    refused = actions.mark_paid(second, code=CODE.lower())

    assert "is paid" in page
    assert actions.sums(first) == (5100, 0, 0, 0)
    assert ledger.column("payment_verified_by", first) == EMAIL
    assert refused.status_code == 422
    assert f"That code was used already, for order {actions.number(first)}" in refused.text
    assert 'value="Seen in M-PESA"' in refused.text
    assert [ledger.order_state(one).order for one in (first, second)] == ["paid", "awaiting"]
    assert ledger.stock(SKU) == (before[0] - 2, before[1] + 2)
    assert ledger.mails("paid") == 1
    assert "Payment received" in ledger.timeline(first)
    assert actions.ledger_agrees()


def test_an_expired_order_is_marked_paid_only_while_its_stock_is_available(actions, buy, ledger):
    bought, sold_out = buy(), buy()
    ledger.expire()
    ledger.shelve(SKU, 3)

    actions.mark_paid(bought)
    page = actions.follow(actions.mark_paid(sold_out, code="SKC1B2C3D4"))

    assert (ledger.order_state(bought).order, ledger.column("paid_late", bought)) == ("paid", True)
    assert ledger.stock(SKU) == (1, 0)
    assert f"Nothing was saved: the order cannot be supplied (1 of {SKU} left)" in page
    assert ledger.order_state(sold_out).order == "expired"
    assert actions.sums(sold_out) == (0, 0, 0, 0)
    assert actions.ledger_agrees()


def test_a_late_order_in_review_is_accepted_once_there_is_stock_or_refused(actions, buy, ledger):
    accepted, refused = buy(), buy()
    ledger.expire()
    ledger.shelve(SKU, 1)
    for bought in (accepted, refused):
        bought.post_callback(bought.callback())
        assert ledger.order_state(bought).order == "review"

    assert "the order cannot be supplied" in actions.follow(actions.press(accepted, "accept", amount="5100"))
    actions.press(refused, "refuse")
    assert ledger.stock(SKU) == (1, 0)
    ledger.shelve(SKU, 2)
    assert "Accepted as paid" in actions.follow(actions.press(accepted, "accept", amount="5100"))

    assert [ledger.order_state(one).order for one in (accepted, refused)] == ["paid", "cancelled"]
    assert ledger.stock(SKU) == (0, 0)
    assert (actions.sums(accepted), actions.sums(refused)) == ((5100, 0, 0, 0), (5100, 0, 5100, 0))
    assert actions.ledger_agrees()


def test_an_unpaid_order_is_cancelled_once_and_a_later_payment_is_due_as_a_refund(actions, buy, ledger, before):
    bought = buy(code="KARIBU10")
    used = ledger.uses("KARIBU10")

    page = actions.follow(actions.press(bought, "cancel"))
    actions.press(bought, "cancel")
    bought.post_callback(bought.callback())

    assert "is cancelled" in page
    assert ledger.stock(SKU) == before
    assert ledger.uses("KARIBU10") == used - 1
    assert ledger.mails("cancelled") == 1
    assert [kept.row for kept in ledger.callbacks(bought)] == ["R10"]
    assert actions.sums(bought) == (bought.total, 0, bought.total, 0)
    assert actions.ledger_agrees()


@both_databases
def test_an_order_is_refunded_in_parts_never_more_than_was_received(actions, buy, ledger):
    bought = buy(code="KARIBU10")
    total, used = bought.total, ledger.uses("KARIBU10")
    bought.post_callback(bought.callback())

    send = actions.form(bought, "refund", amount="500", code="", reason="Scratched")
    send()
    assert "Nothing was saved" in actions.follow(send()), "the same form, sent twice"
    assert "KSh 500 of it was refunded." in Shopper(actions.app).get(bought.order_path).text
    too_much = actions.record_refund(bought, amount=str(total - 499))
    assert too_much.status_code == 422
    assert f"You can refund at most KSh {total - 500:,}" in too_much.text
    assert (actions.sums(bought), ledger.uses("KARIBU10")) == ((total, 500, 0, 0), used)
    actions.record_refund(bought, amount=str(total - 500), method="CASH")

    assert ledger.order_state(bought).order == "refunded"
    assert (actions.sums(bought), ledger.uses("KARIBU10")) == ((total, total, 0, 0), used - 1)
    assert ledger.mails("refunded") == 2
    assert f"KSh {total:,} was refunded." in Shopper(actions.app).get(bought.order_path).text
    assert actions.ledger_agrees()


def test_a_second_payment_is_refunded_first_and_the_order_stays_paid(actions, buy, ledger):
    bought = buy()
    actions.mark_paid(bought, method="CASH", code="")
    bought.post_callback(bought.callback())
    assert actions.sums(bought) == (10200, 0, 5100, 0)

    actions.record_refund(bought, amount="5100")

    assert actions.sums(bought) == (10200, 5100, 0, 0)
    assert (ledger.order_state(bought).order, ledger.column("refund_due", bought)) == ("paid", False)
    assert actions.ledger_agrees()


@pytest.mark.parametrize(
    ("by_hand", "refunded", "order", "sums"),
    [
        (5000, 0, "paid", (5100, 0, 0, 0)),
        (5100, 0, "paid", (5100, 0, 0, 0)),
        (5200, 0, "paid", (5100, 0, 0, 0)),
        (5000, 5000, "refunded", (5100, 5000, 100, 100)),
    ],
)
def test_a_payment_marked_by_hand_that_chpter_reports_later_is_counted_once_with_its_amount(
    actions, buy, ledger, by_hand, refunded, order, sums
):
    bought = buy()
    write_off = {"shortfall": str(5100 - by_hand), "write_off": "y"} if by_hand < 5100 else {}
    actions.mark_paid(bought, amount=str(by_hand), **write_off)
    if refunded:
        actions.record_refund(bought, amount=str(refunded))
    bought.post_callback(bought.callback())

    actions.press(bought, "duplicate-payment")
    again = actions.follow(actions.press(bought, "duplicate-payment"))

    assert "Nothing was saved" in again
    assert actions.sums(bought) == sums
    assert (ledger.order_state(bought).order, ledger.column("refund_due", bought)) == (order, sums[2] > 0)
    assert actions.ledger_agrees()


@pytest.mark.parametrize(
    ("came", "attempt", "sums"), [("0", "failed", (0, 0, 0, 0)), ("300", "paid", (300, 0, 300, 0))]
)
def test_an_attempt_in_review_of_a_cancelled_order_is_resolved(actions, buy, ledger, came, attempt, sums):
    bought = buy()
    ledger.cancel(bought)
    bought.post_callback(bought.callback(amount="300"))

    assert "Amount must be whole" in actions.follow(actions.press(bought, f"attempts/{bought.reference}", came="x"))
    actions.press(bought, f"attempts/{bought.reference}", came=came)

    assert (ledger.order_state(bought).order, ledger.order_state(bought).attempt) == ("cancelled", attempt)
    assert actions.sums(bought) == sums
    assert actions.ledger_agrees()


@both_databases
def test_an_attempt_in_review_of_an_expired_order_pays_it_while_its_stock_is_available(actions, buy, ledger):
    paid, sold_out, short = buy(), buy(), buy()
    amounts = {paid: "5200", sold_out: "5200", short: "5000"}
    ledger.expire()
    for bought, amount in amounts.items():
        bought.post_callback(bought.callback(amount=amount))
    ledger.shelve(SKU, 2)

    for bought, amount in amounts.items():
        actions.press(bought, f"attempts/{bought.reference}", came=amount)

    assert [ledger.order_state(one).order for one in amounts] == ["paid", "review", "review"]
    assert [ledger.order_state(one).attempt for one in amounts] == ["paid", "paid", "paid"]
    assert actions.sums(paid) == (5200, 0, 100, 0)
    assert ledger.column("payment_verified_by", paid) == EMAIL
    assert ledger.stock(SKU) == (0, 0)
    ledger.shelve(SKU, 5)
    actions.accept_less(short, "1")
    assert actions.sums(short) == (5000, 0, 0, 100)
    assert actions.ledger_agrees()


def test_the_audit_log_and_the_ledger_name_the_user(actions, buy):
    bought = buy()
    actions.mark_paid(bought, reason="Paid in the market")
    actions.record_refund(bought, amount="100", method="CASH")

    assert actions.audit_words() == [
        f"Marked paid by hand: KSh 5,100 by M-PESA, code {CODE}. Paid in the market",
        "Refunded KSh 100 by Cash. Broken",
    ]
    with actions.app.app_context():
        assert set(db.session.scalars(select(LedgerEntry.actor))) == {EMAIL}
