"""The orders of this browser that still wait to be paid. The session holds their tokens: nobody else's are found."""

from collections.abc import Sequence

from flask import session
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.core.database import db
from shop.orders.models import Order
from shop.orders.states import Payment

MOST_KEPT = 5  # tokens in the session, newest first
TOKENS = "orders"


def remember_order(order: Order) -> None:
    """This browser has placed an order."""
    session[TOKENS] = [order.token, *(token for token in _tokens() if token != order.token)][:MOST_KEPT]
    session.permanent = True


def open_orders() -> Sequence[Order]:
    """Those that wait to be paid, newest first, with their lines; without a query where none was placed."""
    tokens = _tokens()
    if not tokens:
        return []
    waiting = select(Order).where(Order.token.in_(tokens), Order.payment == Payment.AWAITING)
    return db.session.scalars(waiting.options(selectinload(Order.lines)).order_by(Order.id.desc())).all()


def held_by(orders: Sequence[Order]) -> dict[str, Order]:
    """Which of these orders holds pieces of a SKU; the newest, where several do."""
    return {line.sku: order for order in reversed(orders) for line in order.lines}


def _tokens() -> list[str]:
    tokens = session.get(TOKENS)
    return [token for token in tokens if isinstance(token, str)] if isinstance(tokens, list) else []
