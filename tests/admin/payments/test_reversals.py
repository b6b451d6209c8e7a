"""Cancel a paid order, undo "marked paid", return goods: each once, with its stock and its messages."""

import csv
import io

import pytest

from tests import both_databases
from tests.at_once import at_once
from tests.payment_pages import CODE
from tests.shopper import SKU


@pytest.fixture
def paid(buy):
    bought = buy()
    bought.post_callback(bought.callback())
    return bought


def goods_field(actions, bought):
    return f"back-{actions.ledger.line_id(bought)}"


def test_a_paid_order_is_cancelled_its_money_is_due_as_a_refund_and_its_goods_are_in_stock(
    actions, buy, ledger, before
):
    bought = buy(code="KARIBU10")
    used = ledger.uses("KARIBU10")
    bought.post_callback(bought.callback())

    page = actions.follow(actions.cancel_paid(bought, **{goods_field(actions, bought): "2"}))

    assert f"is cancelled; refund due: KSh {bought.total:,}" in page
    assert ledger.order_state(bought).order == "cancelled"
    assert actions.sums(bought) == (bought.total, 0, bought.total, 0)
    assert ledger.stock(SKU) == before
    assert ledger.uses("KARIBU10") == used - 1
    assert f"You paid KSh {bought.total:,} for it. We will refund you" in actions.mails("cancelled")[0]
    actions.record_refund(bought, amount=str(bought.total))
    assert (ledger.order_state(bought).order, actions.sums(bought)[2]) == ("cancelled", 0)
    assert actions.ledger_agrees()


def test_an_order_that_was_sent_cannot_be_cancelled(actions, paid, ledger):
    send = actions.form(paid, "cancel-paid", reason="Sold out")
    for to in ("packed", "sent"):
        actions.press(paid, "move", to=to)

    send()

    assert (ledger.order_state(paid).order, ledger.column("fulfilment", paid)) == ("paid", "sent")


@both_databases
def test_sending_and_cancelling_at_once_end_in_one_of_the_two(actions, paid, ledger, before):
    actions.press(paid, "move", to="packed")
    cancel = actions.form(paid, "cancel-paid", reason="Sold out", **{goods_field(actions, paid): "2"})

    at_once([cancel, lambda: actions.press(paid, "move", to="sent"), cancel])

    ended = (ledger.order_state(paid).order, ledger.column("fulfilment", paid), ledger.stock(SKU)[0])
    assert ended in (("cancelled", "unfulfilled", before[0]), ("paid", "sent", before[0] - 2))
    assert actions.ledger_agrees()


@both_databases
def test_a_wrong_mark_is_undone_without_a_refund_and_its_code_pays_the_right_order(actions, buy, ledger, before):
    wrong, right = buy(), buy()
    actions.mark_paid(wrong)

    page = actions.follow(actions.undo_mark_paid(wrong))
    actions.mark_paid(right)

    assert "is not marked paid any more; its code can be used again" in page
    assert (ledger.order_state(wrong).order, ledger.order_state(right).order) == ("awaiting", "paid")
    assert not ledger.order_state(wrong).paid
    assert ledger.stock(SKU) == (before[0] - 2, before[1] + 2)
    assert actions.sums(wrong) == (0, 0, 0, 0)
    assert ledger.mails("refunded") == ledger.mails("not_paid") == 0
    assert ledger.mails("paid") == 1  # the right order's; the wrong one's was not sent yet
    assert any(f"code {CODE}" in words and words.startswith("Undid the payment") for words in actions.audit_words())
    assert actions.ledger_agrees()
    wrong.post_callback(wrong.callback())
    assert ledger.order_state(wrong).order == "paid"
    assert ledger.mails("paid") == 2


def test_a_buyer_who_got_the_receipt_is_told_that_it_was_a_mistake(actions, buy, ledger):
    bought = buy()
    actions.mark_paid(bought)
    ledger.put_mail("paid", tries=1)

    actions.undo_mark_paid(bought)

    assert "That was our mistake" in actions.mails("not_paid")[0]


