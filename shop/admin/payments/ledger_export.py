"""The money book as a CSV file: a line for each payment, refund and correction. Written while it is sent."""

from collections.abc import Iterator

from flask import Response, stream_with_context
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.orders.csv_export import nairobi_time
from shop.core.clock import NAIROBI, utcnow
from shop.core.csv_files import BOM, csv_line
from shop.core.database import db, write
from shop.orders.payment_summary import PAYMENT_METHODS
from shop.payments.models import LedgerEntry

AT_ONCE = 500  # lines
HEAD = (
    *("Time (Nairobi time, UTC+3)", "Order", "What", "Paid by", "Chpter reference", "M-PESA code", "Amount KSh"),
    *("Reason", "By"),
)
WHAT = {
    "callback": "Payment through Chpter",
    "by_hand": "Payment marked by hand",
    "refund": "Refund",
    "correction": "Correction",
}


@admin.get("/money/export")
@may("owner")
def export_money() -> Response:
    """Every line of the money book, oldest first. What came is above zero, what went below: they add up to the till."""
    write(lambda: audit("Exported the payments"))
    day = utcnow().astimezone(NAIROBI).date()
    return Response(
        stream_with_context(_lines()),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename=payments-{day}.csv"},
    )


def _lines() -> Iterator[str]:
    yield BOM + csv_line(HEAD)
    last = 0
    whole = (joinedload(LedgerEntry.order), joinedload(LedgerEntry.attempt))
    while True:
        after = select(LedgerEntry).where(LedgerEntry.id > last).order_by(LedgerEntry.id).limit(AT_ONCE).options(*whole)
        entries = db.session.scalars(after).all()
        if not entries:
            return
        last = entries[-1].id
        lines = "".join(csv_line(_cells(entry)) for entry in entries)
        db.session.rollback()  # no transaction stays open while the other side reads slowly
        yield lines


def _cells(entry: LedgerEntry) -> tuple[str | int, ...]:
    return (
        nairobi_time(entry.at),
        entry.order.number,
        WHAT[entry.kind],
        PAYMENT_METHODS.get(entry.method, entry.method),
        str(entry.attempt.reference) if entry.attempt else "",
        entry.code or "",
        entry.amount,
        entry.reason,
        entry.actor,
    )
