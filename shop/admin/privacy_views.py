"""One buyer at the desk: what is kept, as a page and as a file, and forgetting it. For an owner, freshly signed in."""

import json
from contextlib import suppress

from flask import Response, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import acted
from shop.accounts.permissions import admin, may
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import write
from shop.core.text import one_line
from shop.orders.transitions import MovedMeanwhile
from shop.privacy.anonymise import forget, why_not_forgotten
from shop.privacy.buyer_export import MOST_SHOWN, NotAnybody, held_of, orders_of, who_is
from shop.store.settings import details

LONGEST = 254


@admin.get("/privacy")
@may("owner", freshly=True)
def privacy() -> str | tuple[str, int]:
    """Ask whom it is about; once that is said, show everything that is kept of them. Each look stands in the log."""
    if "who" not in request.args:
        return _page()
    typed = one_line(request.args["who"][: 4 * LONGEST], LONGEST)
    with suppress(NotAnybody):
        count = len(orders_of(who_is(typed)))
        write(lambda: acted(f"Looked at what is kept of the buyer of {_many(count)}"))
    return _page(typed)


@admin.post("/privacy/export")
@may("owner", freshly=True)
def privacy_export() -> str | AnyResponse | tuple[str, int]:
    """Everything that is kept of a buyer, as a file that another shop's software can read too."""
    typed = one_line(request.form.get("who", "")[: 4 * LONGEST], LONGEST)
    try:
        orders = orders_of(who_is(typed))
    except NotAnybody:
        return _page(typed)
    held = {"shop": details().name, "asked_for": typed, "made_at": utcnow().isoformat(), "held": held_of(orders)}
    write(lambda: acted(f"Exported what is kept of the buyer of {_many(len(orders))}"))
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
        who = who_is(typed)
    except NotAnybody:
        return _page(typed)
    try:
        meant = who_is(request.form.get("typed", "")[:LONGEST]).casefold() == who.casefold()
    except NotAnybody:
        meant = False
    if not meant:
        return _page(typed, ("typed", "Type the phone number or e-mail address once more, exactly as above"))
    now = utcnow()

    def forget_all() -> int:
        orders = orders_of(who)
        for order in sorted(orders, key=lambda order: order.id):
            forget(order, now)
            acted("Anonymised the buyer", order)
        return len(orders)

    try:
        forgotten = write(forget_all)
    except MovedMeanwhile:
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
            who = who_is(typed)
        except NotAnybody as nobody:
            problems = [("who", str(nobody))]
        else:
            orders = list(orders_of(who))
    waiting = [(order, words) for order in orders if (words := why_not_forgotten(order, now))]
    shown = orders[:MOST_SHOWN]
    page = render_template(
        "admin/privacy/buyer.html",
        typed=typed or "",
        who=who,
        orders=shown,
        count=len(orders),
        held=held_of(shown) if shown else {},
        waiting=waiting,
        problems=problems,
        retention_months=settings.retention_months,
    )
    return (page, 422) if problems else page


def _many(count: int) -> str:
    return f"{count} order{'s' if count != 1 else ''}"
