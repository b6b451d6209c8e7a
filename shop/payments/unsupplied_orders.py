"""Unpaid orders that cannot be supplied after a loss of stock, and their cancellation."""

from collections.abc import Sequence

from sqlalchemy import and_, or_, select

from shop.core.database import db
from shop.orders.models import Order, OrderLine
from shop.orders.states import Payment
from shop.payments import manual_payments

WORDS = "The order was cancelled: its goods are damaged or lost"


def orders_without_stock(sku: str, left: int) -> list[Order]:
    """The orders that hold a SKU and cannot be supplied from `left` pieces.

    Orders in review are supplied first, then the oldest.
    """
    holds = or_(Order.payment == Payment.AWAITING, and_(Order.payment == Payment.REVIEW, ~Order.paid_late))
    query = select(Order, OrderLine.quantity).join(OrderLine, OrderLine.order_id == Order.id)
    held = query.where(OrderLine.sku == sku, holds).order_by(Order.payment == Payment.AWAITING, Order.id)
    unsupplied = []
    for order, pieces in db.session.execute(held):
        if pieces <= left:
            left -= pieces
        else:
            unsupplied.append(order)
    return unsupplied


def cancel_orders_without_stock(sku: str, left: int, numbers: Sequence[str]) -> list[Order]:
    """Cancel the orders with these numbers, if exactly they cannot be supplied, inside the caller's transaction.

    Returns the cancelled orders, else none. Raises StaleState when one of them is no longer unpaid.
    """
    unsupplied = orders_without_stock(sku, left)
    if {order.number for order in unsupplied} != set(numbers):
        return []
    for order in unsupplied:
        manual_payments.cancel(order, WORDS)
    return unsupplied
