"""The review queue with the payments without an order, the M-PESA code lookup, and the reconciliation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.labels import REVIEW_REASONS, review_reason
from shop.admin.navigation import pending_counts
from shop.admin.payments.available_actions import available_actions
from shop.admin.payments.forms import MpesaCodeForm
from shop.admin.payments.refund_lines import pieces_not_returned
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.core.phones import whatsapp_link
from shop.core.text import one_line
from shop.orders.models import Order
from shop.orders.payment_summary import PAYMENT_METHODS
from shop.orders.transitions import StaleState
from shop.payments import review_flags, review_queue
from shop.payments.chpter_contact import replaced_parts
from shop.payments.manual_payments import PAYABLE
from shop.payments.models import ReviewReason, UnmatchedCallback
from shop.payments.mpesa_codes import CodeLookup, look_up_code
from shop.payments.mpesa_messages import read_message
from shop.payments.reconciliation import reconcile
from shop.payments.unmatched_callbacks import dismiss_unmatched, open_unmatched
from shop.store.settings import current_store
from shop.web.pagination import id_arg, page_arg

MAX_PAYMENTS = 50
MAX_ORDERS = 5  # unpaid orders with the same total


@dataclass(frozen=True)
class UnmatchedPayment:
    """A callback without an order, and the unpaid orders with the same total, newest first."""

    callback: UnmatchedCallback
    orders: Sequence[Order]


def unmatched_payments() -> list[UnmatchedPayment]:
    """The payments without an order, oldest first. Two queries, or one when there is none."""
    callbacks = open_unmatched(MAX_PAYMENTS)
    amounts = {callback.amount for callback in callbacks if callback.amount}
    unpaid: Sequence[Order] = ()
    if amounts:
        same_total = select(Order).where(Order.payment.in_(PAYABLE), Order.total.in_(amounts))
        unpaid = db.session.scalars(same_total.order_by(Order.placed_at.desc()).limit(MAX_PAYMENTS)).all()
    return [
        UnmatchedPayment(callback, [order for order in unpaid if order.total == callback.amount][:MAX_ORDERS])
        for callback in callbacks
    ]


@admin.get("/review")
@may("staff")
def checks() -> str:
    """The review queue. The address holds its filter and page."""
    found = review_queue.find_review_items(
        request.args.get("kind", ""), page_arg(request.args.get("page", "")), utcnow()
    )

    def link(kind: str = found.kind, page: int = 1) -> str:
        return url_for("admin.checks", kind=kind or None, page=page if page > 1 else None)

    tabs: list[tuple[str, object, str, bool]] = [("All", pending_counts().to_review, link(kind=""), not found.kind)]
    tabs += [
        (REVIEW_REASONS[kind].words, found.counts.get(kind, 0), link(kind=kind), kind == found.kind)
        for kind in review_queue.URGENCY
        if found.counts.get(kind) or kind == found.kind
    ]
    return render_template(
        "admin/payments/review_queue.html",
        found=found,
        unmatched=unmatched_payments(),
        tabs=tabs,
        link=link,
        link_to_page=lambda page: link(page=page),
    )


@admin.post("/review/close")
@may("staff")
def review_resolve() -> AnyResponse:
    """Resolve a review flag or an order's warnings, or dismiss an order that waits for its callback."""
    words = one_line(request.form.get("words", ""), 200) or "Resolved"
    flag, number = request.form.get("check", ""), request.form.get("waiting", "")
    if re.fullmatch(r"[0-9]{1,9}", flag, re.ASCII):
        done = write(lambda: _resolve_flag(int(flag), words))
    elif warned := request.form.get("warned", ""):
        done = write(lambda: _resolve_warnings(warned, words))
    else:
        done = write(lambda: _dismiss_waiting(number, words))
    flash(*(("Resolved", "good") if done else ("This was already resolved", "problem")))
    kind = request.form.get("kind", "")
    return redirect(url_for("admin.checks", kind=kind if kind in set(ReviewReason) else None), 303)


def _resolve_flag(flag_id: int, words: str) -> bool:
    flag = review_flags.resolve(flag_id, words, current_user_name())
    if flag:
        _audit_resolved(ReviewReason(flag.kind), words, flag.order)
    return flag is not None


