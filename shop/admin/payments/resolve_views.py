"""Resolve an order in review, or an attempt in review of another order: what was received, and what follows."""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.orders.detail_views import order_detail
from shop.admin.payments.action_views import CHANGED, apply_action, back_to_order, form_page
from shop.admin.payments.forms import ReasonForm, one_typed_line, read_amount
from shop.core.money import AmountError, shillings
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments import manual_payments
from shop.payments.manual_payments import AmountTooLow
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse


@admin.get("/orders/<number>/resolve")
@may("owner")
def order_resolve(number: str) -> ViewResponse:
    """An order in review, with the forms that accept or refuse its payment."""
    return _resolve_page(number)


def _resolve_page(number: str, field: str = "", error: str = "") -> ViewResponse:
    order = order_by_number(number)
    if order.payment != Payment.REVIEW:
        flash(CHANGED, "problem")
        return back_to_order(number)
    page = render_template(
        "admin/payments/resolve.html",
        detail=order_detail(number),
        order=order,
        problems=[(field, error)] if error else [],
        wrong={field: {"words": error, "typed": one_typed_line(request.form.get(field, "")[:40])}} if error else {},
    )
    return (page, 422) if error else page


@admin.post("/orders/<number>/accept")
@may("owner")
def order_accept(number: str) -> ViewResponse:
    """Accept the payment of an order in review. A smaller amount than the total is confirmed on a page of its own."""
    return _resolve(number, "amount", _accept)


@admin.post("/orders/<number>/refuse")
@may("owner")
def order_refuse(number: str) -> ViewResponse:
    """Cancel an order in review. Money that was received for it becomes a refund due."""
    return _resolve(number, "came", _refuse, nothing_received=True)


def _resolve(
    number: str, field: str, action: Callable[[Order, int], str], *, nothing_received: bool = False
) -> ViewResponse:
    """Apply `action` with the amount in `field`, which may be 0 or empty if `nothing_received` is possible."""
    typed = request.form.get(field, "")
    try:
        amount = 0 if nothing_received and not typed else read_amount(typed, minimum=0 if nothing_received else 1)
    except AmountError as error:
        return _resolve_page(number, field, str(error))
    try:
        return apply_action(number, action, amount)
    except AmountTooLow:
        return redirect(url_for("admin.order_accept_less", number=number, amount=amount), 303)


def _accept(order: Order, amount: int) -> str:
    before = order.received
    manual_payments.accept(order, amount, current_user_name())
    received = order.received - before
    words = f"Accepted as paid: {shillings(received)} received" if received else "Accepted as paid"
    if received > order.total:
        words += f", {shillings(order.total)} was asked for"
    audit(words, order)
    return words


def _refuse(order: Order, received: int) -> str:
    manual_payments.refuse(order, received, current_user_name())
    due = f"refund due: {shillings(order.refund_due_amount)}" if order.refund_due_amount else "no money was received"
    words = f"Refused the payment and cancelled the order; {due}"
    audit(words, order)
    return words


@admin.post("/orders/<number>/request-rest")
@may("owner")
def order_request_remaining(number: str) -> ViewResponse:
    """Count the part that was received, and ask the buyer for the remaining amount."""
    order_by_number(number)
    try:
        received = read_amount(request.form.get("came", ""), minimum=0)
        remaining = read_amount(request.form.get("rest", ""))
    except AmountError as error:
        flash(str(error), "problem")
        return back_to_order(number)
    apply_action(number, _request_remaining, received, remaining)
    return redirect(url_for("admin.order", number=number), 303)


def _request_remaining(order: Order, received: int, remaining: int) -> str:
    manual_payments.request_remaining(order, received, remaining, current_user_name())
    audit(f"Counted {shillings(received)} received and asked the buyer for the remaining {shillings(remaining)}", order)
    sent = "The buyer gets an email with the link" if order.email else "Send the buyer the link"
    return f"The buyer is asked for {shillings(remaining)}. {sent}; the WhatsApp message is below"


@admin.route("/orders/<number>/accept-less", methods=["GET", "POST"])
@may("owner", recent_login=True)
def order_accept_less(number: str) -> ViewResponse:
    """Accept less than the total and write off the shortfall. This cannot be undone, so it is confirmed on a page."""
    order = order_by_number(number)
    try:
        amount = read_amount(request.values.get("amount", ""), minimum=0)
    except AmountError as error:
        flash(str(error), "problem")
        return back_to_order(number)
    received = amount if manual_payments.attempt_in_review(order) else 0
    remaining, form = manual_payments.balance_due(order, received), ReasonForm()
    if order.payment != Payment.REVIEW or not 0 < remaining < order.total:
        flash(CHANGED, "problem")
        return back_to_order(number)
    if request.method == "GET":
        form.seen.data = _shown_shortfall(order, received)
    elif form.validate():
        try:
            return apply_action(number, _accept_less, form, amount, received)
        except AmountTooLow:
            flash(CHANGED, "problem")
            return back_to_order(number)
    return form_page(
        "admin/payments/accept_less.html", order, form, amount=amount, received=received, remaining=remaining
    )


def _shown_shortfall(order: Order, received: int) -> str:
    """What the page shows: the missing amount, and the amount that the buyer was asked for."""
    return f"{manual_payments.balance_due(order, received)} {order.remaining_requested}"


def _accept_less(order: Order, form: ReasonForm, amount: int, received: int) -> str:
    if form.seen.data != _shown_shortfall(order, received):
        raise StaleState
    manual_payments.accept(order, amount, current_user_name(), manual_payments.balance_due(order, received))
    sums = f"{shillings(order.money_here)} of {shillings(order.total)}"
    audit(f"Accepted less: {sums}, {shillings(order.shortfall)} was written off. {form.reason.data}", order)
    return f"Accepted as paid: {sums} received, {shillings(order.shortfall)} written off"


@admin.post("/orders/<number>/attempts/<reference>")
@may("owner")
def order_resolve_attempt(number: str, reference: str) -> ViewResponse:
    """Record whether the money of an attempt in review was received, for an order that is not in review."""
    try:
        received = read_amount(request.form.get("came", ""), minimum=0)
    except AmountError as error:
        flash(str(error), "problem")
        return back_to_order(number)
    return apply_action(number, _resolve_attempt, reference, received)


def _resolve_attempt(order: Order, reference: str, received: int) -> str:
    attempt = next((attempt for attempt in order.attempts if str(attempt.reference) == reference), None)
    if attempt is None:
        raise StaleState
    manual_payments.resolve_attempt(attempt, received, current_user_name())
    words = f"Payment {reference}: {f'{shillings(received)} received' if received else 'no money received'}"
    audit(words, order)
    return words
