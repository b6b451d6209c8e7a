"""Reports: paid orders by Nairobi days."""

import csv
import io
import re
from datetime import datetime, timedelta
from html import unescape

from markupsafe import escape

from shop.core.clock import NAIROBI, utcnow
from shop.orders.models import OrderLine
from shop.orders.states import Payment
from shop.reports import queries
from shop.reports.date_ranges import parse_date_range
from shop.reports.queries import Sum, build_report
from tests import both_databases, order_factory
from tests.page_checks import CANARY
from tests.query_counter import counted

MAX_QUERIES = 12  # includes two of the login and three of the reconciliation


def at(words):
    return datetime.fromisoformat(words).replace(tzinfo=NAIROBI)


def paid(moment, total=1000, method="MPESA", **fields):
    try_ = order_factory.attempt(state="paid", method=method, amount=total, created_at=moment)
    return order_factory.order(total=total, placed_at=moment, paid_at=moment, payment="paid", attempts=[try_], **fields)


def report(app, first, last):
    with app.app_context():
        return build_report(parse_date_range(first, last, utcnow()))


def by_step(made):
    return {bar.step.name: bar.sales.amount for bar in made.bars if bar.sales.count}


@both_databases
def test_a_day_begins_at_midnight_in_nairobi(app):
    order_factory.keep(
        app,
        paid(at("2026-11-09T23:30"), 100),
        paid(at("2026-11-10T00:30"), 20),
        paid(at("2026-11-10T23:30"), 3),
        paid(at("2026-11-11T00:00"), 4000),
    )

    assert by_step(report(app, "2026-11-09", "2026-11-11")) == {"9 Nov": 100, "10 Nov": 23, "11 Nov": 4000}
    assert report(app, "2026-11-10", "2026-11-10").sales == Sum(2, 23)
    assert by_step(report(app, "2026-11-10", "2026-11-10")) == {"00:00": 20, "23:00": 3}


@both_databases
def test_only_paid_orders_are_sales_and_the_rest_has_rows_of_its_own(app, owner):
    moment = at("2026-11-10T12:00")
    others = [
        order_factory.order(total=7000 + n, placed_at=moment, payment=state) for n, state in enumerate(queries.UNPAID)
    ]
    refunded = paid(moment, 500)
    refunded.payment = Payment.REFUNDED
    order_factory.keep(app, paid(moment, 1000), refunded, *others)

    made = report(app, "2026-11-10", "2026-11-10")

    assert made.sales == Sum(2, 1500)
    assert made.refunded == Sum(1, 500)
    assert {state: sum.amount for state, sum in made.placed.states.items() if state in queries.UNPAID} == {
        "awaiting": 7000,
        "review": 7001,
        "expired": 7002,
        "cancelled": 7003,
    }
    assert (made.placed.all, made.placed.paid, made.placed.share) == (6, 2, 33)
    page = owner.get("/admin/reports?from=2026-11-10&to=2026-11-10").text
    assert "KSh 1,500" in page
    assert "KSh 7,002" in page


@both_databases
def test_every_figure_links_to_its_orders(app, owner):
    moment = at("2026-11-10T12:00")
    failed = order_factory.attempt(state="failed", method="MPESA", reason="wrong_pin", created_at=moment)
    refunded = paid(moment, 800, "CARD")
    refunded.payment, refunded.attempts[0].reason = Payment.REFUNDED, "wrong_pin"
    order_factory.keep(
        app,
        *(paid(moment, 1000 + n) for n in range(3)),
        refunded,
        order_factory.order(total=300, placed_at=moment, payment="expired", attempts=[failed]),
        order_factory.order(total=40, placed_at=moment, payment="awaiting"),
        paid(moment - timedelta(days=1), 9999),
    )
    page = owner.get("/admin/reports?from=2026-11-10&to=2026-11-10")
    table = {
        unescape(row): link
        for row, link in re.findall(
            r'<tr><th scope="row">(?:<span[^>]*></span>)?([^<]+)</th><td><a href="([^"]+)"', page.text
        )
    }

    sums = {row: owner.get(unescape(link)).text for row, link in table.items()}

    said = {row: re.search(r"(\d+) orders?, KSh ([\d,]+) in total", text).groups() for row, text in sums.items()}
    assert said == {
        "M-PESA": ("3", "3,003"),
        "Card": ("1", "800"),
        "Paid in these days, refunded since": ("1", "800"),
        "Placed in these days: waiting for payment": ("1", "40"),
        "Placed in these days: expired": ("1", "300"),
        "Money received": ("3", "3,003"),
        "Money received, after a failure: The PIN was not right": ("1", "800"),
        "The PIN was not right": ("1", "300"),
    }
    for row, text in sums.items():
        rows = [int(total.replace(",", "")) for total in re.findall(r'data-label="Total"[^>]*>KSh ([\d,]+)', text)]
        assert (len(rows), sum(rows)) == (int(said[row][0]), int(said[row][1].replace(",", ""))), row


