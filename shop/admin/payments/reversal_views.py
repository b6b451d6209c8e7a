"""Acts that undo, or ask again: the rest of a payment, less accepted, a paid order cancelled, a mark taken back."""

from flask import flash, redirect, request, url_for

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.payments.action_views import TOO_LATE, done, form_page, to_order
from shop.admin.payments.forms import ReasonForm, read_amount
from shop.admin.payments.refund_lines import goods_asked
from shop.core.money import AmountError, shillings
from shop.orders import reservations, transitions
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments import manual_payments, payment_reversals, shortfalls
from shop.payments.manual_payments import AmountTooLow
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse


@admin.post("/orders/<number>/ask-rest")
@may("owner")
def money_ask_rest(number: str) -> ViewResponse:
    """Less came: the part is counted, and the buyer is asked for the rest."""
    order_by_number(number)
    try:
        came = read_amount(request.form.get("came", ""), smallest=0)
        rest = read_amount(request.form.get("rest", ""))
    except AmountError as error:
        flash(str(error), "problem")
        return to_order(number)

    def ask(order: Order) -> str:
        shortfalls.request_remaining(order, came, rest, current_user_name())
        audit(f"Counted {shillings(came)} that came and asked the buyer for the remaining {shillings(rest)}", order)
        mailed = "The buyer gets a mail with the link" if order.email else "Send the buyer the link"
        return f"{shillings(rest)} is asked for. {mailed}; the message for WhatsApp stands below"

    reply = done(number, ask)
    return redirect(url_for("admin.order", number=number), 303) if reply.status_code == 303 else reply


@admin.route("/orders/<number>/accept-less", methods=["GET", "POST"])
@may("owner", freshly=True)
def money_accept_less(number: str) -> ViewResponse:
    """Less came, and it is enough: what lacks is let off. Asked on a page of its own, for it cannot be undone."""
    order = order_by_number(number)
    try:
        amount = read_amount(request.values.get("amount", ""), smallest=0)
    except AmountError as error:
        flash(str(error), "problem")
        return to_order(number)
    came = amount if manual_payments.attempt_in_review(order) else 0
    rest, form = shortfalls.balance_due(order, came), ReasonForm()
    if order.payment != Payment.REVIEW or not 0 < rest < order.total:
        flash(TOO_LATE, "problem")
        return to_order(number)
    if request.method == "GET":
        form.seen.data = _less(order, came)
    elif form.validate():
        seen, reason = form.seen.data or "", form.reason.data

        def accept(order: Order) -> str:
            if seen != _less(order, came):
                raise StaleState
            manual_payments.accept(order, amount, current_user_name(), write_off=shortfalls.balance_due(order, came))
            sums = f"{shillings(order.money_here)} of {shillings(order.total)}"
            audit(f"Accepted less: {sums}, {shillings(order.shortfall)} was let off. {reason}", order)
            return f"Accepted as paid: {sums} came, {shillings(order.shortfall)} was let off"

        try:
            return done(number, accept)
        except AmountTooLow:
            flash(TOO_LATE, "problem")
            return to_order(number)
    return form_page("admin/payments/accept_less.html", order, form, amount=amount, came=came, rest=rest)


def _less(order: Order, came: int) -> str:
    """What the page shows of an order that may be accepted with less: what lacks, and whether it was asked for."""
    return f"{shortfalls.balance_due(order, came)} {order.remaining_requested}"


@admin.route("/orders/<number>/cancel-paid", methods=["GET", "POST"])
@may("owner", freshly=True)
def money_cancel_paid(number: str) -> ViewResponse:
    """A paid order whose goods have not left is cancelled: its money is to be given back."""
    order = order_by_number(number)
    if not payment_reversals.may_cancel(order):
        flash("This order cannot be cancelled: it is not paid, or its goods have left", "problem")
        return to_order(number)
    form, goods = ReasonForm(), goods_asked(order, request.form, all_of_it=request.method == "GET")
    if request.method == "GET":
        form.seen.data = str(order.money_here)
    elif form.validate() and not goods.problems:
        seen, reason = form.seen.data or "", form.reason.data

        def cancel(order: Order) -> str:
            if seen != str(order.money_here):
                raise StaleState
            payment_reversals.cancel_paid(order, goods.back, reason, current_user_name())
            due = f"; {shillings(order.refund_due_amount)} is to be given back" if order.refund_due_amount else ""
            audit(f"Cancelled the paid order: {reason}{due}{goods.words}", order)
            return f"Order {order.number} is cancelled{due}"

        return done(number, cancel)
    return form_page("admin/payments/cancel_paid.html", order, form, goods=goods)


@admin.route("/orders/<number>/take-back", methods=["GET", "POST"])
@may("owner", freshly=True)
def money_take_back(number: str) -> ViewResponse:
    """A payment marked by hand was another order's: this one is not paid after all."""
    order = order_by_number(number)
    entry = payment_reversals.marked_by_hand(order)
    if entry is None:
        flash("There is no payment marked by hand that can be taken back", "problem")
        return to_order(number)
    form = ReasonForm()
    if request.method == "GET":
        form.seen.data = str(entry.id)
    elif form.validate():
        seen, reason = form.seen.data or "", form.reason.data

        def take_back(order: Order) -> str:
            entry = payment_reversals.marked_by_hand(order)
            if entry is None or seen != str(entry.id):
                raise StaleState
            amount, code = entry.amount, f", code {entry.code}," if entry.code else ""
            payment_reversals.undo_mark_paid(order, reason, current_user_name())
            audit(f"Took back the payment of {shillings(amount)}{code} marked by hand: {reason}", order)
            return f"Taken back. Order {order.number} is not paid{'; its code is free again' if code else ''}"

        return done(number, take_back)
    return form_page("admin/payments/undo_mark_paid.html", order, form, entry=entry)


@admin.route("/orders/<number>/goods-back", methods=["GET", "POST"])
@may("staff")
def goods_back(number: str) -> ViewResponse:
    """Goods of an order came back: they go on the shelf again, at most what it took."""
    order = order_by_number(number)
    form, goods = ReasonForm(), goods_asked(order, request.form)
    if not goods.lines:
        flash("All goods of this order are on the shelf", "problem")
        return to_order(number)
    shown = ",".join(f"{one.line.id}:{one.most}" for one in goods.lines)  # sent twice, it counts once
    if request.method == "GET":
        form.seen.data = shown
    elif form.validate() and not goods.problems:
        if not goods.back:
            form.reason.errors = ["Enter how many came back, beside what was ordered"]
        else:
            seen, reason = form.seen.data or "", form.reason.data

            def put_back(order: Order) -> str:
                transitions.lock_order(order, order.payment)
                now = ",".join(f"{one.line.id}:{one.most}" for one in goods_asked(order, {}).lines)
                if seen != now:
                    raise StaleState
                reservations.put_back(order.id, goods.back, f"Back from the buyer: {reason}", current_user_name())
                audit(f"Goods came back: {reason}{goods.words}", order)
                return f"Written down{goods.words}"

            return done(number, put_back, calms=False)
    return form_page("admin/payments/returned_goods.html", order, form, goods=goods)
