"""The page of one order at the desk."""

from typing import Any

from flask import abort, render_template

from shop.admin import wording
from shop.admin.frame import admin, may
from shop.admin.showing import dossier_of


@admin.get("/orders/<number>")
@may("staff")
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
