"""The list of orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit_search
from shop.accounts.permissions import admin, has_role, may
from shop.admin.navigation import pending_counts
from shop.admin.orders.fulfilment_undo_views import last_bulk_step
from shop.core.database import db
from shop.core.text import one_line
from shop.orders.models import OrderLine
from shop.orders.search import Count, OrderPage, find_orders
from shop.orders.search_query import OLDEST_FIRST, TABS, OrderFilter, order_filter

BULK_ACTIONS = {  # name: (label, tabs)
    "packed": ("Mark packed", ("to-pack", "all")),
    "sent": ("Mark sent", ("to-send", "all")),
    "delivered": ("Mark delivered", ("sent", "all")),
    "looked-at": ("Resolve warnings", ("all",)),
}
PRINTS = {"pick": "Pick list", "packing": "Packing slips", "rider": "Rider slips"}
MAX_SELECTED = 200  # orders of one bulk action: their numbers fit one address, and it takes seconds
MAX_LINES = 3  # of one order, in its row


@dataclass(frozen=True)
class RowContents:
    """The first lines of an order, and the number of further lines."""

    lines: list[str]
    more: int


@admin.get("/")
@may("staff")
def orders() -> AnyResponse | str:
    """The orders of one tab. The address holds every filter."""
    if request.args.get("tab") == "to-check":
        return redirect(url_for("admin.checks"), 303)  # the list's former address
    wanted = order_filter(request.args)
    found = find_orders(wanted)
    if wanted.q:
        audit_search("Searched the orders", str(found.counts[wanted.tab]))
    elif wanted.place:
        audit_search("Paged through the orders")
    return render_template(
        "admin/orders/list.html",
        wanted=wanted,
        found=found,
        contents=_contents_of([row.id for row in found.rows]),
        tabs=_tabs(wanted, found),
        title=TABS[wanted.tab],
        actions=_actions(wanted),
        selectable=selectable_orders(found.counts[wanted.tab]),
        undoable=last_bulk_step(),
        to_review=pending_counts().to_review,
        link=partial(list_address, wanted),
        here=list_address(wanted, **_place(wanted)),
    )


def list_address(wanted: OrderFilter, **changes: Any) -> str:
    """The address of a list's first page; `changes` replace parts of its filter."""
    parts: dict[str, Any] = wanted.address(**changes)
    return url_for("admin.orders", **parts)


def submitted_numbers(typed: list[str]) -> list[str]:
    """The submitted order numbers, each once."""
    return list(dict.fromkeys(number for text in typed if (number := one_line(text[:80], 12))))


def selectable_orders(count: Count) -> int:
    """How many orders "choose all" selects: the whole list, at most MAX_SELECTED; 0 if the list was not counted."""
    return min(count.number, MAX_SELECTED)


def _tabs(wanted: OrderFilter, found: OrderPage) -> list[tuple[str, Count, str, bool]]:
    """Each list with its count. "To review" is a page of its own, shown among the lists when no filter is set."""
    tabs = [(words, found.counts[tab], list_address(wanted, tab=tab), tab == wanted.tab) for tab, words in TABS.items()]
    if not wanted.filtered:
        tabs.insert(len(OLDEST_FIRST), ("To review", pending_counts().to_review, url_for("admin.checks"), False))
    return tabs


def _actions(wanted: OrderFilter) -> list[tuple[str, str]]:
    """Name and label of each action for the selected orders."""
    actions = [(name, label) for name, (label, tabs) in BULK_ACTIONS.items() if wanted.tab in tabs]
    actions += PRINTS.items()
    return [*actions, ("export", "Export chosen")] if has_role("owner") else actions


def _place(wanted: OrderFilter) -> dict[str, str]:
    place = wanted.place
    return {"before" if place.older else "after": str(place)} if place else {}


def _contents_of(order_ids: Sequence[int]) -> dict[int, RowContents]:
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
