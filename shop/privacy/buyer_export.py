"""Export all rows about one buyer: the buyer's orders, and every row that refers to one of them.

Tables are found by their columns, so that new tables are included.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import selectinload

from shop.core.database import db
from shop.core.phones import PhoneError, contact_phone
from shop.orders.models import Order
from shop.pricing.delivery_dates import DeliveryCalendar

MAX_SHOWN = 50  # orders on the page; the file has all of them
SECRET_COLUMNS = ("token", "checkout_key", "secret_hash", "idempotency_key")  # not about the buyer
Rows = list[dict[str, Any]]


class UnknownBuyer(Exception):
    """The typed text is neither a phone number nor an email address. The message tells how to correct it."""


def find_buyer(typed: str) -> str:
    """Parse a typed phone number or email address into the form that orders have. Raises UnknownBuyer."""
    typed = typed.strip()
    if not typed:
        raise UnknownBuyer("Enter the phone number or the email address of the buyer")
    if "@" in typed:
        return typed[:254]
    try:
        return contact_phone(typed)
    except PhoneError:
        raise UnknownBuyer(
            "Enter a phone number like 0712 345 678, or an email address like name@example.com"
        ) from None


def orders_of(who: str) -> Sequence[Order]:
    """All orders of a buyer, newest first. Email addresses match as typed or in lower case."""
    by_buyer = Order.email.in_({who, who.lower()}) if "@" in who else Order.phone_number == who
    query = select(Order).where(by_buyer).order_by(Order.placed_at.desc(), Order.id.desc())
    return db.session.scalars(query.options(selectinload(Order.lines))).all()


def rows_of_buyer(orders: Sequence[Order]) -> dict[str, Rows]:
    """All rows about these orders, by table, with one query for each table."""
    ids = [order.id for order in orders]
    attempts = db.metadata.tables["payment_attempt"]
    attempt_ids = db.session.scalars(select(attempts.c.id).where(attempts.c.order_id.in_(ids))).all()
    exported: dict[str, Rows] = {}
    for table in db.metadata.sorted_tables:
        if table.name == "orders":
            exported[table.name] = _rows(table, "id", ids)
        elif "order_id" in table.c:
            exported[table.name] = _rows(table, "order_id", ids)
        elif "attempt_id" in table.c:
            exported[table.name] = _rows(table, "attempt_id", attempt_ids)
    return {name: rows for name, rows in exported.items() if rows}


def _rows(table: Table, column: str, ids: Sequence[int]) -> Rows:
    query = select(table).where(table.c[column].in_(ids)).order_by(*table.primary_key.columns)
    return [_exported(row._asdict()) for row in db.session.execute(query)]


def _exported(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items() if name not in SECRET_COLUMNS}


def _value(value: Any) -> Any:
    if isinstance(value, date):  # times too
        return value.isoformat()
    if isinstance(value, DeliveryCalendar):
        return str(value)
    return value.decode(errors="replace") if isinstance(value, bytes) else value
