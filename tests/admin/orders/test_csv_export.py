"""The CSV export of orders: only what the filter shows, for owners, safe in a spreadsheet."""

import csv
import io

import pytest
from sqlalchemy import select

from shop.accounts.models import AuditLogEntry
from shop.admin.orders import csv_export
from shop.core.database import db
from shop.orders.states import Fulfilment, Payment
from tests import both_databases, order_factory
from tests.query_counter import counted
from tests.shopper import hidden_fields


def rows_of(owner, query: str = "tab=all") -> list[dict[str, str]]:
    reply = owner.get(f"/admin/orders/export?{query}")
    assert (reply.status_code, reply.mimetype) == (200, "text/csv")
    text = reply.data.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


@both_databases
def test_a_row_says_everything_in_nairobi_time(app, owner):
    order = order_factory.order(
        payment=Payment.PAID,
        placed_at=order_factory.NOON,
        paid_at=order_factory.NOON,
        note="Ring twice",
        total=12345,
        paid_late=True,
    )
    order.lines[0].label = "Large, Indigo"
    (number,) = order_factory.keep(app, order)

    (row,) = rows_of(owner)

    assert row["Order"] == number
    assert row["Placed (Nairobi time, UTC+3)"] == row["Paid (Nairobi time, UTC+3)"] == "2026-11-02 12:00"
    assert (row["Payment"], row["Fulfilment"], row["Paid late"]) == ("Paid", "Not packed yet", "yes")
    assert (row["Name"], row["Phone"], row["Note"]) == ("Achieng Otieno", "0722 000 111", "Ring twice")
    assert row["Items"] == "1 × Kiondo, Large, Indigo (KIO)"
    assert (row["Total KSh"], row["Discount KSh"]) == ("12345", "0")


@both_databases
def test_it_holds_what_is_filtered_in_its_order_however_much(app, owner, monkeypatch):
    monkeypatch.setattr(csv_export, "BATCH_SIZE", 7)
    orders = [
        order_factory.order(full_name="Njeri" if n % 2 else "Kamau", placed_at=order_factory.NOON) for n in range(40)
    ]
    numbers = order_factory.keep(app, *orders)[::-1]

    assert [row["Order"] for row in rows_of(owner)] == numbers
    assert [row["Order"] for row in rows_of(owner, "q=njeri")] == numbers[::2]
    assert rows_of(owner, "tab=sent&q=njeri") == []
    assert len(rows_of(owner, "tab=all&from=2026-11-02&to=2026-11-02&area=Nairobi+CBD&before=1-1")) == 40


def test_many_orders_cost_two_queries_for_each_batch(app, owner):
    order_factory.keep(app, *(order_factory.order() for _ in range(60)))
    with counted(app) as queries:
        assert len(rows_of(owner)) == 60

    assert len([query for query in queries if query.startswith(("SELECT orders", "SELECT order_line"))]) == 3


def test_ticked_orders_are_exported_alone(app, owner):
    first, _, third = order_factory.keep(app, order_factory.order(), order_factory.order(), order_factory.order())
    token = hidden_fields(owner.get("/admin/?tab=all").text)["csrf_token"]
    reply = owner.post("/admin/orders", {"csrf_token": token, "order": [first, third, "9"], "act": "export"})

    assert [row["Order"] for row in rows_of(owner, reply.headers["Location"].split("?")[1])] == [third, first]


HOSTILE = ("=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1+1)", "\t=1+1", '"=1+1"', "a\n=1+1", "<b>", "‮gnp.exe", "🧺")


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_in_it_is_a_formula(app, owner, text):
    said = {"full_name": text, "location": text, "note": text, "area_name": text, "email": text}
    order = order_factory.order(**said, payment=Payment.PAID, fulfilment=Fulfilment.SENT, discount_code=text[:40])
    order.lines[0].name = order.lines[0].label = text
    order_factory.keep(app, order)

    (row,) = rows_of(owner)

    assert not [cell for cell in row.values() if cell[:1] in tuple("=+-@\t\r")]
    assert row["Name"].removeprefix("'") == text


def test_it_is_a_file_for_no_cache(app, owner):
    reply = owner.get("/admin/orders/export")

    assert reply.headers["Content-Disposition"].startswith("attachment; filename=orders-20")
    assert reply.headers["Cache-Control"] == "no-store"
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


def test_only_an_owner_may_and_it_is_written_down(app, owner, staff, visitor):
    (number,) = order_factory.keep(app, order_factory.order())
    rows_of(owner, "tab=to-pack&q=achieng")
    rows_of(owner, f"order={number}")

    assert staff.get("/admin/orders/export").status_code == 403
    assert "Export" not in staff.get("/admin/?tab=all").text
    with app.app_context():
        exports = (
            select(AuditLogEntry.words).where(AuditLogEntry.words.startswith("Exported")).order_by(AuditLogEntry.id)
        )
        assert db.session.scalars(exports).all() == [
            "Exported the list “To pack”, filtered",
            "Exported 1 chosen order",
        ]


def test_who_is_not_signed_in_gets_no_file(app, visitor):
    assert visitor.get("/admin/orders/export").status_code == 303
