"""Payment actions of an order: each is one POST, one transaction and one audit entry."""

from collections.abc import Callable
from functools import partial

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.payments.forms import MarkPaidForm, PaymentForm, RefundForm
from shop.admin.payments.refund_lines import LineCounts, refunded_pieces, returned_pieces
from shop.core.database import write
from shop.core.money import shillings
from shop.orders.models import Order
from shop.orders.payment_summary import PAYMENT_METHODS
from shop.orders.reservations import OutOfStock, TooManyBack
from shop.orders.transitions import StaleState
from shop.payments import manual_payments, refunds, review_flags
from shop.payments.manual_payments import AmountTooLow, ManualPayment
from shop.payments.mpesa_codes import entry_by_code, lookalikes_of
from shop.payments.review_queue import order_by_number
from shop.web.base_form import BaseForm, ViewResponse

CHANGED = "Nothing was saved: this order changed while you were looking at it. Check it and try again"


@admin.post("/orders/<number>/cancel")
@may("owner")
def order_cancel(number: str) -> ViewResponse:
    """Cancel an unpaid order."""
    return apply_action(number, _cancel)


def _cancel(order: Order) -> str:
    manual_payments.cancel(order)
    audit("Cancelled the unpaid order; its stock is on sale again", order)
    return f"Order {order.number} is cancelled"


@admin.post("/orders/<number>/duplicate-payment")
@may("owner")
def order_mark_duplicate(number: str) -> ViewResponse:
    """The payment marked by hand and a later callback are the same payment: count it once."""
    return apply_action(number, _mark_duplicate)


def _mark_duplicate(order: Order) -> str:
    amount = manual_payments.mark_duplicate(order, current_user_name())
    words = f"The {shillings(amount)} marked paid by hand is the payment that Chpter reported later: counted once"
    audit(words, order)
    return words


@admin.post("/orders/<number>/verify")
@may("owner")
def order_verify_payment(number: str) -> ViewResponse:
    """An owner found the payment in the Chpter account or the statement: the order may be sent."""
    return apply_action(number, _verify_payment, clear_warning=False)


def _verify_payment(order: Order) -> str:
    if not manual_payments.verify_payment(order, current_user_name()):
        return f"The payment of order {order.number} was already verified by {order.payment_verified_by}"
    audit("Verified the payment in the Chpter account or the M-PESA statement", order)
    return f"The payment of order {order.number} is verified. You can send the order"


@admin.route("/orders/<number>/mark-paid", methods=["GET", "POST"])
@may("owner", recent_login=True)
def order_mark_paid(number: str) -> ViewResponse:
    """Record a payment that Chpter did not report."""
    order = order_by_number(number)
    if order.payment not in manual_payments.PAYABLE and request.method == "GET":
        flash("This order is not waiting for a payment", "problem")
        return back_to_order(number)
    form = MarkPaidForm()
    if request.method == "GET":
        missing = manual_payments.balance_due(order, 0)
        form.amount.data = request.args.get("amount", "")[:12] or str(missing if missing > 0 else order.total)
        form.code.data = request.args.get("code", "")[:10]
        form.method.data, form.seen.data = "MPESA", order.payment
    elif form.validate():
        try:
            response = _apply_with_code(form, number, _mark_paid)
        except AmountTooLow as error:
            form.ask_to_write_off(error.shortfall)
            response = None
        if response is not None:
            return response
    return form_page("admin/payments/mark_paid.html", order_by_number(number), form)


def _mark_paid(order: Order, form: MarkPaidForm) -> str:
    payment = form.payment()
    manual_payments.mark_paid(order, form.seen.data or "", payment, current_user_name(), form.written_off())
    shortfall = f" {shillings(order.shortfall)} was written off" if order.shortfall else ""
    audit(f"Marked paid by hand: {_describe(payment)}{shortfall}", order)
    return f"Order {order.number} is paid"