@both_databases
def test_best_sellers_are_counted_in_pieces_and_an_order_paid_twice_counts_once(app):
    moment = at("2026-11-10T12:00")
    orders = [paid(moment, 1000) for _ in range(3)]
    orders[0].attempts.append(order_factory.attempt(state="paid", method="CARD", amount=1000, created_at=moment))
    for order, (sku, price, count) in zip(orders, [("MUG", 500, 4), ("KIO", 3000, 1), ("MUG", 500, 1)], strict=True):
        order.lines = [OrderLine(position=0, sku=sku, name=sku, label="", image="", unit_price=price, quantity=count)]
    unpaid = order_factory.order(placed_at=moment, total=99)
    order_factory.keep(app, *orders, unpaid)

    made = report(app, "2026-11-10", "2026-11-10")

    assert made.methods == {"MPESA": Sum(3, 3000)}
    assert [(one.sku, one.orders, one.units, one.amount) for one in made.sellers] == [
        ("KIO", 1, 1, 3000),
        ("MUG", 2, 5, 2500),
    ]


@both_databases
def test_a_report_takes_the_same_number_of_queries_for_any_number_of_orders(app, owner):
    order_factory.keep(app, *(paid(utcnow() - timedelta(hours=n)) for n in range(60)))
    owner.get("/admin/reports")
    for query in ("days=1", "days=7", "days=30", "from=2026-01-01&to=2026-11-24"):
        with counted(app) as statements:
            assert owner.get(f"/admin/reports?{query}").status_code == 200
        asked = [one for one in statements if "store_settings" not in one]  # cached for some seconds
        assert len(asked) <= MAX_QUERIES, asked


def test_an_unknown_figure_is_not_found_and_one_with_an_unknown_value_is_empty(owner):
    for query in (
        "of=state&value=x",
        "of=none",
        "",
        "of=ending&value=paid",
        "of=ending&value=x.y",
        "of=refunded&from=x",
    ):
        assert owner.get(f"/admin/reports/orders?{query}").status_code == 404, query
    for of in ("sku", "method", "refunded"):
        for value in (CANARY, "\0", "x" * 5000, "🧺"):
            reply = owner.get("/admin/reports/orders", query_string={"of": of, "value": value, "before": value})
            assert reply.status_code == 200
            assert "No order is part of this figure" in reply.text


def test_the_drilldown_is_paged(app, owner):
    numbers = order_factory.keep(app, *(order_factory.order(placed_at=utcnow(), payment="expired") for _ in range(60)))
    first = owner.get("/admin/reports/orders?of=state&value=expired").text
    second = owner.get(unescape(re.search(r'rel="next" href="([^"]+)"', first)[1])).text

    assert re.findall(r"/admin/orders/(\d+)", first + second) == numbers[::-1]
    assert "60 orders" in second


def test_an_empty_shop_has_a_report(owner):
    page = owner.get("/admin/reports?days=30").text

    assert "KSh 0" in page
    assert "No payment attempts in these days" in page
    assert "The ledger and the orders agree" in page


def test_a_best_seller_links_to_its_orders_and_its_name_is_escaped(app, owner):
    strange = paid(utcnow())
    strange.lines[0].name = strange.lines[0].label = strange.lines[0].sku = CANARY
    number, _ = order_factory.keep(app, strange, paid(utcnow(), total=10))

    page = owner.get("/admin/reports").text  # the page checker looks for it

    link = unescape(re.search(r'href="([^"]+of=sku[^"]+)"', page)[1])
    behind = owner.get(link).text
    assert re.findall(r"/admin/orders/([0-9]{8})\b", behind) == [number]
    assert f"With {escape(CANARY)}" in behind


def test_the_export_has_the_same_figures_without_formulas(app, owner):
    moment = at("2026-11-10T12:00")
    strange = paid(moment, 1500)
    strange.lines[0].name, strange.lines[0].sku = "=HYPERLINK(1)", "=1"
    order_factory.keep(app, strange, paid(moment, 500, "CARD"))

    reply = owner.get("/admin/reports/export?from=2026-11-10&to=2026-11-11")

    rows = list(csv.reader(io.StringIO(reply.text.removeprefix("\ufeff"))))
    assert reply.mimetype == "text/csv"
    assert "report-2026-11-10-to-2026-11-11.csv" in reply.headers["Content-Disposition"]
    assert rows[0][2] == "First day (Africa/Nairobi)"
    assert ["Sales", "all orders paid", "2026-11-10", "2026-11-11", "2", "2000"] in rows
    assert ["Sales by day", "day 10 Nov", "2026-11-10", "2026-11-10", "2", "2000"] in rows
    assert ["Sales by payment method", "Card", "2026-11-10", "2026-11-11", "1", "500"] in rows
    assert any(row[1].startswith("'=HYPERLINK") for row in rows)


def test_reports_are_for_owners(staff, visitor):
    for path in ("/admin/reports", "/admin/reports/export", "/admin/reports/orders?of=refunded"):
        assert staff.get(path).status_code == 403
        assert visitor.browser.get(path).status_code == 303
