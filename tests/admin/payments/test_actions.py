"""Payment actions of an owner: each is done once, with all its effects, and the buyer is told."""

import pytest
from sqlalchemy import select

from shop.core.database import db
from shop.payments.models import LedgerEntry
from tests import both_databases
from tests.payment_pages import CODE, PaymentPages
from tests.shopper import SKU, Shopper


@pytest.fixture
def before(ledger):
    """On hand and held before anything is bought."""
    return ledger.stock(SKU)


@pytest.fixture
def buy(app, provider, before):
    """A buyer of two pieces, on the way to pay."""
    return lambda **answers: Shopper(app, provider).buy(quantity=2, **answers)


@pytest.fixture
def actions(app, owner, ledger):
    return PaymentPages(app, owner, ledger)


def letting_off(short):
    """The tick that lets a sum off, as the form asks for it."""
    return {"shortfall": str(short), "write_off": "y"} if short > 0 else {}


@both_databases
def test_a_wrong_sum_accepted_is_a_paid_order_with_what_came_and_one_receipt(actions, buy, ledger, before):
    bought = buy()
    bought.post_callback(bought.callback(amount="5000"))

    asked = actions.press(bought, "accept", amount="5,000")
    assert ledger.order_state(bought).order == "review"  # one press lets nothing off
    assert asked.headers["Location"].endswith("/accept-less?amount=5000")
    page = actions.follow(actions.accept_less(bought, "5,000"))

    assert "Accepted as paid: KSh 5,000 of KSh 5,100 received, KSh 100 written off" in page
    standing = ledger.order_state(bought)
    assert (standing.order, standing.attempt, standing.paid) == ("paid", "paid", True)
    assert ledger.stock(SKU) == (before[0] - 2, before[1])
    assert actions.sums(bought) == (5000, 0, 0, 100)
    assert ledger.mails("paid") == ledger.mails("new_order") == 1
    assert "received KSh 5,000" in actions.mails("paid")[0]
    assert actions.adds_up()
    assert "We have received KSh 5,000." in Shopper(actions.app).get(bought.order_path).text
    assert actions.acts() == ["Accepted less: KSh 5,000 of KSh 5,100, KSh 100 was written off. Good enough"]


@both_databases
def test_what_came_too_much_is_noted_to_be_given_back(actions, buy, ledger):
    bought = buy()
    bought.post_callback(bought.callback(amount="6000"))

    actions.press(bought, "accept", amount="6000")

    assert actions.sums(bought) == (6000, 0, 900, 0)
    assert ledger.column("refund_due", bought)
    assert "KSh 900 more than it costs" in Shopper(actions.app).get(bought.order_path).text
    assert actions.adds_up()


@both_databases
def test_a_refused_payment_cancels_the_order_and_frees_its_goods_once(actions, buy, ledger, before):
    bought = buy()
    bought.post_callback(bought.callback(payment_status="Who knows"))

    page = actions.follow(actions.press(bought, "refuse", came="0"))
    again = actions.follow(actions.press(bought, "refuse", came="0"))

    assert "no money was received" in page
    assert "Nothing was saved: this order changed while you were looking at it" in again
    assert (ledger.order_state(bought).order, ledger.order_state(bought).attempt) == ("cancelled", "failed")
    assert ledger.stock(SKU) == before
    assert ledger.mails("cancelled") == 1
    assert ledger.mails("paid") == 0
    assert actions.sums(bought) == (0, 0, 0, 0)


@both_databases
def test_money_of_a_refused_payment_is_due_back_until_it_is_given_back(actions, buy, ledger):
    bought = buy()
    bought.post_callback(bought.callback(amount="5000"))

    actions.press(bought, "refuse", came="5000")

    assert actions.sums(bought) == (5000, 0, 5000, 0)
    assert ledger.column("refund_due", bought)
    payments = actions.owner.get(f"/admin/orders/{actions.number(bought)}").text.partition('id="money">Payments')[2]
    assert "Money received, refund due" in payments and ">Paid<" not in payments
    assert "KSh 5,000 for it. We will refund you" in actions.mails("cancelled")[0]
    page = actions.follow(actions.give_back(bought, amount="5000", code="SKB1B2C3D4"))
    assert "Refund of KSh 5,000 recorded" in page
    assert actions.sums(bought) == (5000, 5000, 0, 0)
    assert not ledger.column("refund_due", bought)
    assert ledger.order_state(bought).order == "cancelled"
    assert "KSh 5,000 was refunded." in Shopper(actions.app).get(bought.order_path).text
    assert "by M-PESA (code SKB1B2C3D4)" in actions.mails("refunded")[0]
    assert actions.adds_up()


