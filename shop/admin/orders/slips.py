"""The slips that go with a parcel: pages made for paper, several orders in one print."""

from collections.abc import Sequence
from dataclasses import dataclass

import segno
from flask import abort, current_app, render_template, request
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from shop.accounts.permissions import admin, may
from shop.admin.labels import PAYMENTS
from shop.config import Settings
from shop.core.database import db
from shop.core.money import shillings
from shop.orders.fulfilment import needs_verification
from shop.orders.models import Order, OrderLine
from shop.orders.states import Payment

SLIPS = {"packing": "Packing slip", "receipt": "Receipt", "rider": "Rider slip"}
MOST_AT_ONCE = 200  # orders of one print
LONGEST_NUMBER = 12  # characters, as the orders' table keeps them


@dataclass(frozen=True)
class QrCode:
    """A QR code as one path of an SVG: a square of `side` modules, the quiet zone left to the page."""

    side: int
    path: str


@admin.get("/print")
@may("staff")
def print_slips() -> str:
    """Slips of one kind for the orders named in the address, in that order. 404 when none of them is there."""
    slip = request.args.get("slip", "")
    asked = list(dict.fromkeys(number[:LONGEST_NUMBER] for number in request.args.getlist("order")))
    found = _orders(asked[:MOST_AT_ONCE])
    if slip not in SLIPS or not found:
        abort(404)
    return render_template(
        f"admin/orders/slips/{slip}.html",
        name=SLIPS[slip],
        orders=[order for order, _ in found],
        missing=len(asked) - len(found),
        qr=qr,
        doors={order.number: door(order, waits) for order, waits in found},
    )


@admin.get("/pick-list")
@may("staff")
def pick_list() -> str:
    """What to take from the shelves for the orders named in the address: each thing once, with its pieces. Or 404."""
    asked = list(dict.fromkeys(number[:LONGEST_NUMBER] for number in request.args.getlist("order")))
    digits = [number for number in asked[:MOST_AT_ONCE] if number.isascii() and number.isdigit()]
    pieces = func.sum(OrderLine.quantity - OrderLine.refunded).label("pieces")
    of_orders = select(OrderLine.sku, OrderLine.name, OrderLine.label, pieces)
    of_orders = of_orders.join(Order, Order.id == OrderLine.order_id).where(Order.number.in_(digits))
    of_orders = of_orders.where(OrderLine.quantity > OrderLine.refunded)
    things = db.session.execute(
        of_orders.group_by(OrderLine.sku, OrderLine.name, OrderLine.label).order_by(OrderLine.name, OrderLine.label)
    ).all()
    if not things:
        abort(404)
    return render_template(
        "admin/orders/slips/pick.html", things=things, many=len(digits), orders=[], missing=0, name="Pick list"
    )


def door(order: Order, needs_verification: bool) -> tuple[str, str]:
    """What a rider must know about the money, and why: large, and small."""
    match order.payment:
        case Payment.PAID if needs_verification:
            return "DO NOT SEND", "An owner has to see the payment first."
        case Payment.PAID:
            return "PAID", "Take no money."
        case Payment.AWAITING:
            return f"COLLECT {shillings(order.total)}", "Not paid yet. Hand it over for the money only."
        case Payment.REVIEW:
            return "DO NOT SEND", "A person has to look at the payment first."
        case _:
            return "DO NOT SEND", f"The order is {PAYMENTS[Payment(order.payment)].words.lower()}."


def qr(order: Order) -> QrCode:
    """The order's page at the desk: who finds the parcel learns nothing, and who packs or hands it over signs in."""
    settings: Settings = current_app.config["SETTINGS"]
    code = segno.make(f"{settings.shop_url}/admin/orders/{order.number}", error="m", micro=False)
    rows = [bytes(row) for row in code.matrix]
    dark = (f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, module in enumerate(row) if module)
    return QrCode(len(rows), "".join(dark))


def _orders(numbers: Sequence[str]) -> list[tuple[Order, bool]]:
    """The orders of these numbers that there are, as they were asked for, and whether each waits to be seen.

    Two queries.
    """
    digits = [number for number in numbers if number.isascii() and number.isdigit()]
    query = (
        select(Order, needs_verification())
        .where(Order.number.in_(digits))
        .options(selectinload(Order.lines), selectinload(Order.money))
    )
    found = {order.number: (order, waits) for order, waits in db.session.execute(query)} if digits else {}
    return [found[number] for number in numbers if number in found]
