"""Acts of money at the desk: each one POST, one transaction, one line in the log. Of two at once one wins."""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.orders.detail_views import order_detail
from shop.admin.payments.forms import METHODS, MoneyForm, PaidForm, RefundForm, read_amount, tidy
from shop.admin.payments.refund_lines import Goods, goods_asked, refunded_goods
from shop.core.database import write
from shop.core.money import AmountError, shillings
from shop.orders.models import Order
from shop.orders.reservations import OutOfStock, TooManyBack
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments import manual_payments, refunds, review_flags
from shop.payments.manual_payments import AmountTooLow, ManualPayment
from shop.payments.mpesa_codes import entry_by_code, lookalikes_of
from shop.payments.review_queue import order_by_number
from shop.web.base_form import BaseForm, ViewResponse

TOO_LATE = "Nothing was changed: somebody else, or Chpter, was quicker. This is how the order stands now"


@admin.get("/orders/<number>/decide")
@may("owner")
def money_decide(number: str) -> ViewResponse:
    """What an order in review is about, and the two ways out."""
    return _decide_page(number)


@admin.post("/orders/<number>/accept")
@may("owner")
def money_accept(number: str) -> ViewResponse:
    """An order in review is paid. With less than it costs, that is asked once more, on a page of its own."""
    try:
        amount = read_amount(request.form.get("amount", ""))
    except AmountError as error:
        return _decide_page(number, "amount", str(error))

    def accept(order: Order) -> str:
        before = order.received
        manual_payments.accept(order, amount, current_user_name())
        came = order.received - before
        words = f"Accepted as paid: {shillings(came)} came" if came else "Accepted as paid"
        if came > order.total:
            words += f", {shillings(order.total)} was asked for"
        audit(words, order)
        return words

    try:
        return done(number, accept)
    except AmountTooLow:
        return redirect(url_for("admin.money_accept_less", number=number, amount=amount), 303)


@admin.post("/orders/<number>/refuse")
@may("owner")
def money_refuse(number: str) -> ViewResponse:
    """An order in review is cancelled; what came is to be given back."""
    try:
        came = read_amount(request.form.get("came", "0") or "0", smallest=0)
    except AmountError as error:
        return _decide_page(number, "came", str(error))

    def refuse(order: Order) -> str:
        manual_payments.refuse(order, came, current_user_name())
        due = (
            f"; {shillings(order.refund_due_amount)} is to be given back"
            if order.refund_due_amount
            else "; no money came"
        )
        words = f"Refused the payment and cancelled the order{due}"
        audit(words, order)
        return words

    return done(number, refuse)


@admin.post("/orders/<number>/cancel")
@may("owner")
def money_cancel(number: str) -> ViewResponse:
    """An unpaid order is cancelled."""

    def cancel(order: Order) -> str:
        manual_payments.cancel(order)
        audit("Cancelled the unpaid order; its goods are on sale again", order)
        return f"Order {order.number} is cancelled"

    return done(number, cancel)


@admin.post("/orders/<number>/attempts/<reference>")
@may("owner")
def money_attempt(number: str, reference: str) -> ViewResponse:
    """Money in review apart from its order's state came, or did not."""
    try:
        came = read_amount(request.form.get("came", ""), smallest=0)
    except AmountError as error:
        flash(str(error), "problem")
        return to_order(number)

    def settle(order: Order) -> str:
        attempt = next((one for one in order.attempts if str(one.reference) == reference), None)
        if attempt is None:
            raise StaleState
        manual_payments.resolve_attempt(attempt, came, current_user_name())
        words = f"Payment {reference}: {shillings(came)} came" if came else f"Payment {reference}: no money came"
        audit(words, order)
        return words

    return done(number, settle)


@admin.post("/orders/<number>/same-money")
@may("owner")
def money_same(number: str) -> ViewResponse:
    """What was marked paid by hand is the payment Chpter told of later."""

    def correct(order: Order) -> str:
        amount = manual_payments.mark_duplicate(order, current_user_name())
        words = f"The {shillings(amount)} marked paid by hand is the payment Chpter told of: counted once"
        audit(words, order)
        return words

    return done(number, correct)


@admin.post("/orders/<number>/seen")
@may("owner")
def money_seen(number: str) -> ViewResponse:
    """An owner found the payment where money is: the goods may leave."""

    def see(order: Order) -> str:
        if not manual_payments.verify_payment(order, current_user_name()):
            return f"The payment of order {order.number} was seen already, by {order.payment_verified_by}"
        audit("Saw the payment in Chpter’s account or on the statement", order)
        return f"Noted: the payment of order {order.number} was seen. Its goods may leave"

    return done(number, see, calms=False)


