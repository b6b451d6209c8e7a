"""Finding an order by the address of its page."""

import re

from sqlalchemy import select
from sqlalchemy.sql.base import ExecutableOption

from shop.database import db
from shop.orders.models import Order

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,40}")


def order_with(token: str, *options: ExecutableOption) -> Order | None:
    """The order whose page has this token, or None. What could never be a token does not reach the database."""
    if not _TOKEN.fullmatch(token):
        return None
    return db.session.scalar(select(Order).where(Order.token == token).options(*options))
