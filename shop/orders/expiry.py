"""Expire unpaid orders and release their stock. Safe to run twice, concurrently, and after a kill."""

from datetime import datetime, timedelta

from sqlalchemy import select, update

from shop.core.database import db, updated, write
from shop.orders.models import Order, may_be_paid
from shop.orders.states import Payment
from shop.orders.transitions import release_order

BATCH = 200
WAIT_AFTER_RETURN = timedelta(hours=24)
MAX_HOLD = timedelta(hours=48)  # since placing: repeated returns must not hold goods forever


def expire_orders(now: datetime) -> int:
    """Expire all unpaid orders that were due by `now` (UTC). Returns the number of orders expired."""
    due = select(Order.id).where(Order.payment == Payment.AWAITING, Order.expires_at <= now).order_by(Order.expires_at)
    expired = 0
    while ids := db.session.scalars(due.limit(BATCH)).all():
        expired += sum(write(lambda order_id=order_id: _expire(order_id, now)) for order_id in ids)  # type: ignore[misc]
    db.session.rollback()
    return expired


def _expire(order_id: int, now: datetime) -> bool:
    still_due = update(Order).where(Order.id == order_id, Order.payment == Payment.AWAITING, Order.expires_at <= now)
    if not updated(still_due.values(payment=Payment.EXPIRED)):
        return False
    order = db.session.get_one(Order, order_id)
    release_order(order)
    order.record("No payment arrived in time, so the order was closed and its goods are on sale again", for_buyer=True)
    return True


def buyer_returned(order: Order, now: datetime) -> None:
    """Record that the buyer came back from the payment page, and extend the hold once. Settles nothing."""
    until = max(order.expires_at, min(now + WAIT_AFTER_RETURN, order.placed_at + MAX_HOLD))
    waiting = update(Order).where(Order.id == order.id, may_be_paid(), Order.returned_at.is_(None))
    write(lambda: updated(waiting.values(returned_at=now, expires_at=until)))
