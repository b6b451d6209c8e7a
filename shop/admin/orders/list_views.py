"""The list of orders, and the same list as a file."""

from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit_search
from shop.accounts.permissions import admin, has_role, may
from shop.admin.navigation import work_left
from shop.admin.orders.fulfilment_undo_views import remembered
from shop.admin.orders.row_goods import goods_of
from shop.orders.search import Count, OrderPage, find_orders
from shop.orders.search_query import OLDEST_FIRST, TABS, OrderFilter, order_filter

ACTS = {  # what can be done with several orders at once, by tab
    "packed": ("Mark packed", ("to-pack", "all")),
    "sent": ("Mark sent", ("to-send", "all")),
    "delivered": ("Mark delivered", ("sent", "all")),
    "looked-at": ("Looked at warnings", ("all",)),
}
PRINTS = {"pick": "Pick list", "packing": "Packing slips", "rider": "Rider slips"}
MOST_AT_ONCE = 200  # orders one act is done with: their numbers fit one address, and it takes seconds


@admin.get("/")
@may("staff")
def orders() -> AnyResponse | str:
    """The orders of one tab. All that is chosen stands in the address."""
    if request.args.get("tab") == "to-check":
        return redirect(url_for("admin.checks"), 303)  # where that list stood before
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
        goods=goods_of([row.id for row in found.rows]),
        tabs=_tabs(wanted, found),
        title=TABS[wanted.tab],
        acts=_acts(wanted),
        every=every_of(found.counts[wanted.tab]),
        undoable=remembered(),
        to_check=work_left().to_check,
        link=partial(list_address, wanted),
        here=list_address(wanted, **_place(wanted)),
    )


def list_address(wanted: OrderFilter, **changes: Any) -> str:
    """The address of a list, from its top; `changes` replace parts of it."""
    parts: dict[str, Any] = wanted.address(**changes)
    return url_for("admin.orders", **parts)


def every_of(count: Count) -> int:
    """How many orders "choose all" means: those of the whole list, MOST_AT_ONCE at most; 0 when nobody counted them."""
    return min(count.number, MOST_AT_ONCE)


def _tabs(wanted: OrderFilter, found: OrderPage) -> list[tuple[str, Count, str, bool]]:
    """Each list with its number. "To check" is a page of its own, and stands among them while nothing narrows them."""
    tabs = [(words, found.counts[tab], list_address(wanted, tab=tab), tab == wanted.tab) for tab, words in TABS.items()]
    if not wanted.filtered:
        tabs.insert(len(OLDEST_FIRST), ("To check", work_left().to_check, url_for("admin.checks"), False))
    return tabs


def _acts(wanted: OrderFilter) -> list[tuple[str, str]]:
    """What can be done with the chosen orders: (name, words)."""
    acts = [(name, words) for name, (words, tabs) in ACTS.items() if wanted.tab in tabs]
    acts += PRINTS.items()
    return [*acts, ("export", "Export chosen")] if has_role("owner") else acts


def _place(wanted: OrderFilter) -> dict[str, str]:
    place = wanted.place
    return {"before" if place.older else "after": str(place)} if place else {}
