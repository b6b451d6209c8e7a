"""The orders' pages at the desk."""

import re
from typing import Any

from flask import abort, render_template, request, url_for

from shop.admin import wording
from shop.admin.finding import find_orders, tidy_search
from shop.admin.frame import admin, may
from shop.admin.packing.forms import OrderForms
from shop.admin.showing import dossier_of


@admin.get("/")
@may("staff")
def orders() -> str:
    """The orders, newest first. All that is chosen stands in the address."""
    q = tidy_search(request.args.get("q", ""))
    found = find_orders(request.args.get("payment", ""), q, _page())

    def link(payment: str = found.payment, page: int = 1, q: str = q) -> str:
        return url_for("admin.orders", payment=payment or None, q=q or None, page=page if page > 1 else None)

    def link_to_page(page: int) -> str:
        return link(page=page)

    tabs = [("All", found.everything, link(payment=""), not found.payment)]
    for state, badge in wording.PAYMENTS.items():
        tabs.append(
            (badge.short or badge.words, found.counts.get(state, 0), link(payment=state), found.payment == state)
        )
    return render_template("admin/orders.html", found=found, q=q, tabs=tabs, link=link, link_to_page=link_to_page)


@admin.get("/orders/<number>")
@may("staff")
def order(number: str) -> str:
    """Everything known of one order, and what can be done with it."""
    return order_page(number, OrderForms())[0]


def order_page(number: str, forms: OrderForms) -> tuple[str, int]:
    """The page of an order and its status: 422 when something typed into one of its forms is wrong, 404 for none."""
    dossier = (dossier_of(number) if number.isascii() and number.isdigit() else None) or abort(404)
    page = render_template("admin/order.html", dossier=dossier, forms=forms, problems=forms.problems)
    return page, 422 if forms.problems else 200


@admin.context_processor
def words() -> dict[str, Any]:
    """The desk's words, for its templates."""
    return {
        "payments": wording.PAYMENTS,
        "fulfilments": wording.FULFILMENTS,
        "attempts": wording.ATTEMPTS,
        "claims": wording.CLAIMS,
        "methods": wording.METHODS,
        "why_no_page": wording.why_no_page,
        "why_failed": wording.why_failed,
    }


def _page() -> int:
    typed = request.args.get("page", "")
    return int(typed) if re.fullmatch(r"[0-9]{1,7}", typed) else 1
