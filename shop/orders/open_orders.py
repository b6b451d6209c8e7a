"""The unpaid orders of this browser. The session holds their tokens."""

from collections.abc import Sequence

from flask import session
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.core.database import db
from shop.orders.models import Order
from shop.orders.states import Payment

MAX_TOKENS = 5  # in the session, newest first
TOKENS = "orders"


def remember_order(order: Order) -> None:
    """Add an order to the session of the browser that placed it."""
    session[TOKENS] = [order.token, *(token for token in _tokens() if token != order.token)][:MAX_TOKENS]
    session.permanent = True


def open_orders() -> Sequence[Order]:
    """The unpaid orders, newest first, with their lines. Without tokens no query runs."""
    tokens = _tokens()
    if not tokens:
        return []
    waiting = select(Order).where(Order.token.in_(tokens), Order.payment == Payment.AWAITING)
    return db.session.scalars(waiting.options(selectinload(Order.lines)).order_by(Order.id.desc())).all()


def held_by(orders: Sequence[Order]) -> dict[str, Order]:
    """The newest of these orders that holds each SKU."""
    return {line.sku: order for order in reversed(orders) for line in order.lines}


def _tokens() -> list[str]:
    tokens = session.get(TOKENS)
    return [token for token in tokens if isinstance(token, str)] if isinstance(tokens, list) else []