@admin.route("/orders/<number>/mark-paid", methods=["GET", "POST"])
@may("owner", freshly=True)
def money_mark_paid(number: str) -> ViewResponse:
    """Money that a person saw, and Chpter did not tell of."""
    order = order_by_number(number)
    if order.payment not in manual_payments.PAYABLE and request.method == "GET":
        flash("There is nothing to mark: the order is not waiting for money", "problem")
        return to_order(number)
    form = PaidForm()
    if request.method == "GET":
        lacks = order.total - (order.money_here - order.refund_due_amount)
        form.amount.data = request.args.get("amount", "")[:12] or str(lacks if lacks > 0 else order.total)
        form.code.data = request.args.get("code", "")[:10]
        form.method.data, form.seen.data = "MPESA", order.payment
    elif form.validate() and _unused_code(form):
        money, seen = form.money(), form.seen.data or ""

        def mark(order: Order) -> str:
            manual_payments.mark_paid(order, seen, money, current_user_name(), form.let_off())
            less = f" {shillings(order.shortfall)} was let off" if order.shortfall else ""
            audit(f"Marked paid by hand: {_in_words(money)}{less}", order)
            return f"Order {order.number} is paid"

        try:
            reply = _unless_code_taken(form, lambda: done(number, mark))
        except AmountTooLow as less:
            form.ask_to_let_off(less.shortfall)
            reply = None
        if reply is not None:
            return reply
    return form_page("admin/payments/mark_paid.html", order_by_number(number), form)


@admin.route("/orders/<number>/give-back", methods=["GET", "POST"])
@may("owner", freshly=True)
def money_give_back(number: str) -> ViewResponse:
    """Money that was given back outside the shop is recorded."""
    order = order_by_number(number)
    if not order.money_here or order.payment not in refunds.REFUNDABLE:
        flash("There is no money of this order to give back", "problem")
        return to_order(number)
    form, goods = RefundForm(order.money_here), goods_asked(order, request.form)
    refunded = refunded_goods(order, request.form)
    if request.method == "GET":
        form.amount.data, form.seen.data = str(order.refund_due_amount or order.money_here), str(order.refunded)
        form.method.data = "MPESA"
    elif form.validate() and not (goods.problems or refunded.problems) and _unused_code(form):
        money, seen = form.money(), form.seen.data or ""

        def give_back(order: Order) -> str:
            if seen != str(order.refunded):
                raise StaleState
            refunds.record_refund(order, order.refunded, money, current_user_name(), goods.back, refunded.by_line)
            audit(f"Gave back {_in_words(money)}{goods.words}", order)
            return f"Recorded: {shillings(money.amount)} was given back{goods.words}"

        reply = _unless_code_taken(form, lambda: done(number, give_back))
        if reply is not None:
            return reply
    return form_page("admin/payments/refund.html", order_by_number(number), form, goods=goods, refunded=refunded)


def done(number: str, act: Callable[[Order], str], *, calms: bool = True) -> AnyResponse:
    """Do it in one transaction, and say how it went on the page it came from. `calms`: it answers open warnings too.

    The order is locked before `act` looks at it: what the page showed is compared with what stands there.

    Raises LessCame when less came than the act says; nothing is kept then.
    """

    def work() -> str:
        order = order_by_number(number, keep=True)
        words = act(order)
        if calms:
            review_flags.clear_warning(order)
        return words

    try:
        flash(write(work), "good")
    except StaleState:
        flash(TOO_LATE, "problem")
    except TooManyBack as back:
        flash(f"Nothing was changed: of {back.sku} only {back.left} can come back to the shelf", "problem")
    except OutOfStock as short:
        words = f"Nothing was changed: the goods are gone ({short.left} of {short.sku} left). "
        flash(f"{words}Set the stock under Products once they are there, then try again", "problem")
    return to_order(number)


def to_order(number: str) -> AnyResponse:
    """Back to the page an act came from: the order's, or the list of payments to check."""
    back = url_for("admin.checks") if request.form.get("back") == "checks" else url_for("admin.order", number=number)
    return redirect(back, 303)


def _unused_code(form: MoneyForm) -> bool:
    code = form.money().code
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


def _unless_code_taken(form: MoneyForm, act: Callable[[], AnyResponse]) -> AnyResponse | None:
    """Do it; None, with words at the field, when another took the code at this very moment."""
    try:
        return act()
    except IntegrityError:
        if _unused_code(form):
            raise
        return None


def _in_words(money: ManualPayment) -> str:
    code = f", code {money.code}" if money.code else ""
    return f"{shillings(money.amount)} by {METHODS[money.method]}{code}. {money.reason}"


def form_page(
    template: str,
    order: Order,
    form: BaseForm,
    goods: Goods | None = None,
    refunded: Goods | None = None,
    **more: object,
) -> str | tuple[str, int]:
    """The page of a form, 422 when something typed into it, or into its list of goods, is wrong."""
    problems = [*form.problems, *(problem for one in (refunded, goods) if one for problem in one.problems)]
    context = {"order": order, "form": form, "goods": goods, "refunded": refunded, "problems": problems}
    page = render_template(template, **context, **more)
    return (page, 422) if problems else page


def _decide_page(number: str, field: str = "", words: str = "") -> ViewResponse:
    order = order_by_number(number)
    if order.payment != Payment.REVIEW:
        flash(TOO_LATE, "problem")
        return to_order(number)
    page = render_template(
        "admin/payments/resolve.html",
        dossier=order_detail(number),
        order=order,
        problems=[(field, words)] if words else [],
        wrong={field: {"words": words, "typed": tidy(request.form.get(field, "")[:40])}} if words else {},
    )
    return (page, 422) if words else page
