"""Refunded order lines: slips, pages and lists leave them out or say so, and no piece is refunded twice."""

import csv
import io

import pytest
from sqlalchemy import select

from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.payments import refunds
from shop.payments.manual_payments import ManualPayment
from tests import both_databases
from tests.ledger_reader import Ledger
from tests.shopper import SKU, Shopper

OTHER = "MUG-SPE-CRE"


@pytest.fixture
def paid(app, provider):
    """A paid order of two baskets and a mug."""
    shopper = Shopper(app, provider)
    shopper.add(OTHER)
    bought = shopper.buy(quantity=2)
    bought.post_callback(bought.callback())
    return bought


def lines(app, bought):
    with app.app_context():
        order = db.session.scalars(select(Order).where(Order.number == Ledger(app).column("number", bought))).one()
        return {line.sku: line.id for line in order.lines}


def slip(actions, bought, kind):
    return actions.owner.get(f"/admin/slips?slip={kind}&order={actions.number(bought)}").text.partition("<main")[2]


def test_slips_leave_refunded_goods_out_and_receipt_page_and_export_say_how_many(app, actions, paid):
    of = lines(app, paid)

    page = actions.follow(
        actions.record_refund(paid, amount="300", **{f"refunded-{of[SKU]}": "1", f"refunded-{of[OTHER]}": "1"})
    )

    assert "Refund of KSh 300 recorded" in page
    assert page.count("1 refunded") == 2
    assert "1 piece</strong> (without refunded pieces)" in slip(actions, paid, "packing")
    for kind in ("packing", "rider"):
        assert "1 ×" in slip(actions, paid, kind)
        assert "mug" not in slip(actions, paid, kind)
    assert slip(actions, paid, "receipt").count("1 refunded") == 2
    picked = actions.owner.get(f"/admin/pick-list?order={actions.number(paid)}").text.partition("<main")[2]
    assert ("1 ×" in picked, "mug" in picked) == (True, False)
    assert paid.shopper.get(paid.order_path).text.count("1 refunded") == 2
    assert "was refunded to you, for 1 × " in paid.shopper.get(paid.order_path).text
    listed = actions.owner.get("/admin/?tab=all").text
    assert ("1 × Classic" in listed, "mug" in listed) == (True, False)
    [row] = csv.DictReader(io.StringIO(actions.owner.get("/admin/orders/export?tab=all").text.lstrip("\ufeff")))
    assert row["Items"].count(", 1 refunded") == 2


def test_only_refunded_goods_are_missing_from_stock_and_they_are_not_offered_again(app, actions, paid):
    of = lines(app, paid)
    page = f"/admin/orders/{actions.number(paid)}"
    actions.record_refund(paid, amount="300")
    assert "back in stock." not in actions.owner.get(page).text

    actions.record_refund(paid, amount="300", **{f"refunded-{of[SKU]}": "1", f"refunded-{of[OTHER]}": "1"})
    assert "2 pieces are not back in stock." in actions.owner.get(page).text
    form = actions.owner.get(f"{page}/refund").text
    assert f'name="refunded-{of[OTHER]}"' not in form
    assert "of 1</span>" in form.partition(f'for="refunded-{of[SKU]}"')[2][:200]

    actions.form(paid, "return-goods", **{f"back-{of[SKU]}": "1"})()
    assert "1 piece is not back in stock." in actions.owner.get(page).text


def test_the_email_on_sending_leaves_refunded_goods_out_and_an_order_without_goods_stays_in_the_list(
    app, actions, paid
):
    of = lines(app, paid)
    actions.record_refund(paid, amount="300", **{f"refunded-{of[OTHER]}": "1"})
    for step in ("packed", "sent"):
        assert actions.press(paid, "move", to=step).status_code == 303
    actions.record_refund(paid, amount="300", **{f"refunded-{of[SKU]}": "2"})

    [mail] = actions.mails("sent")
    assert ("2 x Classic" in mail, "mug" in mail) == (True, False)
    assert actions.number(paid) in actions.owner.get("/admin/?tab=all").text
    assert "0 pieces" in slip(actions, paid, "packing")


@pytest.mark.parametrize("typed", ["3", "-1", "one"])
def test_more_than_was_bought_is_refused_and_keeps_what_was_typed(app, actions, paid, typed):
    name = f"refunded-{lines(app, paid)[SKU]}"

    reply = actions.record_refund(paid, amount="300", **{name: typed})

    assert reply.status_code == 422
    assert "enter a number from 0 to 2" in reply.text
    assert f'name="{name}" value="{typed}"' in reply.text
    assert actions.sums(paid)[1] == 0


@both_databases
def test_no_piece_is_refunded_twice_whatever_the_form_says(app, paid):
    pieces = {lines(app, paid)[OTHER]: 1}
    money = ManualPayment(100, "CASH", None, "Broken")

    def refund():
        order = db.session.scalars(select(Order)).one()
        refunds.record_refund(order, order.refunded, money, "owner@example.com", refunded_lines=pieces)
        return order.refunded

    with app.app_context():
        assert write(refund) == 100
        with pytest.raises(StaleState):
            write(refund)
        assert db.session.scalars(select(Order.refunded)).one() == 100