@both_databases
def test_a_lost_payment_is_marked_paid_by_hand_and_a_code_counts_once(actions, buy, ledger, before):
    first, second = buy(), buy()

    page = actions.follow(actions.mark_paid(first))
    refused = actions.mark_paid(second, code=CODE.lower())

    assert "is paid" in page
    assert ledger.order_state(first).order == "paid"
    assert actions.sums(first) == (5100, 0, 0, 0)
    assert refused.status_code == 422
    assert f"That code was used already, for order {actions.number(first)}" in refused.text
    assert 'value="Seen in M-PESA"' in refused.text
    assert ledger.order_state(second).order == "awaiting"
    assert ledger.stock(SKU) == (before[0] - 2, before[1] + 2)
    assert ledger.mails("paid") == 1
    assert "Payment received" in ledger.timeline(first)
    assert actions.adds_up()


@both_databases
def test_an_expired_order_marked_paid_takes_its_goods_again_or_says_they_are_gone(actions, buy, ledger):
    bought, gone = buy(), buy()
    ledger.expire()
    ledger.shelve(SKU, 3)

    actions.mark_paid(bought)
    page = actions.follow(actions.mark_paid(gone, code="SKC1B2C3D4"))

    assert ledger.order_state(bought).order == "paid"
    assert ledger.column("paid_late", bought)
    assert ledger.stock(SKU) == (1, 0)
    assert f"Nothing was saved: the order cannot be supplied (1 of {SKU} left)" in page
    assert ledger.order_state(gone).order == "expired"
    assert actions.sums(gone) == (0, 0, 0, 0)
    assert actions.adds_up()


@both_databases
def test_an_order_in_review_for_want_of_goods_is_accepted_once_they_are_there(actions, buy, ledger):
    bought = buy()
    ledger.expire()
    ledger.shelve(SKU, 1)
    bought.post_callback(bought.callback())
    assert ledger.order_state(bought).order == "review"

    assert "the order cannot be supplied" in actions.follow(actions.press(bought, "accept", amount="5100"))
    ledger.shelve(SKU, 2)
    assert "Accepted as paid" in actions.follow(actions.press(bought, "accept", amount="5100"))

    assert ledger.order_state(bought).order == "paid"
    assert ledger.stock(SKU) == (0, 0)
    assert actions.sums(bought) == (5100, 0, 0, 0)
    assert actions.adds_up()


def test_an_order_in_review_for_want_of_goods_can_be_refused_and_frees_nothing(actions, buy, ledger):
    bought = buy()
    ledger.expire()
    ledger.shelve(SKU, 1)
    bought.post_callback(bought.callback())

    actions.press(bought, "refuse")

    assert ledger.stock(SKU) == (1, 0)
    assert actions.sums(bought) == (5100, 0, 5100, 0)
    assert actions.adds_up()


@both_databases
def test_an_unpaid_order_is_cancelled_once_and_money_that_comes_later_is_due_back(actions, buy, ledger, before):
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
    assert actions.adds_up()


@both_databases
def test_a_refund_of_all_frees_the_use_of_the_code_and_a_part_does_not(actions, buy, ledger):
    bought = buy(code="KARIBU10")
    used = ledger.uses("KARIBU10")
    bought.post_callback(bought.callback())

    actions.give_back(bought, amount="100", code="SKB1B2C3D4")
    assert ledger.uses("KARIBU10") == used
    actions.give_back(bought, amount=str(bought.total - 100), code="SKC1B2C3D4")
    assert ledger.uses("KARIBU10") == used - 1


@both_databases
def test_a_part_is_given_back_then_all_and_never_more_than_came(actions, buy, ledger):
    bought = buy()
    bought.post_callback(bought.callback())

    actions.give_back(bought, amount="500")
    part = Shopper(actions.app).get(bought.order_path).text
    too_much = actions.give_back(bought, amount="4601")
    actions.give_back(bought, amount="4600", method="CASH")

    assert "KSh 500 of it was refunded." in part
    assert too_much.status_code == 422
    assert "You can refund at most KSh 4,600" in too_much.text
    assert ledger.order_state(bought).order == "refunded"
    assert actions.sums(bought) == (5100, 5100, 0, 0)
    assert ledger.mails("refunded") == 2
    assert "KSh 5,100 was refunded." in Shopper(actions.app).get(bought.order_path).text
    assert actions.adds_up()


@both_databases
def test_the_same_refund_form_sent_twice_is_recorded_once(actions, buy):
    bought = buy()
    bought.post_callback(bought.callback())
    send = actions.form(bought, "give-back", amount="500", code="", reason="Scratched")

    send()
    page = actions.follow(send())

    assert "Nothing was saved" in page
    assert actions.sums(bought) == (5100, 500, 0, 0)


