"""The stock ledger: each change with its user, and sums that add up."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.catalog.stock import set_stock
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.expiry import expire_orders
from shop.orders.models import Order
from tests import both_databases
from tests.at_once import at_once
from tests.page_checks import CANARY
from tests.product_factory import problems
from tests.shopper import SKU, Shopper, hidden_fields


@both_databases
def test_the_ledger_has_every_change_and_adds_up(app, owner, shopper, goods):
    paid = shopper.buy(SKU, 2)
    late = shopper.buy(SKU, 3)
    paid.post_callback(paid.callback())
    with app.app_context():
        expire_orders(utcnow() + timedelta(hours=1))
    late.post_callback(late.callback())

    assert goods.moves(SKU) == [
        ("Opening stock", 18, 0),
        ("Held for an unpaid order", 0, 2),
        ("Held for an unpaid order", 0, 3),
        ("Sold", -2, -2),
        ("On sale again, the order ended unpaid", 0, -3),
        ("Sold, paid late", -3, 0),
    ]
    assert goods.unexplained() == []
    text = owner.get(f"/admin/stock/{SKU}").text
    with app.app_context():
        for number in db.session.scalars(select(Order.number)):
            assert text.count(f"/admin/orders/{number}") in (2, 3)


def test_staff_record_changes_of_stock(staff, goods):
    on_hand = goods.variant(SKU).on_hand
    for kind, pieces, after in (
        ("received", "12", on_hand + 12),
        ("damaged", "2", on_hand + 10),
        ("counted", "30", 30),
        ("counted", "0", 0),
    ):
        reply = goods.stock(staff, SKU, kind, pieces, note=f"{kind} in Kisumu")

        assert reply.status_code == 303
        assert goods.variant(SKU).on_hand == after
        text = staff.get(f"/admin/stock/{SKU}").text
        assert f"{kind} in Kisumu" in text and "packer@example.com" in text
        assert f"Stock of Classic sisal kiondo (Terracotta bands), {SKU}" in goods.acts()[-1]
    assert goods.unexplained() == []


def test_an_impossible_change_of_stock_is_refused(owner, shopper, goods):
    shopper.buy(SKU, 4)
    before = goods.variant(SKU)
    for kind, pieces, words in (
        ("received", "0", "Pieces must be a whole number from 1 to 1,000,000"),
        ("received", "1000000", "already; the shop counts up to 1,000,000"),
        ("received", "-3", "Pieces must be a whole number from 1 to 1,000,000"),
        ("counted", "1.5", "Pieces must be a whole number from 0 to 1,000,000"),
        ("damaged", "9999", "here, so no more can be taken away"),
        ("damaged", "16", "Unpaid orders hold 4 of these. See below which cannot be supplied"),
        ("counted", "3", "Unpaid orders hold 4 of these. See below which cannot be supplied"),
        ("stolen", "3", "Choose what happened"),
        ("", "3", "Choose what happened"),
    ):
        reply = goods.stock(owner, SKU, kind, pieces, note=CANARY)

        assert reply.status_code == 422
        [said] = problems(reply)
        assert said.endswith(words)
        assert "&lt;canary&gt;" in reply.text
    assert goods.variant(SKU).on_hand == before.on_hand
    assert goods.unexplained() == []


@both_databases
def test_a_form_sent_twice_or_three_times_at_once_counts_once(owner, goods):
    before = goods.variant(SKU).on_hand
    form = hidden_fields(owner.get(f"/admin/stock/{SKU}").text)
    form |= {"kind": "received", "pieces": "5", "idempotency_key": "k" * 24, "note": ""}

    replies = at_once([lambda: owner.browser.post(f"/admin/stock/{SKU}", data=form)] * 3)
    replies.append(owner.post(f"/admin/stock/{SKU}", form))

    assert [reply.status_code for reply in replies] == [303] * 4
    assert goods.variant(SKU).on_hand == before + 5
    assert "it counts once" in owner.get(f"/admin/stock/{SKU}").text


def test_the_ledger_has_pages_and_each_line_shows_the_stock_after_it(app, owner):
    for number in range(1, 31):
        with app.app_context():
            write(lambda number=number: set_stock("KIO-CLA-IND", number, f"Count {number}"))

    first, second = (owner.get(f"/admin/stock/KIO-CLA-IND?page={page}").text for page in (1, 2))

    assert "Count 30" in first and "Count 5<" not in first
    assert "Count 5<" in second and "Opening stock" in second
    assert first.count("to 30<") == 1 and second.count("to 5<") == 1
    for page in ("0", "999999", "9" * 50, "x", "-1"):
        assert owner.get(f"/admin/stock/KIO-CLA-IND?page={page}").status_code == 200


@pytest.mark.parametrize("sku", ["NO-SUCH", "%00", "a" * 500, "..%2f", "%F0%9F%98%80", "kio-cla-ter"])
def test_an_unknown_sku_is_not_found(owner, sku):
    assert owner.get(f"/admin/stock/{sku}").status_code == 404


@both_databases
def test_a_loss_of_held_pieces_cancels_only_the_orders_that_cannot_be_supplied(app, owner, goods):
    first, second, third = (Shopper(app, owner.provider).buy(SKU, 6) for _ in range(3))

    asked = goods.stock(owner, SKU, "counted", "13")
    numbers = re.findall(r'name="cancel" value="([0-9]+)"', asked.text)
    assert asked.status_code == 422 and len(numbers) == 1
    form = hidden_fields(asked.text.partition('id="unsupplied"')[2])
    assert owner.post(f"/admin/stock/{SKU}", {**form, "cancel": ["12345678"]}).status_code == 422
    assert [one.status["payment"] for one in (first, second, third)] == ["awaiting"] * 3
    reply = owner.post(f"/admin/stock/{SKU}", {**form, "cancel": numbers})

    assert reply.status_code == 303
    assert [one.status["payment"] for one in (first, second, third)] == ["awaiting", "awaiting", "cancelled"]
    assert (goods.variant(SKU).on_hand, goods.variant(SKU).held) == (13, 12)
    assert goods.unexplained() == []
