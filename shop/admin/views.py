"""The page of one order at the desk."""

from typing import Any

from flask import abort, render_template

from shop.admin import wording
from shop.admin.frame import admin, may
from shop.admin.packing.forms import OrderForms
from shop.admin.showing import dossier_of


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
        "attempt_badge": wording.attempt_badge,
        "claims": wording.CLAIMS,
        "methods": wording.METHODS,
        "why_no_page": wording.why_no_page,
        "why_failed": wording.why_failed,
        "was_charged": wording.was_charged,
    }
