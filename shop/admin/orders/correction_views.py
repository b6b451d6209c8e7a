"""The page that corrects the contact and delivery details of an order."""

from flask import flash, redirect, render_template, request, url_for

from shop.accounts.audit_log import audit_only, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.orders.forms import CorrectForm
from shop.admin.orders.fulfilment_views import apply_to_order
from shop.core.phones import readable_phone
from shop.orders.corrections import NAMES, PHONES, can_correct, correct_by_merchant
from shop.orders.models import Order
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse
from shop.web.fingerprints import refuse_if_changed

LABELS = {name: words.capitalize() for name, words in NAMES.items()}


@admin.route("/orders/<number>/correct", methods=["GET", "POST"])
@may("staff")
def order_correct(number: str) -> ViewResponse:
    """Correct the contacts, address, receiver and note of an order that was not sent."""
    order = order_by_number(number)
    if not can_correct(order):
        flash("This order can’t be corrected: it was sent, or it is closed", "problem")
        return redirect(url_for("admin.order", number=number), 303)
    shown = _shown(order)
    form = CorrectForm(**({} if request.method == "POST" else {"data": shown}))
    if request.method == "POST" and form.validate():
        return apply_to_order(number, _correct, form)
    page = render_template(
        "admin/orders/correct.html",
        order=order,
        form=form,
        shown=shown,
        of=_fingerprint_name(order),
        problems=form.problems,
    )
    return page, 422 if form.problems else 200


def _correct(order: Order, form: CorrectForm) -> str:
    refuse_if_changed(_fingerprint_name(order), _shown(order), labels=LABELS)
    names = correct_by_merchant(order, form.answers(), current_user_name())
    if not names:
        return "Nothing was changed"
    audit_only(f"Corrected {', '.join(names)} of order {order.number}", order)
    return f"Corrected: {', '.join(names)}. Print the slips again if you have printed them"


def _shown(order: Order) -> dict[str, str]:
    return {name: readable_phone(getattr(order, name)) if name in PHONES else getattr(order, name) for name in NAMES}


def _fingerprint_name(order: Order) -> str:
    return f"buyer of order {order.number}"
