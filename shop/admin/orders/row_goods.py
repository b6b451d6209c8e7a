"""What is in each order of a list, in a few words: one query for a whole page."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from shop.core.database import db
from shop.orders.models import OrderLine

MOST_LINES = 3  # of one order that a list names


@dataclass(frozen=True)
class Goods:
    """The first lines of an order, and how many more there are."""

    lines: list[str]  # pieces, name and variant
    more: int


def goods_of(order_ids: Sequence[int]) -> dict[int, Goods]:
    """What is in each of these orders, without what was refunded, by its id."""
    if not order_ids:
        return {}
    of_order = OrderLine.order_id
    ranked = (
        select(
            of_order,
            OrderLine.name,
            OrderLine.label,
            (OrderLine.quantity - OrderLine.refunded).label("pieces"),
            func.row_number().over(partition_by=of_order, order_by=OrderLine.position).label("place"),
            func.count().over(partition_by=of_order).label("of"),
        )
        .where(of_order.in_(order_ids), OrderLine.quantity > OrderLine.refunded)
        .subquery()
    )
    named = select(ranked).where(ranked.c.place <= MOST_LINES).order_by(ranked.c.order_id, ranked.c.place)
    goods = {order_id: Goods([], 0) for order_id in order_ids}  # of one that was refunded whole nothing is left
    for line in db.session.execute(named):
        label = f", {line.label}" if line.label else ""
        lines = [*goods[line.order_id].lines, f"{line.pieces} × {line.name}{label}"]
        goods[line.order_id] = Goods(lines, max(0, line.of - MOST_LINES))
    return goods