@pytest.mark.parametrize("state", ["expired", "review"])
def test_an_undone_mark_leaves_the_order_as_it_was(actions, buy, ledger, before, state):
    bought = buy()
    if state == "expired":
        ledger.expire()
    else:
        bought.post_callback(bought.callback(payment_status="Who knows"))
    stock = ledger.stock(SKU)
    actions.mark_paid(bought)

    actions.undo_mark_paid(bought)

    assert (ledger.order_state(bought).order, ledger.column("paid_late", bought)) == (state, False)
    assert ledger.stock(SKU) == stock
    assert actions.sums(bought) == (0, 0, 0, 0)
    assert actions.ledger_agrees()


def test_a_mark_is_undone_only_if_it_alone_pays_an_order_that_was_not_sent(actions, buy, paid):
    sent, refunded = buy(), buy()
    for place, bought in enumerate((sent, refunded)):
        actions.mark_paid(bought, code=f"SK{place}1B2C3D4")
    for to in ("packed", "sent"):
        actions.press(sent, "move", to=to)
    actions.record_refund(refunded, amount="100")

    for bought in (paid, sent, refunded):
        reply = actions.press(bought, "undo-mark-paid", reason="Wrong", seen="1")
        assert "no payment marked by hand that can be undone" in actions.follow(reply)


def test_a_refund_puts_goods_back_in_stock_at_most_what_the_order_took(actions, paid, ledger, before):
    field, page = goods_field(actions, paid), f"/admin/orders/{actions.number(paid)}"

    too_many = actions.record_refund(paid, amount="5100", **{field: "3"})
    assert "enter a number from 0 to 2" in too_many.text
    actions.record_refund(paid, amount="5100", **{field: "1"})
    assert ledger.stock(SKU)[0] == before[0] - 1
    assert "1 piece is not back in stock." in actions.owner.get(page).text
    send = actions.form(paid, "return-goods", **{field: "1", "reason": "Came back"})
    assert "Saved" in actions.follow(send())

    assert "All goods of this order are back in stock" in actions.follow(send())
    assert ledger.stock(SKU) == before


@both_databases
def test_the_same_goods_returned_at_once_are_put_back_once(actions, paid, ledger, before):
    field = goods_field(actions, paid)
    at_once([actions.form(paid, "return-goods", **{field: "2", "reason": "Came back"}) for _ in range(3)])

    assert ledger.stock(SKU) == before


def test_the_exports_of_orders_and_payments_have_the_same_sums(actions, buy, paid):
    by_hand, part, wrong = buy(), buy(), buy()
    actions.mark_paid(by_hand, code="SKZ1B2C3D4")
    actions.record_refund(paid, amount="100", method="CASH", code="")
    part.post_callback(part.callback(amount="5000"))
    actions.accept_less(part, "5000")
    actions.mark_paid(wrong, method="CASH", code="")
    actions.undo_mark_paid(wrong)

    orders, payments = (
        list(csv.DictReader(io.StringIO(actions.owner.get(f"/admin/{file}").text.lstrip("\ufeff"))))
        for file in ("orders/export?tab=all", "payments/export")
    )

    def total(rows, column):
        return sum(int(row[column]) for row in rows)

    assert total(payments, "Amount KSh") == total(orders, "Received KSh") - total(orders, "Refunded KSh") == 15100
    assert total(orders, "Written off KSh") == 100
    row = {row["Order"]: row for row in orders}
    marked, reported = row[actions.number(by_hand)], row[actions.number(paid)]
    assert (marked["Paid by"], marked["M-PESA code"]) == ("M-PESA", "SKZ1B2C3D4")
    assert marked["Verified by"] == "owner@example.com"
    assert (reported["Paid by"], reported["Chpter reference"]) == ("M-PESA", paid.reference)
    assert [row["What"] for row in payments].count("Correction") == 1
    assert actions.owner.get("/admin/reconciliation").text.count("/admin/payments/export") == 1
