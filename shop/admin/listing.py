"""The list of orders, and the same list as a file."""

from functools import partial
from typing import Any

from flask import render_template, request, url_for

from shop.admin.choosing import TABS, Chosen, chosen
from shop.admin.finding import find_orders
from shop.admin.frame import admin, holds, may
from shop.admin.searching import searched

ACTS = {  # what can be done with several orders at once, by tab
    "packed": ("Mark packed", ("to-pack", "all")),
    "sent": ("Mark sent", ("to-pack", "all")),
    "looked-at": ("Looked at warnings", ("to-check", "all")),
}
PRINTS = {"packing": "Packing slips", "rider": "Rider slips"}


@admin.get("/")
@may("staff")
def orders() -> str:
    """The orders, newest first. All that is chosen stands in the address."""
    wanted = chosen(request.args)
    found = find_orders(wanted)
    if wanted.q:
        searched("Searched the orders", str(found.counts[wanted.tab]))
    elif wanted.place:
        searched("Paged through the orders")
    tabs = [(words, found.counts[tab], list_address(wanted, tab=tab), tab == wanted.tab) for tab, words in TABS.items()]
    return render_template(
        "admin/orders.html",
        wanted=wanted,
        found=found,
        tabs=tabs,
        title=TABS[wanted.tab],
        acts=_acts(wanted),
        link=partial(list_address, wanted),
        here=list_address(wanted, **_place(wanted)),
    )


def list_address(wanted: Chosen, **changes: Any) -> str:
    """The address of a list, from its top; `changes` replace parts of it."""
    parts: dict[str, Any] = wanted.address(**changes)
    return url_for("admin.orders", **parts)


def _acts(wanted: Chosen) -> list[tuple[str, str]]:
    """What can be done with the chosen orders: (name, words)."""
    acts = [(name, words) for name, (words, tabs) in ACTS.items() if wanted.tab in tabs]
    acts += PRINTS.items()
    return [*acts, ("export", "Export chosen")] if holds("owner") else acts


def _place(wanted: Chosen) -> dict[str, str]:
    place = wanted.place
    return {"before" if place.older else "after": str(place)} if place else {}
