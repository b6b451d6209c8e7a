"""One buyer at the desk: what is kept, as a page and as a file, and forgetting it. For an owner, freshly signed in."""

import json
from contextlib import suppress

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
from shop.store.settings import current_store

LONGEST = 254


@admin.get("/privacy")
@may("owner", freshly=True)
def privacy() -> str | tuple[str, int]:
    """Ask whom it is about; once that is said, show everything that is kept of them. Each look stands in the log."""
    if "who" not in request.args:
        return _page()
    typed = one_line(request.args["who"][: 4 * LONGEST], LONGEST)
    with suppress(UnknownBuyer):
        count = len(orders_of(find_buyer(typed)))
        write(lambda: audit(f"Looked at what is kept of the buyer of {_many(count)}"))
    return _page(typed)


@admin.post("/privacy/export")
@may("owner", freshly=True)
def privacy_export() -> str | AnyResponse | tuple[str, int]:
    """Everything that is kept of a buyer, as a file that another shop's software can read too."""
    typed = one_line(request.form.get("who", "")[: 4 * LONGEST], LONGEST)
    try:
        orders = orders_of(find_buyer(typed))
    except UnknownBuyer:
        return _page(typed)
    held = {
        "shop": current_store().name,
        "asked_for": typed,
        "made_at": utcnow().isoformat(),
        "held": rows_of_buyer(orders),
    }
    write(lambda: audit(f"Exported what is kept of the buyer of {_many(len(orders))}"))
    return Response(
        json.dumps(held, ensure_ascii=False, indent=1),
        mimetype="application/json",
        headers={"Content-Disposition": "attachment; filename=buyer.json"},
    )


@admin.post("/privacy/anonymise")
@may("owner", freshly=True)
def privacy_anonymise() -> str | AnyResponse | tuple[str, int]:
    """Forget a buyer in every order of theirs, or in none. Asks to type once more whom: there is no way back."""
    typed = one_line(request.form.get("who", "")[: 4 * LONGEST], LONGEST)
    try:
        who = find_buyer(typed)
    except UnknownBuyer:
        return _page(typed)
    try:
        meant = find_buyer(request.form.get("typed", "")[:LONGEST]).casefold() == who.casefold()
    except UnknownBuyer:
        meant = False
    if not meant:
        return _page(typed, ("typed", "Type the phone number or e-mail address once more, exactly as above"))
    now = utcnow()

    def forget_all() -> int:
        orders = orders_of(who)
        for order in sorted(orders, key=lambda order: order.id):
            anonymise_order(order, now)
            audit("Anonymised the buyer", order)
        return len(orders)

    try:
        forgotten = write(forget_all)
    except StaleState:
        return _page(typed, ("typed", "Nothing was changed: an order of this buyer still needs to know who they are"))
    if not forgotten:
        flash("There is no order of this buyer, so there was nothing to remove", "problem")
    else:
        flash(f"The buyer of {_many(forgotten)} is anonymised", "good")
    return redirect(url_for("admin.privacy"), 303)


@admin.get("/privacy/export")
@admin.get("/privacy/anonymise")
@may("owner")
def privacy_back() -> AnyResponse:
    """Where the password was asked for in between, the form has to be sent again."""
    return redirect(url_for("admin.privacy"), 303)


def _page(typed: str | None = None, problem: tuple[str, str] | None = None) -> str | tuple[str, int]:
    settings: Settings = current_app.config["SETTINGS"]
    problems, who, orders, now = [problem] if problem else [], "", [], utcnow()
    if typed is not None:
        try:
            who = find_buyer(typed)
        except UnknownBuyer as nobody:
            problems = [("who", str(nobody))]
        else:
            orders = list(orders_of(who))
    waiting = [(order, words) for order in orders if (words := why_not_anonymised(order, now))]
    shown = orders[:MAX_SHOWN]
    page = render_template(
        "admin/privacy/buyer.html",
        typed=typed or "",
        who=who,
        orders=shown,
        count=len(orders),
        held=rows_of_buyer(shown) if shown else {},
        waiting=waiting,
        problems=problems,
        retention_months=settings.retention_months,
    )
    return (page, 422) if problems else page


def _many(count: int) -> str:
    return f"{count} order{'s' if count != 1 else ''}"
