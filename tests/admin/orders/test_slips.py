"""Slips: what they show, what they never show, and unusual texts."""

import pytest
from sqlalchemy import select

from shop.core.database import db
from shop.orders.models import Order
from shop.orders.states import Payment
from tests import both_databases, order_factory
from tests.admin.orders.test_list import counted
from tests.page_checks import CANARY

SLIPS = ("packing", "receipt", "rider")


def slip_of(owner, slip: str, *numbers: str):
    return owner.get("/admin/print", query_string=[("slip", slip), *(("order", number) for number in numbers)])


def test_a_packing_slip_names_every_piece_and_no_price(app, staff):
    number = order_factory.keep(app, order_factory.order(payment=Payment.AWAITING, note="Ring twice"))[0]
    page = slip_of(staff, "packing", number).text

    for words in (
        "Packing slip",
        "1 ×",
        "Kiondo",
        "KIO",
        "1 piece<",
        "Achieng Otieno",
        "Behind the market",
        "Ring twice",
    ):
        assert words in page
    assert "KSh" not in page
    assert "2,450" not in page


def test_a_receipt_is_one_only_for_money_that_came(app, staff):
    numbers = order_factory.keep(
        app, *(order_factory.order(payment=state, paid_at=order_factory.NOON, received=2450) for state in Payment)
    )

    for number, state in zip(numbers, Payment, strict=True):
        page = slip_of(staff, "receipt", number).text
        assert ("Paid in full" in page) == (state == Payment.PAID)
        assert ("This is no receipt." in page) == (state != Payment.PAID)
        assert "KSh 2,450" in page
        assert "invoice" not in page.lower()


@pytest.mark.parametrize(
    ("state", "money"),
    [
        (Payment.PAID, "PAID"),
        (Payment.AWAITING, "COLLECT KSh 2,450"),
        (Payment.REVIEW, "DO NOT SEND"),
        (Payment.EXPIRED, "DO NOT SEND"),
        (Payment.CANCELLED, "DO NOT SEND"),
        (Payment.REFUNDED, "DO NOT SEND"),
    ],
)
def test_a_rider_is_told_large_what_to_do_about_the_money(app, staff, state, money):
    number = order_factory.keep(app, order_factory.order(payment=state))[0]
    page = slip_of(staff, "rider", number).text

    assert staff.page.findtext(".//p/strong") == money
    assert page.count("KSh") == money.count("KSh")
    for words in ("Achieng Otieno", "0722 000 111", "Behind the market", "Nairobi CBD", "1 × Kiondo", number):
        assert words in page


@pytest.mark.parametrize("slip", SLIPS)
def test_every_slip_of_an_order_that_is_picked_up_says_where(app, staff, slip):
    where = "Shop 4, Biashara Street. Mon to Sat, 9 to 5"
    collected, brought = order_factory.keep(
        app,
        order_factory.order(payment=Payment.PAID, pickup=True, pickup_place=where, area_name="At the workshop"),
        order_factory.order(payment=Payment.PAID, pickup_place=where),
    )

    page = slip_of(staff, slip, collected).text
    assert where in page
    assert "At the workshop" in page
    assert where not in slip_of(staff, slip, brought).text


@pytest.mark.parametrize("slip", SLIPS)
def test_no_slip_gives_away_the_buyers_page_code_or_e_mail(app, staff, slip):
    number = order_factory.keep(app, order_factory.order(payment=Payment.PAID, pickup=True, collection_code="0417"))[0]
    with app.app_context():
        token = db.session.scalars(select(Order.token).where(Order.number == number)).one()
    page = slip_of(staff, slip, number).text

    assert token not in page
    assert "0417" not in page.replace(number, "")
    assert "achieng@example.com" not in page


def test_the_qr_code_leads_to_the_desk(app):
    import segno

    from shop.admin.orders.slips import qr

    number = order_factory.keep(app, order_factory.order())[0]
    with app.app_context():
        drawn = qr(db.session.scalars(select(Order)).one())
    expected = segno.make(f"http://localhost/admin/orders/{number}", error="m", micro=False)

    assert drawn.side == len(expected.matrix)
    assert drawn.path.count("M") == sum(map(sum, expected.matrix))


@both_databases
@pytest.mark.parametrize("slip", SLIPS)
def test_several_orders_are_printed_in_the_order_asked_for_in_few_queries(app, staff, slip):
    numbers = order_factory.keep(app, *(order_factory.order(payment=Payment.PAID) for _ in range(30)))[::-1]

    with counted(app) as queries:
        page = slip_of(staff, slip, *numbers, numbers[0], "99999999").text

    assert len(queries) == 4  # who is there, orders, lines, money
    assert page.count('<article class="slip"') == 30
    places = [page.index(f"of order {number}") for number in numbers]
    assert places == sorted(places)
    assert "1 of the chosen orders is not printed" in page


def test_two_hundred_at_most_are_printed_at_once(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order() for _ in range(203)))
    page = slip_of(staff, "packing", *numbers).text

    assert page.count('<article class="slip"') == 200
    assert "3 of the chosen orders are not printed" in page


@pytest.mark.parametrize(
    "address",
    [
        "/admin/print",
        "/admin/print?slip=packing",
        "/admin/print?slip=packing&order=99999999",
        "/admin/print?slip=rider&order=%00&order=x&order=%D9%A4%D9%A0&order=" + "1" * 5000,
        "/admin/print?slip=invoice&order={number}",
        "/admin/print?slip=../rider&order={number}",
        "/admin/print?order={number}",
    ],
)
def test_a_slip_there_is_not_is_not_found(app, staff, address):
    number = order_factory.keep(app, order_factory.order())[0]

    assert staff.get(address.replace("{number}", number)).status_code == 404


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("words", [CANARY, "{{ 7*7 }}", "🧺" * 60, "x" * 120, "</p><script>alert(1)</script>"])
def test_odd_words_on_a_slip_are_harmless(app, staff, slip, words):
    odd = order_factory.order(full_name=words, location=words, note=words, area_name=words[:80], payment=Payment.PAID)
    odd.lines[0].name, odd.lines[0].label = words, words[:60]
    number = order_factory.keep(app, odd)[0]

    reply = slip_of(staff, slip, number)
    assert reply.status_code == 200
    assert "<script>alert" not in reply.text
    assert words in "".join(staff.page.itertext())
