"""Everything the database holds of one buyer: every row that belongs to an order of theirs, whatever its table.

The tables are found by their columns, so that one that is added later is not left out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Table, select
from sqlalchemy.orm import selectinload

from shop.core.database import db
from shop.core.phones import PhoneError, kenyan_mobile
from shop.orders.models import Order

MOST_SHOWN = 50  # orders on the page; the file holds all of them
OURS = (
    "token",
    "checkout_key",
    "secret_hash",
    "idempotency_key",
)  # keys to the shop's doors, which say nothing of the buyer
Rows = list[dict[str, Any]]


class UnknownBuyer(Exception):
    """What was typed is neither a phone number nor an e-mail address. The message says the cure."""


def find_buyer(typed: str) -> str:
    """The phone number or e-mail address that was typed, as orders keep it. Raises NotAnybody."""
    typed = typed.strip()
    if not typed:
        raise UnknownBuyer("Enter the phone number or the e-mail address of the buyer")
    if "@" in typed:
        return typed[:254]
    try:
        return kenyan_mobile(typed)
    except PhoneError:
        raise UnknownBuyer(
            "Enter a phone number like 0712 345 678, or an e-mail address like name@example.com"
        ) from None


def orders_of(who: str) -> Sequence[Order]:
    """Every order of a buyer, newest first. E-mail addresses are found as typed or in small letters."""
    actor = Order.email.in_({who, who.lower()}) if "@" in who else Order.phone_number == who
    query = select(Order).where(actor).order_by(Order.placed_at.desc(), Order.id.desc())
    return db.session.scalars(query.options(selectinload(Order.lines))).all()


def rows_of_buyer(orders: Sequence[Order]) -> dict[str, Rows]:
    """Every row, by table. As many queries as there are tables about orders, however many orders there are."""
    ids = [order.id for order in orders]
    attempts = db.metadata.tables["payment_attempt"]
    tries = db.session.scalars(select(attempts.c.id).where(attempts.c.order_id.in_(ids))).all()
    held: dict[str, Rows] = {}
    for table in db.metadata.sorted_tables:
        if table.name == "orders":
            held[table.name] = _rows(table, "id", ids)
        elif "order_id" in table.c:
            held[table.name] = _rows(table, "order_id", ids)
        elif "attempt_id" in table.c:
            held[table.name] = _rows(table, "attempt_id", tries)
    return {name: rows for name, rows in held.items() if rows}


def _rows(table: Table, column: str, ids: Sequence[int]) -> Rows:
    found = select(table).where(table.c[column].in_(ids)).order_by(*table.primary_key.columns)
    return [_said(row._asdict()) for row in db.session.execute(found)]


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items() if name not in OURS}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode(errors="replace") if isinstance(value, bytes) else value
