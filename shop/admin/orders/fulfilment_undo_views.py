"""Undo a fulfilment step: within a minute by a button, later on a page that asks for a reason."""

from flask import abort, flash, redirect, render_template, request, session, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit_only, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.orders.forms import UndoStepForm
from shop.admin.orders.fulfilment_views import apply_to_order
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.orders.fulfilment import PREVIOUS_STEP, TooLate, can_step_back, undo_last_step, undo_step
from shop.orders.models import Order
from shop.orders.states import UNDO_WITHIN, Fulfilment
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse

TOO_LATE = "It is too late to undo: the minute is over. Use “Mark as not {step}” below"
SESSION_KEY = "undo"  # the last bulk action


@admin.post("/orders/<number>/undo")
@may("staff")
def order_undo(number: str) -> AnyResponse:
    """Undo a step within its minute; its email is not sent."""
    step = _posted_step()
    try:
        return apply_to_order(number, _undo_last_step, step)
    except TooLate:
        flash(TOO_LATE.format(step=step), "problem")
        return redirect(url_for("admin.order", number=number), 303)


def _undo_last_step(order: Order, step: Fulfilment) -> str:
    undo_last_step(order, step, current_user_name())
    audit_only(f"Undid “{step}” of order {order.number}", order)
    return f"Undone: the order is not marked {step}, and no email is sent"


@admin.route("/orders/<number>/undo-step", methods=["GET", "POST"])
@may("staff")
def order_step_back(number: str) -> ViewResponse:
    """Ask for a reason, then undo the last step."""
    order = order_by_number(number)
    form = UndoStepForm()
    if request.method == "POST" and form.validate():
        return apply_to_order(number, _undo_step, _posted_step(), form.reason.data)
    if not can_step_back(order):
        return redirect(url_for("admin.order", number=number), 303)
    step = Fulfilment(order.fulfilment)
    emails = select(OutboxEmail).where(OutboxEmail.order_id == order.id, OutboxEmail.kind.in_(("sent", "ready")))
    sent_email = db.session.scalar(
        emails.where(OutboxEmail.sent_at.is_not(None)).order_by(OutboxEmail.id.desc()).limit(1)
    )
    page = render_template(
        "admin/orders/undo_step.html",
        order=order,
        form=form,
        step=step,
        to=PREVIOUS_STEP[step],
        sent_email=sent_email,
        problems=form.problems,
    )
    return page, 422 if form.problems else 200


def _undo_step(order: Order, step: Fulfilment, reason: str) -> str:
    undo_step(order, step, reason, current_user_name())
    audit_only(f"Marked order {order.number} as not {step}: {reason}", order)
    return f"The order is marked as not {step}"


def _posted_step() -> Fulfilment:
    typed = request.form.get("step")
    return next((step for step in PREVIOUS_STEP if step == typed), None) or abort(422)


def remember_bulk_step(step: Fulfilment, numbers: list[str]) -> None:
    """Keep in the session which orders took a step together, so that it can be undone."""
    session[SESSION_KEY] = {"step": str(step), "orders": numbers, "at": int(utcnow().timestamp())}


def last_bulk_step() -> tuple[Fulfilment, list[str], int] | None:
    """The step, the order numbers and the time (Unix seconds) of the last bulk action; None after a minute."""
    kept = session.get(SESSION_KEY)
    if not kept or utcnow().timestamp() - kept["at"] >= UNDO_WITHIN.total_seconds():
        session.pop(SESSION_KEY, None)
        return None
    return Fulfilment(kept["step"]), kept["orders"], kept["at"]


def forget_bulk_step() -> None:
    """The last bulk action was undone."""
    session.pop(SESSION_KEY, None)
