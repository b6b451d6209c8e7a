"""Reports and the order list agree to the shilling."""

import re
from datetime import timedelta
from html import unescape

from shop.core.database import db
from shop.orders.models import Order
from shop.payments.models import LedgerEntry
from tests import both_databases, order_factory
from tests.reports.test_reports import at, paid

MONTH = "from=2026-11-01&to=2026-11-30"


def shown_on_every_page(owner, link):
    """Number and sum of all orders of a list, over all its pages."""
    count, amount = 0, 0
    while link:
        page = owner.get(unescape(link)).text
        sums = re.findall(r'(?:orders__total|data-label="Total" class="table__number")"?>KSh ([\d,]+)', page)
        count, amount = count + len(sums), amount + sum(int(one.replace(",", "")) for one in sums)
        older = re.search(r'rel="next"[^>]* href="([^"]+)"|href="([^"]+)"[^>]* rel="next"', page)
        link = older and (older[1] or older[2])
    return count, amount


def row_of(page, name):
    """Link, count and amount of a row of the report."""
    found = re.search(
        rf'<th scope="row">(?:<span[^>]*></span>)?{name}.*?href="([^"]+)">([\d,]+)</a></td><td>KSh ([\d,]+)', page
    )
    return found[1], (int(found[2].replace(",", "")), int(found[3].replace(",", "")))


def entry(order, amount, moment, **fields):
    values = {"kind": "by_hand" if amount > 0 else "refund", "method": "CASH", "reason": "", "actor": "Owner", **fields}
    return LedgerEntry(order=order, amount=amount, at=moment, **values)


@both_databases
def test_sales_equal_the_sum_of_the_orders_behind_the_link(app, owner):
    days = [at(f"2026-11-{day:02d}T{hour}") for day in range(1, 31) for hour in ("00:30", "12:00", "23:30")]
    outside = [at("2026-10-31T23:30"), at("2026-12-01T00:30")]
    orders = [paid(moment, 1000 + place, shortfall=place % 7) for place, moment in enumerate(days + outside)]
    taken = sum(one.total - one.shortfall for one in orders[: len(days)])
    order_factory.keep(app, *orders)
    page = owner.get(f"/admin/reports?{MONTH}").text

    link, said = re.search(r'<dt>Sales</dt>\s*<dd><a href="([^"]+)">KSh ([\d,]+)', page).groups()

    assert int(said.replace(",", "")) == taken
    assert row_of(page, "M-PESA")[1] == (len(days), taken)
    assert shown_on_every_page(owner, link) == (len(days), taken)
    by_day = re.findall(r'<td><a href="([^"]+paid_from=[^"]+)">KSh ([\d,]+)</a></td>\s*<td>KSh', page)
    assert len(by_day) == 31  # and the foot, which says the month
    for day_link, day_sum in (by_day[0], by_day[29]):
        assert shown_on_every_page(owner, day_link) == (3, int(day_sum.replace(",", "")))


@both_databases
def test_written_off_refunded_and_manual_payments_have_rows_of_their_own(app, owner):
    moment = at("2026-11-10T23:30")
    by_hand = order_factory.order(total=700, placed_at=moment, paid_at=moment, payment="paid")
    short, twice = paid(moment, 1000, shortfall=300), paid(moment, 500)
    order_factory.keep(app, by_hand, short, twice)
    with app.app_context():
        for number, amount, when in (
            (by_hand.number, 700, moment),
            (twice.number, -100, moment),
            (twice.number, -50, moment + timedelta(minutes=1)),
            (twice.number, -7, at("2026-12-01T00:30")),
        ):
            order = db.session.query(Order).filter_by(number=number).one()
            db.session.add(entry(order, amount, when))
        db.session.commit()
    page = owner.get(f"/admin/reports?{MONTH}").text

    for name, expected in (
        ("By hand: ", (1, 700)),
        ("M-PESA", (2, 1200)),
        ("Paid in these days with less", (1, 300)),
        ("Refunds made", (1, 150)),
    ):
        link, row = row_of(page, name)
        assert row == expected
        assert shown_on_every_page(owner, link) == expected


def test_the_report_says_when_ledger_and_orders_do_not_agree(app, owner):
    order_factory.keep(app, paid(at("2026-11-10T12:00"), 1000, received=1000))

    assert "The ledger and the orders do not agree" in owner.get("/admin/reports").text
