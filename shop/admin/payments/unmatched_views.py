"""Payments without an order, after a restore from an older backup: shown in the review queue, dismissed by an owner."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.core.database import db, write
from shop.core.text import one_line
from shop.orders.models import Order
from shop.payments.manual_payments import PAYABLE
from shop.payments.models import UnmatchedCallback
from shop.payments.unmatched_callbacks import dismiss_unmatched, open_unmatched
from shop.web.pagination import id_arg

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


@admin.post("/checks/unmatched")
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
