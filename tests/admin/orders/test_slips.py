"""Slips: what they show, and what they never show."""

from datetime import date
from types import SimpleNamespace

import pytest
import segno

from shop.admin.orders.slips import qr
from shop.orders.states import Payment
from tests import both_databases, order_factory
from tests.admin.orders.order_pages import order_of
from tests.query_counter import counted

SLIPS = ("packing", "receipt", "rider")


def slip_of(staff, slip: str, *numbers: str) -> str:
    return staff.get("/admin/slips", query_string=[("slip", slip), *(("order", number) for number in numbers)]).text


def test_a_packing_slip_names_every_piece_and_no_price(app, staff):
    (number,) = order_factory.keep(app, order_factory.order(note="Ring twice"))
    page = slip_of(staff, "packing", number)

    for words in ("Packing slip", "1 ×", "Kiondo", "KIO", "1 piece<", "Achieng", "Behind the market", "Ring twice"):
        assert words in page
    assert "KSh" not in page
    assert "2,450" not in page


def test_a_receipt_is_one_only_for_money_that_came(app, staff):
    numbers = order_factory.keep(
        app, *(order_factory.order(payment=state, paid_at=order_factory.NOON, received=2450) for state in Payment)
    )

    for number, state in zip(numbers, Payment, strict=True):
        page = slip_of(staff, "receipt", number)
        assert ("Paid in full" in page) == (state == Payment.PAID)
        assert ("This is no receipt." in page) == (state != Payment.PAID)
        assert "KSh 2,450" in page
        assert "invoice" not in page.lower()


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Payment.PAID, "PAID"),
        (Payment.AWAITING, "COLLECT KSh 2,450"),
        *((state, "DO NOT SEND") for state in Payment if state not in (Payment.PAID, Payment.AWAITING)),
    ],
)
def test_a_rider_slip_says_in_large_letters_what_to_do_about_the_payment(app, staff, state, words):
    (number,) = order_factory.keep(app, order_factory.order(payment=state))
    page = slip_of(staff, "rider", number)

    assert staff.page.findtext(".//p/strong") == words
    assert page.count("KSh") == words.count("KSh")
    for fact in ("Achieng Otieno", "0722 000 111", "Behind the market", "Nairobi CBD", "1 × Kiondo", number):
        assert fact in page


def test_the_list_the_order_and_the_packing_slip_show_the_promised_date(app, staff):
    promised = {"deliver_from": date(2026, 12, 1), "deliver_by": date(2026, 12, 2)}
    (number,) = order_factory.keep(app, order_factory.order(payment=Payment.PAID, **promised))

    assert "by Wed 2 Dec" in staff.get("/admin/?tab=to-pack").text
    assert "Between Tue 1 and Wed 2 Dec" in staff.get(f"/admin/orders/{number}").text
    assert "Between Tue 1 and Wed 2 Dec" in slip_of(staff, "packing", number)


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_says_where_an_order_is_picked_up_and_never_its_link_code_or_email_address(app, staff, slip):
    place = "Shop 4, Biashara Street. Mon to Sat, 9 to 5"
    fields = {"payment": Payment.PAID, "pickup_place": place, "collection_code": "0417"}
    pickup, delivery = order_factory.keep(
        app, order_factory.order(**fields, pickup=True, area_name="At the workshop"), order_factory.order(**fields)
    )
    page = slip_of(staff, slip, pickup)

    assert place in page and "At the workshop" in page
    assert place not in slip_of(staff, slip, delivery)
    for secret in (order_of(app, pickup).token, "0417", "achieng@example.com"):
        assert secret not in page.replace(pickup, "")


def test_the_qr_code_leads_to_the_order_in_the_admin(app):
    with app.app_context():
        drawn = qr(SimpleNamespace(number="12345678"))
    expected = segno.make("http://localhost/admin/orders/12345678", error="m", micro=False)

    assert drawn.side == len(expected.matrix)
    assert drawn.path.count("M") == sum(map(sum, expected.matrix))


def test_up_to_two_hundred_orders_are_printed_as_listed_in_four_queries(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(payment=Payment.PAID) for _ in range(203)))[::-1]
    for slip in SLIPS:
        with counted(app) as queries:
            page = slip_of(staff, slip, *numbers[:30], numbers[0], "99999999")
        assert len(queries) == 4  # the login, orders, lines, ledger
        assert page.count('<article class="slip"') == 30
        places = [page.index(f"of order {number}") for number in numbers[:30]]
        assert places == sorted(places)
        assert "1 of the chosen orders is not printed" in page

    page = slip_of(staff, "packing", *numbers)
    assert page.count('<article class="slip"') == 200
    assert "3 of the chosen orders are not printed" in page


@both_databases
def test_an_unknown_slip_or_order_is_not_found(app, staff):
    (number,) = order_factory.keep(app, order_factory.order())
    for query in (
        "",
        "slip=packing",
        "slip=packing&order=99999999",
        "slip=rider&order=%00&order=x&order=%D9%A4%D9%A0&order=" + "1" * 5000,
        f"slip=invoice&order={number}",
        f"slip=../rider&order={number}",
        f"order={number}",
    ):
        assert staff.get(f"/admin/slips?{query}").status_code == 404