@both_databases
def test_a_second_payment_is_given_back_first_and_the_order_stands(actions, buy, ledger):
    bought = buy()
    actions.mark_paid(bought, method="CASH", code="")
    bought.post_callback(bought.callback())
    assert actions.sums(bought) == (10200, 0, 5100, 0)

    actions.give_back(bought, amount="5100")

    assert actions.sums(bought) == (10200, 5100, 0, 0)
    assert ledger.order_state(bought).order == "paid"
    assert not ledger.column("refund_due", bought)
    assert actions.adds_up()


@both_databases
def test_money_marked_by_hand_that_chpter_tells_of_later_can_be_counted_once(actions, buy, ledger):
    bought = buy()
    actions.mark_paid(bought)
    bought.post_callback(bought.callback())

    actions.follow(actions.press(bought, "same-money"))
    again = actions.follow(actions.press(bought, "same-money"))

    assert actions.sums(bought) == (5100, 0, 0, 0)
    assert not ledger.column("refund_due", bought)
    assert "Nothing was saved" in again
    assert actions.adds_up()


@both_databases
@pytest.mark.parametrize(("by_hand", "due"), [("5000", 0), ("5100", 0), ("5200", 0)])
def test_one_payment_that_was_marked_with_another_sum_is_what_chpter_says_it_was(actions, buy, by_hand, due):
    bought = buy()
    actions.mark_paid(bought, amount=by_hand, **letting_off(5100 - int(by_hand)))
    bought.post_callback(bought.callback())

    actions.follow(actions.press(bought, "same-money"))

    assert actions.sums(bought) == (5100, 0, due, 0)
    assert actions.adds_up()


@both_databases
def test_of_an_order_that_was_given_back_nothing_more_is_kept_for_what_was_let_off(actions, buy, ledger):
    bought = buy()
    actions.mark_paid(bought, amount="5000", **letting_off(100))
    actions.give_back(bought, amount="5000")
    bought.post_callback(bought.callback())

    actions.follow(actions.press(bought, "same-money"))

    assert ledger.order_state(bought).order == "refunded"
    assert actions.sums(bought) == (5100, 5000, 100, 100)
    assert ledger.column("refund_due", bought)
    assert actions.adds_up()


@both_databases
@pytest.mark.parametrize(
    ("came", "order", "attempt", "sums"),
    [("0", "cancelled", "failed", (0, 0, 0, 0)), ("300", "cancelled", "paid", (300, 0, 300, 0))],
)
def test_money_in_review_for_a_cancelled_order_is_settled_by_hand(actions, buy, ledger, came, order, attempt, sums):
    bought = buy()
    ledger.cancel(bought)
    bought.post_callback(bought.callback(amount="300"))

    actions.press(bought, f"attempts/{bought.reference}", came=came)

    assert (ledger.order_state(bought).order, ledger.order_state(bought).attempt) == (order, attempt)
    assert actions.sums(bought) == sums
    assert actions.adds_up()


@both_databases
def test_money_in_review_for_an_expired_order_pays_it_while_its_goods_are_there(actions, buy, ledger):
    paid, gone, short = buy(), buy(), buy()
    ledger.expire()
    for bought, amount in ((paid, "5200"), (gone, "5200"), (short, "5000")):
        bought.post_callback(bought.callback(amount=amount))
    ledger.shelve(SKU, 2)

    for bought, amount in ((paid, "5200"), (gone, "5200"), (short, "5000")):
        actions.press(bought, f"attempts/{bought.reference}", came=amount)

    assert [ledger.order_state(one).order for one in (paid, gone, short)] == ["paid", "review", "review"]
    assert [ledger.order_state(one).attempt for one in (paid, gone, short)] == ["paid", "paid", "paid"]
    assert actions.sums(paid) == (5200, 0, 100, 0)
    assert ledger.stock(SKU) == (0, 0)
    ledger.shelve(SKU, 5)
    actions.accept_less(short, "1")
    assert actions.sums(short) == (5000, 0, 0, 100)
    assert actions.adds_up()


def test_every_act_stands_in_the_log_with_who_did_it(actions, buy):
    bought = buy()
    actions.mark_paid(bought, reason="Paid in the market")
    actions.give_back(bought, amount="100", method="CASH")

    assert actions.acts() == [
        f"Marked paid by hand: KSh 5,100 by M-PESA, code {CODE}. Paid in the market",
        "Refunded KSh 100 by Cash. Broken",
    ]
    with actions.app.app_context():
        assert set(db.session.scalars(select(LedgerEntry.actor))) == {"owner@example.com"}
