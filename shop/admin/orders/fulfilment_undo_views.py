"""Undoing a step of an order: at once by a button, later on a page that asks why."""

from flask import abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit_only, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.orders.forms import StepBackForm
from shop.admin.orders.fulfilment_views import pressed
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.orders.fulfilment import PREVIOUS_STEP, TooLate, can_step_back, undo_last_step, undo_step
from shop.orders.models import Order
from shop.orders.states import UNDO_WITHIN, Fulfilment
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse

TOO_LATE = "The minute for undoing is over. Use “Mark as not {step}” below"
KEPT = "undo"  # in the session: what was done together a moment ago


@admin.post("/orders/<number>/undo")
@may("staff")
def order_undo(number: str) -> AnyResponse:
    """Undo the step that was taken a moment ago; its email does not leave."""
    step = _step(request.form.get("step"))

    def back(order: Order) -> str:
        undo_last_step(order, step, current_user_name())
        audit_only(f"Undid “{step}” of order {order.number}", order)
        return f"Undone: the order is not marked {step}, and no email leaves"

    try:
        return pressed(number, back)
    except TooLate:
        flash(TOO_LATE.format(step=step), "problem")
        return redirect(url_for("admin.order", number=number), 303)


@admin.route("/orders/<number>/step-back", methods=["GET", "POST"])
@may("staff")
def order_step_back(number: str) -> ViewResponse:
    """Ask why, then put the order back to before its last step."""
    order = order_by_number(number)
    form = StepBackForm()
    if request.method == "GET" or not form.validate():
        if not can_step_back(order):
            return redirect(url_for("admin.order", number=number), 303)
        step = Fulfilment(order.fulfilment)
        return _page(order, form, step)
    step = _step(request.form.get("step"))

    def back(order: Order) -> str:
        undo_step(order, step, form.reason.data or "", current_user_name())
        audit_only(f"Marked order {order.number} as not {step}: {form.reason.data}", order)
        return f"The order is marked as not {step}"

    return pressed(number, back)


def _page(order: Order, form: StepBackForm, step: Fulfilment) -> tuple[str, int]:
    mails = select(OutboxEmail).where(OutboxEmail.order_id == order.id, OutboxEmail.kind.in_(("sent", "ready")))
    told = db.session.scalar(mails.where(OutboxEmail.sent_at.is_not(None)).order_by(OutboxEmail.id.desc()).limit(1))
    problems = [("reason", str(words)) for words in form.reason.errors]
    page = render_template(
        "admin/orders/undo_step.html",
        order=order,
        form=form,
        step=step,
        to=PREVIOUS_STEP[step],
        told=told,
        problems=problems,
    )
    return page, 422 if problems else 200


def _step(typed: str | None) -> Fulfilment:
    return next((step for step in PREVIOUS_STEP if step == typed), None) or abort(422)


def remember(step: Fulfilment, numbers: list[str]) -> None:
    """Keep in this browser which orders took a step together, for as long as it can be undone."""
    session[KEPT] = {"step": str(step), "orders": numbers, "at": int(utcnow().timestamp())}


def remembered() -> tuple[Fulfilment, list[str], int] | None:
    """The step that was taken together a moment ago, the orders, and the key of it; None when its minute is over."""
    kept = session.get(KEPT)
    if not kept or utcnow().timestamp() - kept["at"] >= UNDO_WITHIN.total_seconds():
        session.pop(KEPT, None)
        return None
    return Fulfilment(kept["step"]), kept["orders"], kept["at"]


def forget() -> None:
    """Nothing that was done together is to be undone any more."""
    session.pop(KEPT, None)
