"""The page that corrects who buys and where an order goes."""

from flask import flash, redirect, render_template, request, url_for

from shop.accounts.audit_log import audit_only, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.orders.forms import CorrectForm
from shop.admin.orders.fulfilment_views import pressed
from shop.core.phones import readable_phone
from shop.orders.corrections import NAMES, can_correct, correct_by_merchant
from shop.orders.models import Order
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse
from shop.web.fingerprints import refuse_if_changed

LABELS = {name: words.capitalize() for name, words in NAMES.items()}


@admin.route("/orders/<number>/correct", methods=["GET", "POST"])
@may("staff")
def order_correct(number: str) -> ViewResponse:
    """Correct name, phone, email, address and note while the goods have not left."""
    order = order_by_number(number)
    if not can_correct(order):
        flash("This order can’t be corrected: it has left the shop, or it is closed", "problem")
        return redirect(url_for("admin.order", number=number), 303)
    shown = shown_of(order)
    form = CorrectForm(**({} if request.method == "POST" else {"data": shown}))
    if request.method == "GET" or not form.validate():
        problems = [(field.name, str(words)) for field in form for words in field.errors]
        page = render_template(
            "admin/orders/correct.html", order=order, form=form, shown=shown, of=_thing(order), problems=problems
        )
        return page, 422 if problems else 200

    def save(locked: Order) -> str:
        refuse_if_changed(_thing(locked), shown_of(locked), labels=LABELS)
        names = correct_by_merchant(locked, form.answers(), current_user_name())
        if not names:
            return "Nothing was different"
        audit_only(f"Corrected {', '.join(names)} of order {locked.number}", locked)
        return f"Corrected: {', '.join(names)}. Print its slips again if they are printed"

    return pressed(number, save)


def shown_of(order: Order) -> dict[str, str]:
    """What the form shows of an order."""
    return {**{name: getattr(order, name) for name in NAMES}, "phone_number": readable_phone(order.phone_number)}


def _thing(order: Order) -> str:
    return f"buyer of order {order.number}"