def _resolve_warnings(number: str, words: str) -> bool:
    order = review_queue.order_by_number(number)
    resolved = review_flags.resolve_order(order, words, current_user_name())
    if resolved:
        _audit_resolved(ReviewReason.WARNING, words, order)
    return resolved


def _dismiss_waiting(number: str, words: str) -> bool:
    order = review_queue.order_by_number(number)
    try:
        dismissed = review_flags.dismiss_waiting(order, words, current_user_name())
    except StaleState:
        return False
    if dismissed:
        _audit_resolved(ReviewReason.WAITING, words, order)
    return dismissed


def _audit_resolved(kind: ReviewReason, words: str, order: Order) -> None:
    audit(f"Resolved “{REVIEW_REASONS[kind].words}”: {words}", order)


@admin.post("/review/unmatched")
@may("owner")
def check_unmatched() -> AnyResponse:
    """Dismiss a payment without an order, with a reason."""
    reason = one_line(request.form.get("words", "")[:800], 200)
    if not reason:
        flash("Enter a reason to dismiss the payment", "problem")
    elif write(lambda: _dismiss(id_arg(request.form.get("callback", "")) or 0, reason)):
        flash("Dismissed", "good")
    else:
        flash("Nothing was saved: another user has dismissed this payment", "problem")
    return redirect(url_for("admin.checks"), 303)


def _dismiss(callback_id: int, reason: str) -> bool:
    dismissed = dismiss_unmatched(callback_id, reason, current_user_name())
    if dismissed:
        audit(f"Dismissed payment {dismissed.reference or 'without a reference'}, which has no order: {reason}")
    return dismissed is not None


@admin.route("/mpesa-codes", methods=["GET", "POST"])
@may("staff")
def mpesa_codes() -> str | tuple[str, int]:
    """Look up an M-PESA message or code. Nothing is saved; a message is posted, so that no address holds it."""
    form = MpesaCodeForm()
    if request.method == "GET":
        typed = request.args.get("code", "")[:60]
        form.text.data = typed
        return _mpesa_codes_page(form, _look_up(typed) if typed else None)
    if form.validate():
        message = read_message(form.text.data)
        if message.code or message.amount:
            return _mpesa_codes_page(form, _look_up(form.text.data))
        form.text.errors = ["There is no M-PESA code in that. Paste the whole message, or its 10 letters and digits"]
    return _mpesa_codes_page(form, None), 422


def _look_up(text: str) -> CodeLookup:
    store = current_store()
    return look_up_code(read_message(text), utcnow(), (store.phone.lstrip("+"), store.whatsapp))


def _mpesa_codes_page(form: MpesaCodeForm, known: CodeLookup | None) -> str:
    return render_template("admin/payments/mpesa_codes.html", form=form, known=known, problems=form.problems)


@admin.get("/reconciliation")
@may("owner")
def reconciliation() -> str:
    """Whether the ledger and the orders agree."""
    return render_template("admin/payments/reconciliation.html", proof=reconcile())


@admin.context_processor
def payment_labels() -> dict[str, Any]:
    """Labels and functions for the templates of payments."""
    return {
        "review_reasons": REVIEW_REASONS,
        "review_reason": review_reason,
        "payment_methods": PAYMENT_METHODS,
        "available_actions": available_actions,
        "remaining_message": remaining_message,
        "pieces_not_returned": pieces_not_returned,
        "replaced_parts": replaced_parts,
    }


@dataclass(frozen=True)
class WhatsAppMessage:
    """A text, and the link that opens WhatsApp with it."""

    text: str
    url: str


def remaining_message(order: Order) -> WhatsAppMessage:
    """Ask the buyer of a part-paid order for the remaining amount."""
    settings: Settings = current_app.config["SETTINGS"]
    link = f"{settings.shop_url}{url_for('orders.show', token=order.token)}"
    text = render_template("whatsapp/pay_rest.txt", order=order, link=link).strip()
    return WhatsAppMessage(text, whatsapp_link(text, order.phone_number))
