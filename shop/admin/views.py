"""The desk's pages. Every one of them asks who is there first."""

import re
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, session, url_for
from flask_security import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.admin import signing, wording
from shop.admin.finding import find_orders, tidy_search
from shop.admin.showing import dossier_of

admin = Blueprint("admin", __name__, url_prefix="/admin")


@admin.before_request
def only_merchants() -> AnyResponse | None:
    """Send whoever is not signed in to the sign-in page, and back here afterwards."""
    if current_user.is_authenticated:
        signing.stay()
        return None
    if session.get(signing.SINCE):
        signing.leave()
        flash("You were signed out. Sign in again to go on", "problem")
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    wanted = signing.desk_address(request.path + query) if request.method == "GET" else ""
    return redirect(url_for("security.login", next=wanted or None), 303)


@admin.after_app_request
def private(response: Response) -> Response:
    """Nothing of the desk is for a cache or a search engine."""
    if request.path.startswith("/admin"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@admin.get("/")
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
def order(number: str) -> str:
    """Everything known of one order."""
    dossier = dossier_of(number) if number.isascii() and number.isdigit() else None
    return render_template("admin/order.html", dossier=dossier or abort(404))


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
