"""Payments that came without an order, after a restore: matched with one, or put aside, by an owner."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import current_app, flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.config import Settings
from shop.core.database import db, write
from shop.core.money import shillings
from shop.core.text import one_line
from shop.orders.models import Order
from shop.orders.search_index import order_number_in
from shop.orders.transitions import StaleState
from shop.payments import unmatched_callbacks
from shop.payments.manual_payments import PAYABLE
from shop.payments.models import UnmatchedCallback
from shop.payments.review_queue import order_by_number
from shop.payments.unmatched_matching import CannotMatch, can_match, match
from shop.web.pagination import id_arg

MOST_SHOWN = 50
MOST_ORDERS = 5  # that might be meant
TOO_LATE = "Nothing was changed: somebody else was quicker"


@dataclass(frozen=True)
class Lost:
    """A callback without an order, and the orders that wait for its sum, the newest first."""

    callback: UnmatchedCallback
    matches: bool  # it can be an order's payment
    orders: Sequence[Order]


def lost_payments() -> list[Lost]:
    """What waits for an owner, the oldest first. Two queries, or one when nothing does."""
    callbacks = unmatched_callbacks.unmatched(MOST_SHOWN)
    sums = {one.amount for one in callbacks if one.amount}
    waiting: Sequence[Order] = ()
    if sums:
        waits = select(Order).where(Order.payment.in_(PAYABLE), Order.total.in_(sums))
        waiting = db.session.scalars(waits.order_by(Order.placed_at.desc()).limit(MOST_SHOWN)).all()
    return [
        Lost(one, can_match(one), [order for order in waiting if order.total == one.amount][:MOST_ORDERS])
        for one in callbacks
    ]


@admin.post("/checks/match")
@may("owner", freshly=True)
def check_match() -> AnyResponse:
    """The payment belongs to an order: it is settled as if it had come with it."""
    settings: Settings = current_app.config["SETTINGS"]
    typed = one_line(request.form.get("number", "")[:400], 200)
    number = order_number_in(typed) or typed[:20]

    def work() -> str:
        order = order_by_number(number, keep=True)
        chosen = match(order, _callback_id(), settings.chpter_card_paid_false)
        said = shillings(chosen.amount) if chosen.amount is not None else "a sum that cannot be read"
        words = f"Matched payment {chosen.reference} of {said}, which had come without an order"
        audit(words, order)
        return words

    try:
        flash(write(work), "good")
    except NotFound:
        flash("There is no order of that number. If it was lost, make it anew under New order", "problem")
    except StaleState:
        flash(TOO_LATE, "problem")
    except CannotMatch as why:
        flash(f"Nothing was changed. {why.words}", "problem")
    else:
        return redirect(url_for("admin.order", number=number), 303)
    return redirect(url_for("admin.checks"), 303)


@admin.post("/checks/unmatched")
@may("owner")
def check_unmatched() -> AnyResponse:
    """The payment belongs to no order, or was dealt with otherwise."""
    words = one_line(request.form.get("words", "")[:800], 200)
    if not words:
        flash("Say what became of the payment", "problem")
        return redirect(url_for("admin.checks"), 303)

    def work() -> bool:
        closed = unmatched_callbacks.resolve_unmatched(_callback_id(), words, current_user_name())
        if closed:
            audit(
                f"Put aside payment {closed.reference or 'without a number'}, which had come without an order: {words}"
            )
        return closed is not None

    flash(*(("Put aside", "good") if write(work) else (TOO_LATE, "problem")))
    return redirect(url_for("admin.checks"), 303)


def _callback_id() -> int:
    return id_arg(request.form.get("callback", "")) or 0
