"""Find orders by their tokens: the one of an address, and those of this browser, whose session holds them."""

import re
from collections.abc import Sequence

from flask import session
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.sql.base import ExecutableOption

from shop.core.database import db
from shop.orders.models import Order
from shop.orders.states import Payment

MAX_TOKENS = 5  # in the session, newest first
TOKENS = "orders"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,40}")


def order_by_token(token: str, *options: ExecutableOption) -> Order | None:
    """The order with this token, or None. Malformed tokens do not reach the database."""
    if not _TOKEN.fullmatch(token):
        return None
    return db.session.scalar(select(Order).where(Order.token == token).options(*options))


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


def known_orders() -> Sequence[Order]:
    """The orders that this browser placed last, newest first. Without tokens no query runs."""
    tokens = _tokens()
    if not tokens:
        return []
    return db.session.scalars(select(Order).where(Order.token.in_(tokens)).order_by(Order.id.desc())).all()


def held_by(orders: Sequence[Order]) -> dict[str, Order]:
    """The newest of these orders that holds each SKU."""
    return {line.sku: order for order in reversed(orders) for line in order.lines}


def _tokens() -> list[str]:
    tokens = session.get(TOKENS)
    return [token for token in tokens if isinstance(token, str)] if isinstance(tokens, list) else []
