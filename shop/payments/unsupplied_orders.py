"""Goods that orders hold are lost: which unpaid orders cannot be supplied, and cancelling them in the same act."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from shop.core.database import db
from shop.orders.models import Order, OrderLine
from shop.orders.states import Payment
from shop.payments import manual_payments

WORDS = "The order was cancelled: its goods are damaged or lost"


def orders_without_stock(sku: str, left: int) -> list[Order]:
    """The orders that hold a SKU and cannot be supplied once `left` pieces are here. What is in review is kept before
    all, then the oldest.
    """
    holds = or_(Order.payment == Payment.AWAITING, and_(Order.payment == Payment.REVIEW, ~Order.paid_late))
    query = select(Order, OrderLine.quantity).join(OrderLine, OrderLine.order_id == Order.id)
    held = query.where(OrderLine.sku == sku, holds).order_by(Order.payment == Payment.AWAITING, Order.id)
    lost = []
    for order, pieces in db.session.execute(held):
        if pieces <= left:
            left -= pieces
        else:
            lost.append(order)
    return lost


def cancel_orders_without_stock(sku: str, left: int, numbers: Sequence[str]) -> list[Order]:
    """Cancel the orders of these numbers, when they are the very ones that cannot be supplied; else none. Which.

    Inside the caller's transaction. Raises StaleState when one of them is not unpaid any more.
    """
    lost = orders_without_stock(sku, left)
    if {order.number for order in lost} != set(numbers):
        return []
    for order in lost:
        manual_payments.cancel(order, WORDS)
    return lost
