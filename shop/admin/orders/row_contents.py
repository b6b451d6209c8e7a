"""A short text of the contents of each order in a list: one query for a page."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from shop.core.database import db
from shop.orders.models import OrderLine

MAX_LINES = 3  # shown for one order


@dataclass(frozen=True)
class RowContents:
    """The first lines of an order, and the number of further lines."""

    lines: list[str]
    more: int


def contents_of(order_ids: Sequence[int]) -> dict[int, RowContents]:
    """What is in each of these orders, without refunded pieces, by order id."""
    if not order_ids:
        return {}
    order_id = OrderLine.order_id
    ranked = (
        select(
            order_id,
            OrderLine.name,
            OrderLine.label,
            (OrderLine.quantity - OrderLine.refunded).label("pieces"),
            func.row_number().over(partition_by=order_id, order_by=OrderLine.position).label("rank"),
            func.count().over(partition_by=order_id).label("line_count"),
        )
        .where(order_id.in_(order_ids), OrderLine.quantity > OrderLine.refunded)
        .subquery()
    )
    first = select(ranked).where(ranked.c.rank <= MAX_LINES).order_by(ranked.c.order_id, ranked.c.rank)
    contents = {one: RowContents([], 0) for one in order_ids}  # a refunded order has no lines left
    for line in db.session.execute(first):
        label = f", {line.label}" if line.label else ""
        lines = [*contents[line.order_id].lines, f"{line.pieces} × {line.name}{label}"]
        contents[line.order_id] = RowContents(lines, max(0, line.line_count - MAX_LINES))
    return contents
