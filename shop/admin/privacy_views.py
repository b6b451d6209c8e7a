"""The personal data of one buyer: show, export, anonymise. For owners who have just entered their password."""

import json
from contextlib import suppress
from functools import partial

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import write
from shop.core.text import one_line
from shop.orders.transitions import StaleState
from shop.privacy.anonymise import anonymise_order, why_not_anonymised
from shop.privacy.buyer_export import MAX_SHOWN, UnknownBuyer, find_buyer, orders_of, rows_of_buyer
from shop.privacy.contacts import contacts_of, forget_contacts, requests_of
from shop.store.settings import current_store

MAX_LENGTH = 254


@admin.get("/privacy")
@may("owner", recent_login=True)
def privacy() -> str | tuple[str, int]:
    """Ask for a phone number or email address, then show what is kept. Each view is audited."""
    if "who" not in request.args:
        return _page()
    typed = one_line(request.args["who"][: 4 * MAX_LENGTH], MAX_LENGTH)
    with suppress(UnknownBuyer):
        count = len(orders_of(find_buyer(typed)))
        write(lambda: audit(f"Viewed the personal data of the buyer of {_orders(count)}"))
    return _page(typed)


@admin.post("/privacy/export")
@may("owner", recent_login=True)
def privacy_export() -> str | AnyResponse | tuple[str, int]:
    """Everything that is kept about a buyer, as JSON."""
    typed = one_line(request.form.get("who", "")[: 4 * MAX_LENGTH], MAX_LENGTH)
    try:
        buyer = find_buyer(typed)
        orders = orders_of(buyer)
    except UnknownBuyer:
        return _page(typed)
    held = {
        "shop": current_store().name,
        "asked_for": typed,
        "made_at": utcnow().isoformat(),
        "held": rows_of_buyer(orders),
        "back_in_stock_requests": requests_of(contacts_of(orders, buyer)),
    }
    write(lambda: audit(f"Exported the personal data of the buyer of {_orders(len(orders))}"))
    return Response(
        json.dumps(held, ensure_ascii=False, indent=1),
        mimetype="application/json",
        headers={"Content-Disposition": "attachment; filename=buyer.json"},
    )


@admin.post("/privacy/anonymise")
@may("owner", recent_login=True)
def privacy_anonymise() -> str | AnyResponse | tuple[str, int]:
    """Anonymise a buyer in all of their orders, or in none. The phone number or address is typed twice."""
    typed = one_line(request.form.get("who", "")[: 4 * MAX_LENGTH], MAX_LENGTH)
    try:
        buyer = find_buyer(typed)
    except UnknownBuyer:
        return _page(typed)
    try:
        confirmed = find_buyer(request.form.get("typed", "")[:MAX_LENGTH]).casefold() == buyer.casefold()
    except UnknownBuyer:
        confirmed = False
    if not confirmed:
        return _page(typed, ("typed", "Type the phone number or email address again, exactly as above"))
    try:
        count, requests = write(partial(_anonymise, buyer))
    except StaleState:
        return _page(typed, ("typed", "Nothing was saved: an order of this buyer still needs their contact details"))
    if count:
        flash(f"The buyer of {_orders(count)} is anonymised", "good")
    elif requests:
        flash("Deleted: the shop has no data about this buyer any more", "good")
    else:
        flash("This buyer has no order, so there was nothing to anonymise", "problem")
    return redirect(url_for("admin.privacy"), 303)


def _anonymise(buyer: str) -> tuple[int, int]:
    """Anonymise a buyer; how many orders, and how many requests that no order's contact found."""
    orders, now, review_texts = orders_of(buyer), utcnow(), "review_texts" in request.form
    for order in sorted(orders, key=lambda order: order.id):
        anonymise_order(order, now, review_texts=review_texts)
        audit("Anonymised the buyer", order)
    requests = forget_contacts({buyer.lower()})
    if requests and not orders:
        audit("Deleted the back-in-stock requests of a buyer")
    return len(orders), requests


@admin.get("/privacy/export")
@admin.get("/privacy/anonymise")
@may("owner")
def privacy_back() -> AnyResponse:
    """After the password was asked for, the form has to be submitted again."""
    return redirect(url_for("admin.privacy"), 303)


def _page(typed: str | None = None, problem: tuple[str, str] | None = None) -> str | tuple[str, int]:
    settings: Settings = current_app.config["SETTINGS"]
    problems, buyer, orders, now = [problem] if problem else [], "", [], utcnow()
    if typed is not None:
        try:
            buyer = find_buyer(typed)
        except UnknownBuyer as error:
            problems = [("who", str(error))]
        else:
            orders = list(orders_of(buyer))
    not_yet = [(order, reason) for order in orders if (reason := why_not_anonymised(order, now))]
    shown = orders[:MAX_SHOWN]
    page = render_template(
        "admin/privacy/buyer.html",
        typed=typed or "",
        buyer=buyer,
        orders=shown,
        count=len(orders),
        held=rows_of_buyer(shown) if shown else {},
        requests=requests_of(contacts_of(orders, buyer)) if buyer else [],
        not_yet=not_yet,
        problems=problems,
        retention_months=settings.retention_months,
    )
    return (page, 422) if problems else page


def _orders(count: int) -> str:
    return f"{count} order{'s' if count != 1 else ''}"
