"""Warnings on an order's timeline stay open until somebody has looked at them. Runs inside the caller's transaction."""

from sqlalchemy import update

from shop.database import changed, db
from shop.orders.models import Order


def looked_at(order: Order) -> bool:
    """Close the order's warnings: False when there is none open, or somebody else was quicker."""
    closed = changed(update(Order).where(Order.id == order.id, Order.open_warning).values(open_warning=False))
    db.session.expire(order, ["open_warning"])
    return bool(closed)
