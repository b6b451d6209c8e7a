"""The orders of a list as a CSV file, streamed in batches."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from flask import Response, request, stream_with_context
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin import labels
from shop.admin.orders.list_views import MAX_SELECTED, submitted_numbers
from shop.core.clock import NAIROBI, utcnow
from shop.core.csv_files import BOM, csv_line
from shop.core.database import db, write
from shop.core.phones import readable_phone
from shop.orders.models import Order, OrderLine
from shop.orders.payment_summary import PAYMENT_METHODS, payment_summary, payments_of
from shop.orders.search import in_order, page_query, rarest_term
from shop.orders.search_query import TABS, OrderFilter, Place, order_filter
from shop.orders.states import Fulfilment, Payment
from shop.payments.models import LedgerEntry

BATCH_SIZE = 500  # orders
MONEY = selectinload(Order.money).joinedload(LedgerEntry.attempt)
HEADER = (
    *("Order", "Placed (Nairobi time, UTC+3)", "Paid (Nairobi time, UTC+3)", "Payment", "Fulfilment", "Name", "Phone"),
    *(
        "Email",
        "Receiver",
        "Receiver’s phone",
        "Area",
        "Pickup",
        "Address or landmark",
        "Note",
        "Items",
        "Subtotal KSh",
        "Discount KSh",
        "Discount code",
    ),
    *("Delivery fee KSh", "Total KSh", "Received KSh", "Written off KSh", "Refunded KSh", "Refund due KSh", "Paid by"),
    *(
        "Chpter reference",
        "M-PESA code",
        "Refund due",
        "Paid late",
        "Payment verified (Nairobi time, UTC+3)",
        "Verified by",
    ),
)


@admin.get("/orders/export")
@may("owner")
def export_orders() -> Response:
    """The list of this address as a file; with `order=`, only these orders."""
    numbers = submitted_numbers(request.args.getlist("order"))[:MAX_SELECTED]
    wanted = replace(order_filter(request.args), place=None)
    many = f"{len(numbers)} chosen order{'s' if len(numbers) > 1 else ''}"
    filtered = ", filtered" if wanted.filtered else ""
    write(lambda: audit(f"Exported {many if numbers else f'the list “{TABS[wanted.tab]}”{filtered}'}"))
    orders = _by_number(numbers) if numbers else _by_filter(wanted)
    day = utcnow().astimezone(NAIROBI).date()
    return Response(
        stream_with_context(_lines(orders)),
        mimetype="text/csv",
        headers={"Content-Disposition": f"attachment; filename=orders-{day}.csv"},
    )


def _lines(batches: Iterator[Sequence[Order]]) -> Iterator[str]:
    yield BOM + csv_line(HEADER)
    for orders in batches:
        items = _items([order.id for order in orders])
        lines = [csv_line(_cells(order, items.get(order.id, []))) for order in orders]
        db.session.rollback()  # no transaction stays open while the client reads slowly
        yield "".join(lines)


def _by_number(numbers: list[str]) -> Iterator[Sequence[Order]]:
    query = select(Order).where(Order.number.in_(numbers)).options(MONEY)
    yield db.session.scalars(query.order_by(Order.placed_at.desc(), Order.id.desc())).all()


def _by_filter(wanted: OrderFilter) -> Iterator[Sequence[Order]]:
    rarest = rarest_term(wanted)
    while True:
        page = page_query(wanted, rarest, BATCH_SIZE).subquery()
        query = select(Order, page.c.moment).join(page, page.c.id == Order.id).options(MONEY)
        rows = db.session.execute(in_order(query, page.c.moment, page.c.id, wanted.downwards)).all()
        if not rows:
            return
        place = Place(rows[-1].moment, rows[-1].Order.id, older=wanted.downwards)
        yield [row.Order for row in rows]
        wanted = replace(wanted, place=place)


def _items(order_ids: list[int]) -> dict[int, list[str]]:
    """The order lines as texts, by order id."""
    query = select(OrderLine).where(OrderLine.order_id.in_(order_ids)).order_by(OrderLine.order_id, OrderLine.position)
    items: dict[int, list[str]] = {}
    for line in db.session.scalars(query):
        label = f", {line.label}" if line.label else ""
        refunded = f", {line.refunded} refunded" if line.refunded else ""
        items.setdefault(line.order_id, []).append(f"{line.quantity} × {line.name}{label} ({line.sku}){refunded}")
    return items


def _cells(order: Order, items: list[str]) -> tuple[str | int, ...]:
    summary, payments = payment_summary(order), payments_of(order)
    return (
        order.number,
        nairobi_time(order.placed_at),
        nairobi_time(order.paid_at),
        labels.PAYMENTS[Payment(order.payment)].words,
        labels.FULFILMENTS[Fulfilment(order.fulfilment)].words,
        order.full_name,
        readable_phone(order.phone_number),
        order.email,
        order.receiver_name,
        readable_phone(order.receiver_phone),
        order.area_name,
        _yes(order.pickup),
        order.location,
        order.note,
        "; ".join(items),
        order.subtotal,
        order.discount,
        order.discount_code,
        order.delivery_fee,
        order.total,
        summary.received,
        summary.written_off,
        summary.refunded,
        summary.refund_due,
        "; ".join(PAYMENT_METHODS.get(entry.method, entry.method) for entry in payments),
        "; ".join(str(entry.attempt.reference) for entry in payments if entry.attempt),
        "; ".join(entry.code for entry in payments if entry.code),
        _yes(order.refund_due),
        _yes(order.paid_late),
        nairobi_time(order.payment_verified_at),
        order.payment_verified_by,
    )


def nairobi_time(moment: datetime | None) -> str:
    """A time in Nairobi, like 2026-11-29 14:05; "" for none."""
    return f"{moment.astimezone(NAIROBI):%Y-%m-%d %H:%M}" if moment else ""


def _yes(value: bool) -> str:
    return "yes" if value else ""
