"""The CSV export of orders: only what the filter shows, for owners, safe in a spreadsheet."""

import csv
import io

from shop.accounts.models import AuditLogEntry
from shop.admin.orders import csv_export
from shop.core.database import db
from shop.orders.states import Payment
from tests import both_databases, order_factory
from tests.admin.orders.order_pages import token_of
from tests.query_counter import counted

EXPORT = "/admin/orders/export"


def rows_of(owner, query: str = "tab=all") -> list[dict[str, str]]:
    reply = owner.get(f"{EXPORT}?{query}")
    assert (reply.status_code, reply.mimetype) == (200, "text/csv")
    text = reply.data.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_a_row_has_every_detail_and_no_cell_is_a_formula(app, owner):
    order = order_factory.order(
        payment=Payment.PAID,
        placed_at=order_factory.NOON,
        paid_at=order_factory.NOON,
        full_name="=1+1",
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
    assert (row["Name"], row["Phone"], row["Note"]) == ("'=1+1", "0722 000 111", "Ring twice")
    assert row["Items"] == "1 × Kiondo, Large, Indigo (KIO)"
    assert (row["Total KSh"], row["Discount KSh"]) == ("12345", "0")


@both_databases
def test_it_has_the_filtered_orders_in_the_order_of_the_list(app, owner, monkeypatch):
    monkeypatch.setattr(csv_export, "BATCH_SIZE", 7)
    orders = [
        order_factory.order(
            full_name="Njeri" if n % 2 else "Kamau",
            placed_at=order_factory.NOON,
            payment="paid" if n < 9 else "awaiting",
        )
        for n in range(40)
    ]
    numbers = order_factory.keep(app, *orders)

    assert [row["Order"] for row in rows_of(owner)] == numbers[::-1]
    assert [row["Order"] for row in rows_of(owner, "q=njeri")] == numbers[::-2]
    assert [row["Order"] for row in rows_of(owner, "tab=to-pack")] == numbers[:9]
    assert rows_of(owner, "tab=sent&q=njeri") == []
    assert len(rows_of(owner, "tab=all&from=2026-11-02&to=2026-11-02&area=Nairobi+CBD&before=1-1")) == 40


def test_many_orders_take_two_queries_for_each_batch(app, owner):
    order_factory.keep(app, *(order_factory.order() for _ in range(60)))
    with counted(app) as queries:
        assert len(rows_of(owner)) == 60

    assert len([query for query in queries if query.startswith(("SELECT orders", "SELECT order_line"))]) == 3


def test_chosen_orders_are_exported_alone(app, owner):
    first, _, third = order_factory.keep(app, order_factory.order(), order_factory.order(), order_factory.order())
    form = {"csrf_token": token_of(owner), "order": [first, third, "9"], "act": "export"}
    query = owner.post("/admin/orders", form).headers["Location"].split("?")[1]

    assert [row["Order"] for row in rows_of(owner, query)] == [third, first]


def test_it_is_an_uncached_download_for_owners_and_each_one_is_recorded(app, owner, staff):
    (number,) = order_factory.keep(app, order_factory.order())
    headers = owner.get(f"{EXPORT}?tab=to-pack&q=achieng").headers
    rows_of(owner, f"order={number}")

    assert headers["Content-Disposition"].startswith("attachment; filename=orders-20")
    assert (headers["Cache-Control"], headers["X-Content-Type-Options"]) == ("no-store", "nosniff")
    assert staff.get(EXPORT).status_code == 403
    assert "Export" not in staff.get("/admin/?tab=all").text
    with app.app_context():
        entries = db.session.query(AuditLogEntry.words).filter(AuditLogEntry.words.startswith("Exported"))
        assert [words for (words,) in entries.order_by(AuditLogEntry.id)] == [
            "Exported the list “To pack”, filtered",
            "Exported 1 chosen order",
        ]
