"""Cancel a paid order, undo "Mark paid by hand", and put returned goods back into stock: each on a page of its own."""

from flask import flash, request

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.payments.action_views import apply_action, back_to_order, form_page
from shop.admin.payments.forms import ReasonForm
from shop.admin.payments.refund_lines import LineCounts, returned_pieces
from shop.core.money import shillings
from shop.orders import reservations, transitions
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.payments import payment_reversals
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse


@admin.route("/orders/<number>/cancel-paid", methods=["GET", "POST"])
@may("owner", recent_login=True)
def order_cancel_paid(number: str) -> ViewResponse:
    """Cancel a paid order that was not sent; its money becomes a refund due."""
    order = order_by_number(number)
    if not payment_reversals.may_cancel(order):
        flash("This order cannot be cancelled: it is not paid, or it was sent", "problem")
        return back_to_order(number)
    form, returned = ReasonForm(), returned_pieces(order, request.form, fill_in=request.method == "GET")
    if request.method == "GET":
        form.seen.data = str(order.money_here)
    elif form.validate() and not returned.problems:
        return apply_action(number, _cancel_paid, form, returned)
    return form_page("admin/payments/cancel_paid.html", order, form, returned)


def _cancel_paid(order: Order, form: ReasonForm, returned: LineCounts) -> str:
    if form.seen.data != str(order.money_here):
        raise StaleState
    reason = form.reason.data or ""
    payment_reversals.cancel_paid(order, returned.by_sku, reason, current_user_name())
    due = f"; refund due: {shillings(order.refund_due_amount)}" if order.refund_due_amount else ""
    audit(f"Cancelled the paid order: {reason}{due}{returned.words}", order)
    return f"Order {order.number} is cancelled{due}"


@admin.route("/orders/<number>/undo-mark-paid", methods=["GET", "POST"])
@may("owner", recent_login=True)
def order_undo_mark_paid(number: str) -> ViewResponse:
    """Undo "marked paid by hand": the payment was for another order."""
    order = order_by_number(number)
    entry = payment_reversals.marked_by_hand(order)
    if entry is None:
        flash("This order has no payment marked by hand that can be undone", "problem")
        return back_to_order(number)
    form = ReasonForm()
    if request.method == "GET":
        form.seen.data = str(entry.id)
    elif form.validate():
        return apply_action(number, _undo_mark_paid, form)
    return form_page("admin/payments/undo_mark_paid.html", order, form, entry=entry)


def _undo_mark_paid(order: Order, form: ReasonForm) -> str:
    entry = payment_reversals.marked_by_hand(order)
    if entry is None or form.seen.data != str(entry.id):
        raise StaleState
    amount, code = entry.amount, f", code {entry.code}," if entry.code else ""
    reason = form.reason.data or ""
    payment_reversals.undo_mark_paid(order, reason, current_user_name())
    audit(f"Undid the payment of {shillings(amount)}{code} marked by hand: {reason}", order)
    return f"Order {order.number} is not marked paid any more{'; its code can be used again' if code else ''}"


@admin.route("/orders/<number>/return-goods", methods=["GET", "POST"])
@may("staff")
def order_return_goods(number: str) -> ViewResponse:
    """Put returned goods of an order back into stock, at most as many as it took."""
    order = order_by_number(number)
    form, returned = ReasonForm(), returned_pieces(order, request.form)
    if not returned.lines:
        flash("All goods of this order are back in stock", "problem")
        return back_to_order(number)
    if request.method == "GET":
        form.seen.data = _not_returned(returned)
    elif form.validate() and not returned.problems:
        if returned.by_sku:
            return apply_action(number, _return_goods, form, returned, clear_warning=False)
        form.reason.errors = ["Enter how many pieces were returned"]
    return form_page("admin/payments/returned_goods.html", order, form, returned)


def _not_returned(counts: LineCounts) -> str:
    """What can still be returned: a form sent twice counts once."""
    return ",".join(f"{count.line.id}:{count.maximum}" for count in counts.lines)


def _return_goods(order: Order, form: ReasonForm, returned: LineCounts) -> str:
    transitions.transition(order, order.payment, order.payment)
    if form.seen.data != _not_returned(returned_pieces(order, {})):
        raise StaleState
    reason = form.reason.data or ""
    reservations.put_back(order.id, returned.by_sku, f"Returned by the buyer: {reason}", current_user_name())
    audit(f"Goods returned: {reason}{returned.words}", order)
    return f"Saved{returned.words}"