@admin.route("/orders/<number>/refund", methods=["GET", "POST"])
@may("owner", recent_login=True)
def order_record_refund(number: str) -> ViewResponse:
    """Record a refund that was made outside the shop."""
    order = order_by_number(number)
    if not order.money_here or order.payment not in refunds.REFUNDABLE:
        flash("There is no money of this order to refund", "problem")
        return back_to_order(number)
    form, returned = RefundForm(order.money_here), returned_pieces(order, request.form)
    refunded = refunded_pieces(order, request.form)
    if request.method == "GET":
        form.amount.data, form.seen.data = str(order.refund_due_amount or order.money_here), str(order.refunded)
        form.method.data = "MPESA"
    elif form.validate() and not (returned.problems or refunded.problems):
        response = _apply_with_code(form, number, _record_refund, returned, refunded)
        if response is not None:
            return response
    return form_page("admin/payments/refund.html", order_by_number(number), form, returned=returned, refunded=refunded)


def _record_refund(order: Order, form: RefundForm, returned: LineCounts, refunded: LineCounts) -> str:
    if form.seen.data != str(order.refunded):
        raise StaleState
    refund = form.payment()
    refunds.record_refund(order, order.refunded, refund, current_user_name(), returned.by_sku, refunded.by_line)
    audit(f"Refunded {_describe(refund)}{returned.words}", order)
    return f"Refund of {shillings(refund.amount)} recorded{returned.words}"


def apply_action(
    number: str, action: Callable[..., str], *arguments: object, clear_warning: bool = True
) -> AnyResponse:
    """Call `action(order, *arguments)` in one transaction, flash the text it returns, and go back to the page before.

    The order is locked first, so that the action compares what the page showed with the current state. The order's
    warning is cleared too, unless `clear_warning` is false. Raises AmountTooLow from the action; nothing is saved then.
    """
    try:
        flash(write(partial(_lock_and_apply, number, action, arguments, clear_warning)), "good")
    except StaleState:
        flash(CHANGED, "problem")
    except TooManyBack as error:
        flash(f"Nothing was saved: only {error.left} of {error.sku} can be put back in stock", "problem")
    except OutOfStock as error:
        words = f"Nothing was saved: the order cannot be supplied ({error.left} of {error.sku} left). "
        flash(f"{words}Set the stock under Products when you have more, then try again", "problem")
    return back_to_order(number)


def _lock_and_apply(number: str, action: Callable[..., str], arguments: tuple[object, ...], clear_warning: bool) -> str:
    order = order_by_number(number, keep=True)
    words = action(order, *arguments)
    if clear_warning:
        review_flags.clear_warning(order)
    return words


def _apply_with_code(
    form: PaymentForm, number: str, action: Callable[..., str], *arguments: object
) -> AnyResponse | None:
    """Apply `action(order, form, *arguments)`. Returns None, with an error at the field, if the M-PESA code is used."""
    if not _is_code_unused(form):
        return None
    try:
        return apply_action(number, action, form, *arguments)
    except IntegrityError:  # another request used the code at the same time
        if _is_code_unused(form):
            raise
        return None


def _is_code_unused(form: PaymentForm) -> bool:
    code = form.payment().code
    entry = entry_by_code(code) if code else None
    if entry:
        form.code.errors = [f"That code was used already, for order {entry.order.number}"]
    elif code and form.compared.data != code and (alike := lookalikes_of(code)):
        form.code.errors = [
            f"Code {code} looks like {alike[0].code}, which was used for order {alike[0].order.number}. "
            "Compare 0 with O, 1 with I and L, 5 with S. If they are two payments, press the button again"
        ]
        form.compared.data = code
        return False
    return entry is None


def _describe(payment: ManualPayment) -> str:
    code = f", code {payment.code}" if payment.code else ""
    return f"{shillings(payment.amount)} by {PAYMENT_METHODS[payment.method]}{code}. {payment.reason}"


def back_to_order(number: str) -> AnyResponse:
    """Redirect to the review queue if the form came from there, else to the order."""
    back = url_for("admin.checks") if request.form.get("back") == "checks" else url_for("admin.order", number=number)
    return redirect(back, 303)


def form_page(
    template: str,
    order: Order,
    form: BaseForm,
    returned: LineCounts | None = None,
    refunded: LineCounts | None = None,
    **context: object,
) -> str | tuple[str, int]:
    """Render a form of an order's payment; status 422 if a field or a count of pieces is wrong."""
    problems = [*form.problems, *(problem for counts in (refunded, returned) if counts for problem in counts.problems)]
    page = render_template(
        template, order=order, form=form, returned=returned, refunded=refunded, problems=problems, **context
    )
    return (page, 422) if problems else page
