"""Printed slips for parcels: several orders in one print."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from flask import abort, current_app, render_template, request
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from shop.accounts.permissions import admin, may
from shop.admin.labels import PAYMENTS
from shop.admin.orders.list_views import MAX_SELECTED, submitted_numbers
from shop.config import Settings
from shop.core.database import db
from shop.core.money import shillings
from shop.orders.fulfilment import needs_verification
from shop.orders.models import Order, OrderLine
from shop.orders.states import Payment

SLIPS = {"packing": "Packing slip", "receipt": "Receipt", "rider": "Rider slip"}


@dataclass(frozen=True)
class QrCode:
    """A QR code as an SVG path: a square of `side` modules, without the quiet zone."""

    side: int
    path: str


@admin.get("/slips")
@may("staff")
def print_slips() -> str:
    """Slips of one kind for the orders named in the address, in that order; 404 if no such order exists."""
    slip = request.args.get("slip", "")
    numbers = submitted_numbers(request.args.getlist("order"))
    found = _orders(numbers[:MAX_SELECTED])
    if slip not in SLIPS or not found:
        abort(404)
    return render_template(
        f"admin/orders/slips/{slip}.html",
        name=SLIPS[slip],
        orders=[order for order, _ in found],
        missing=len(numbers) - len(found),
        qr=qr,
        payment_notes={order.number: payment_note(order, unverified) for order, unverified in found},
    )


@admin.get("/pick-list")
@may("staff")
def pick_list() -> str:
    """The variants to take from the shelves for the orders named in the address, with their pieces; or 404."""
    numbers = submitted_numbers(request.args.getlist("order"))[:MAX_SELECTED]
    pieces = func.sum(OrderLine.quantity - OrderLine.refunded).label("pieces")
    of_orders = select(OrderLine.sku, OrderLine.name, OrderLine.label, pieces)
    of_orders = of_orders.join(Order, Order.id == OrderLine.order_id).where(Order.number.in_(numbers))
    of_orders = of_orders.where(OrderLine.quantity > OrderLine.refunded)
    rows = db.session.execute(
        of_orders.group_by(OrderLine.sku, OrderLine.name, OrderLine.label).order_by(OrderLine.name, OrderLine.label)
    ).all()
    if not rows:
        abort(404)
    return render_template(
        "admin/orders/slips/pick.html", rows=rows, count=len(numbers), orders=[], missing=0, name="Pick list"
    )


def payment_note(order: Order, unverified: bool) -> tuple[str, str]:
    """What a rider must know about the payment: a heading and its reason."""
    match order.payment:
        case Payment.PAID if unverified:
            return "DO NOT SEND", "An owner has to verify the payment first."
        case Payment.PAID:
            return "PAID", "Take no money."
        case Payment.AWAITING:
            return f"COLLECT {shillings(order.total)}", "Not paid yet. Take the money before you hand it over."
        case Payment.REVIEW:
            return "DO NOT SEND", "An owner has to review the payment first."
        case _:
            return "DO NOT SEND", f"The order is {PAYMENTS[Payment(order.payment)].words.lower()}."


def qr(order: Order) -> QrCode:
    """The address of the order's admin page. It needs a login, so a stranger with the parcel learns nothing."""
    settings: Settings = current_app.config["SETTINGS"]
    code = segno.make(f"{settings.shop_url}/admin/orders/{order.number}", error="m", micro=False)
    rows = [bytes(row) for row in code.matrix]
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module)
    return QrCode(len(rows), "".join(dark))


def _orders(numbers: Sequence[str]) -> list[tuple[Order, bool]]:
    """The orders of these numbers, in that order, and whether each needs verification. Two queries."""
    query = (
        select(Order, needs_verification())
        .where(Order.number.in_(numbers))
        .options(selectinload(Order.lines), selectinload(Order.money))
    )
    found = {order.number: (order, unverified) for order, unverified in db.session.execute(query)}
    return [found[number] for number in numbers if number in found]
