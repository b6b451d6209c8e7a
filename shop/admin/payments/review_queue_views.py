"""Payments to check, the M-PESA code desk, and the proof."""

import re
from dataclasses import dataclass
from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.labels import KINDS, reason_of
from shop.admin.navigation import work_left
from shop.admin.payments.available_actions import available_actions
from shop.admin.payments.forms import METHODS, CodeForm
from shop.admin.payments.refund_lines import pieces_to_come_back
from shop.admin.payments.unmatched_views import unmatched_payments
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import write
from shop.core.phones import whatsapp_link
from shop.core.text import one_line
from shop.orders.models import Order
from shop.orders.transitions import StaleState
from shop.payments import review_flags, review_queue
from shop.payments.models import ReviewReason
from shop.payments.mpesa_codes import CodeLookup, look_up_code
from shop.payments.mpesa_messages import read_message
from shop.payments.reconciliation import reconcile
from shop.store.settings import current_store
from shop.web.pagination import page_arg

LONGEST_ID = 9  # digits


@admin.get("/checks")
@may("staff")
def checks() -> str:
    """All that needs a person. What is chosen stands in the address."""
    found = review_queue.find_review_items(
        request.args.get("kind", ""), page_arg(request.args.get("page", "")), utcnow()
    )

    def link(kind: str = found.kind, page: int = 1) -> str:
        return url_for("admin.checks", kind=kind or None, page=page if page > 1 else None)

    def link_to_page(page: int) -> str:
        return link(page=page)

    unmatched = unmatched_payments()
    tabs: list[tuple[str, object, str, bool]] = [("All", work_left().to_check, link(kind=""), not found.kind)]
    for kind in review_queue.URGENCY:
        if found.counts.get(kind) or kind == found.kind:
            tabs.append((KINDS[kind].words, found.counts.get(kind, 0), link(kind=kind), kind == found.kind))
    return render_template(
        "admin/payments/review_queue.html",
        found=found,
        unmatched=unmatched,
        tabs=tabs,
        link=link,
        link_to_page=link_to_page,
    )


@admin.post("/checks/close")
@may("staff")
def check_close() -> AnyResponse:
    """Somebody looked: one line is closed, or an order that waits is left to wait."""
    words = one_line(request.form.get("words", ""), 200) or "Looked at it"
    line, number = request.form.get("check", ""), request.form.get("waiting", "")
    if re.fullmatch(rf"[0-9]{{1,{LONGEST_ID}}}", line, re.ASCII):
        done = write(lambda: _close(int(line), words))
    elif warned := request.form.get("warned", ""):
        done = write(lambda: _look_at_warnings(warned, words))
    else:
        done = write(lambda: _leave_waiting(number, words))
    flash(*(("Looked at", "good") if done else ("Somebody else looked at it already", "problem")))
    return redirect(_back(), 303)


@admin.route("/codes", methods=["GET", "POST"])
@may("staff")
def codes() -> str | tuple[str, int]:
    """What is known of an M-PESA message or code. Nothing is changed by asking; a message stays out of addresses."""
    form = CodeForm()
    if request.method == "GET":
        typed = request.args.get("code", "")[:60]
        form.text.data = typed
        return _answer(form, _known(typed) if typed else None)
    if form.validate():
        message = read_message(form.text.data)
        if message.code or message.amount:
            return _answer(form, _known(form.text.data))
        form.text.errors = ["There is no M-PESA code in that. Paste the whole message, or its 10 letters and digits"]
    return _answer(form, None), 422


def _known(text: str) -> CodeLookup:
    shop = current_store()
    return look_up_code(read_message(text), utcnow(), (shop.phone.lstrip("+"), shop.whatsapp))


@admin.get("/money")
@may("owner")
def check_proof() -> str:
    """Whether every shilling is in its place."""
    return render_template("admin/payments/reconciliation.html", proof=reconcile())


@admin.context_processor
def money_words() -> dict[str, Any]:
    """The words for money, for the desk's templates."""
    return {
        "matter_kinds": KINDS,
        "matter_reason": reason_of,
        "money_methods": METHODS,
        "available_actions": available_actions,
        "rest_message": rest_message,
        "pieces_to_come_back": pieces_to_come_back,
    }


@dataclass(frozen=True)
class RestMessage:
    """What the buyer of a part-paid order is sent, and the link that opens WhatsApp with it."""

    text: str
    url: str


def rest_message(order: Order) -> RestMessage:
    """Ask the buyer for the rest, in the shop's words."""
    settings: Settings = current_app.config["SETTINGS"]
    link = f"{settings.shop_url}{url_for('orders.show', token=order.token)}"
    text = render_template("whatsapp/pay_rest.txt", order=order, link=link).strip()
    return RestMessage(text, whatsapp_link(text, order.phone_number))


def _close(line: int, words: str) -> bool:
    check = review_flags.resolve(line, words, current_user_name())
    if check:
        audit(f"Looked at “{KINDS[ReviewReason(check.kind)].words}”: {words}", check.order)
    return check is not None


def _leave_waiting(number: str, words: str) -> bool:
    order = review_queue.order_by_number(number)
    try:
        looked = review_flags.dismiss_waiting(order, words, current_user_name())
    except StaleState:
        looked = False
    if looked:
        audit(f"Looked at “{KINDS[ReviewReason.WAITING].words}”: {words}", order)
    return looked


def _look_at_warnings(number: str, words: str) -> bool:
    order = review_queue.order_by_number(number)
    looked = review_flags.resolve_order(order, words, current_user_name())
    if looked:
        audit(f"Looked at “{KINDS[ReviewReason.WARNING].words}”: {words}", order)
    return looked


def _answer(form: CodeForm, known: CodeLookup | None) -> str:
    problems = form.problems
    return render_template("admin/payments/mpesa_codes.html", form=form, known=known, problems=problems)


def _back() -> str:
    """To the list, as it was chosen."""
    kind = request.form.get("kind", "")
    return url_for("admin.checks", kind=kind if kind in set(ReviewReason) else None)
