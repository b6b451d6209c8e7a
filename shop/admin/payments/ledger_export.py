"""The payment ledger as a CSV file: a row for each payment, refund and correction. It is streamed in batches."""

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

BATCH_SIZE = 500
HEADER = (
    *("Time (Nairobi time, UTC+3)", "Order", "What", "Paid by", "Chpter reference", "M-PESA code", "Amount KSh"),
    *("Reason", "By"),
)
KINDS = {
    "callback": "Payment through Chpter",
    "by_hand": "Payment marked by hand",
    "refund": "Refund",
    "correction": "Correction",
}


@admin.get("/payments/export")
@may("owner")
def export_payments() -> Response:
    """Every ledger entry, oldest first. Payments are positive and refunds negative: the sum is the balance."""
    write(lambda: audit("Exported the payments"))
    day = utcnow().astimezone(NAIROBI).date()
    return Response(
        stream_with_context(_lines()),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename=payments-{day}.csv"},
    )


def _lines() -> Iterator[str]:
    yield BOM + csv_line(HEADER)
    last_id = 0
    query = select(LedgerEntry).options(joinedload(LedgerEntry.order), joinedload(LedgerEntry.attempt))
    while True:
        batch = query.where(LedgerEntry.id > last_id).order_by(LedgerEntry.id).limit(BATCH_SIZE)
        entries = db.session.scalars(batch).all()
        if not entries:
            return
        last_id = entries[-1].id
        lines = "".join(csv_line(_cells(entry)) for entry in entries)
        db.session.rollback()  # no transaction stays open while the client reads slowly
        yield lines


def _cells(entry: LedgerEntry) -> tuple[str | int, ...]:
    return (
        nairobi_time(entry.at),
        entry.order.number,
        KINDS[entry.kind],
        PAYMENT_METHODS.get(entry.method, entry.method),
        str(entry.attempt.reference) if entry.attempt else "",
        entry.code or "",
        entry.amount,
        entry.reason,
        entry.actor,
    )
