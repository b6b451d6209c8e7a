"""One action on several orders of the list. Each order has its own transaction: a refusal stops no other order."""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from flask import flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, audit_only, current_user_name
from shop.accounts.login import admin_address
from shop.accounts.permissions import admin, may
from shop.admin.orders.fulfilment_undo_views import forget_bulk_step, last_bulk_step, remember_bulk_step
from shop.admin.orders.list_views import MAX_SELECTED, PRINTS, selectable_orders, submitted_numbers
from shop.core.database import db, write
from shop.core.text import one_line
from shop.orders.fulfilment import PaymentNotVerified, TooLate, advance, undo_last_step
from shop.orders.models import Order
from shop.orders.search import order_numbers
from shop.orders.search_query import order_filter
from shop.orders.states import Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.payments.review_flags import resolve_order
from shop.web.confirmation_page import ask_for_confirmation

UNDOABLE = ("packed", "sent", "delivered")
MAX_REASONS = 10  # shown one by one: they are kept in a cookie
UNPAID = {
    Payment.AWAITING: "is not paid yet",
    Payment.REVIEW: "has a payment to review first",
    Payment.EXPIRED: "expired unpaid",
    Payment.CANCELLED: "was cancelled",
    Payment.REFUNDED: "was refunded",
}


class ListChanged(Exception):
    """The whole list was selected, and its length has changed. The message says so; nothing was done."""


class NotDone(Exception):
    """Nothing was done with this order. The message says why; it continues the order's number."""


@admin.post("/orders")
@may("staff")
def act_on_orders() -> AnyResponse:
    """Do one action with all selected orders, and say which were refused and why."""
    address = admin_address(request.form.get("back")) or url_for("admin.orders")
    back = redirect(address, 303)
    action = request.form.get("act", "")
    try:
        if "every" in request.form:
            numbers = _whole_list(address, request.form["every"])
        else:
            numbers = submitted_numbers(request.form.getlist("order"))[:MAX_SELECTED]
    except ListChanged as error:
        flash(str(error), "problem")
        return back
    if not numbers:
        flash("No order is chosen. Tick the box of each order", "problem")
        return back
    if action == "export":
        return redirect(url_for("admin.export_orders", order=numbers), 303)
    if action == "pick":
        return redirect(url_for("admin.pick_list", order=numbers), 303)
    if action in PRINTS:
        return redirect(url_for("admin.print_slips", slip=action, order=numbers), 303)
    if action not in ACTIONS:
        flash("Nothing was done: press one of the buttons below the list", "problem")
        return back
    words, act = ACTIONS[action]
    if action == "sent" and (question := _confirm_sending(numbers, address)):
        return question
    done, reasons = _act_on_each(numbers, act)
    _flash_result(words, len(done), reasons)
    if done and action in UNDOABLE:
        remember_bulk_step(Fulfilment(action), done)
    return back


@admin.post("/orders/undo")
@may("staff")
def undo_orders() -> AnyResponse:
    """Undo the last bulk action within its minute; its emails are not sent."""
    back = redirect(admin_address(request.form.get("back")) or url_for("admin.orders"), 303)
    last = last_bulk_step()
    if last is None or request.form.get("undo") != str(last[2]):
        flash("It is too late to undo: the minute is over. Open an order to undo its last step", "problem")
        return back
    step, numbers, _ = last
    done, reasons = _act_on_each(numbers, partial(_undo, step=step))
    forget_bulk_step()
    _flash_result("undone", len(done), reasons)
    return back


def _confirm_sending(numbers: list[str], back: str) -> AnyResponse | None:
    """Ask before several buyers get an email. The form names the orders, so that no other is sent."""
    orders = f"{len(numbers)} orders" if len(numbers) > 1 else f"order {numbers[0]}"
    return ask_for_confirmation(
        f"Mark {orders} as sent?",
        "In a minute, each buyer with an email address is told that the order is on its way. Until then you can undo "
        "it. Orders that can’t be sent do not change, and you are told why.",
        button=f"Mark {len(numbers)} sent",
        back=back,
        fields=[("act", "sent"), ("back", back), *(("order", number) for number in numbers)],
    )


def _act_on_each(numbers: list[str], act: Callable[[Order], None]) -> tuple[list[str], list[str]]:
    """Act on each order. Returns the numbers that are done, and the reasons of the others."""
    done, reasons = [], []
    for number in numbers:
        try:
            write(partial(_act_on, number, act))
            done.append(number)
        except NotDone as error:
            reasons.append(f"{number} {error}")
    return done, reasons


def _act_on(number: str, act: Callable[[Order], None]) -> None:
    order = db.session.scalar(select(Order).where(Order.number == number))
    if order is None:
        raise NotDone("is not an order of this shop")
    act(order)


def _whole_list(address: str, shown: str) -> list[str]:
    """The orders of the list at this address. Raises ListChanged if it has not as many orders as the page showed."""
    wanted = order_filter(dict(reversed(parse_qsl(urlsplit(address).query))))
    numbers, count = order_numbers(wanted, MAX_SELECTED)
    now = selectable_orders(count)
    if shown != str(now):
        raise ListChanged(f"Nothing was done: the list has {now} orders now, and had {one_line(shown[:40], 9)} before")
    return numbers


def _advance(order: Order, *, to: Fulfilment, words: str) -> None:
    try:
        advance(order, to, current_user_name())
    except PaymentNotVerified:
        raise NotDone("has a payment that an owner has to verify, see To review") from None
    except StaleState:
        db.session.refresh(order)
        raise NotDone(_why_not(order, to)) from None
    audit_only(f"{words} order {order.number}", order)  # `advance` has recorded the event


def _undo(order: Order, *, step: Fulfilment) -> None:
    try:
        undo_last_step(order, step, current_user_name())
    except TooLate:
        raise NotDone("was marked more than a minute ago") from None
    except StaleState:
        raise NotDone(f"is not {step} any more") from None
    audit_only(f"Undid “{step}” of order {order.number}", order)


def _why_not(order: Order, to: Fulfilment) -> str:
    if order.payment != Payment.PAID:
        return UNPAID[Payment(order.payment)]
    if (
        to in (Fulfilment.SENT, Fulfilment.DELIVERED)
        and order.pickup
        and order.fulfilment in (Fulfilment.UNFULFILLED, Fulfilment.PACKED)
    ):
        return "is collected by its buyer, not sent"
    if order.fulfilment == Fulfilment.UNFULFILLED:
        return "is not packed yet"
    if to == Fulfilment.DELIVERED and order.fulfilment == Fulfilment.PACKED:
        return "is not sent yet"
    return f"was already {order.fulfilment}"


def _resolve_warnings(order: Order) -> None:
    if not resolve_order(order, "Resolved", current_user_name()):
        raise NotDone(
            "has a payment to decide or answer first, see To review" if order.open_warning else "has no open warning"
        )
    audit(f"Resolved the warnings of order {order.number}", order)


def _flash_result(words: str, done: int, reasons: list[str]) -> None:
    if done:
        flash(f"{done} order{'s' if done > 1 else ''} {words}", "good")
    if reasons:
        rest = f"; and {len(reasons) - MAX_REASONS} more" if len(reasons) > MAX_REASONS else ""
        flash(f"{len(reasons)} not {words}: {'; '.join(reasons[:MAX_REASONS])}{rest}", "problem")


ACTIONS: dict[str, tuple[str, Callable[[Order], None]]] = {
    "packed": ("marked packed", partial(_advance, to=Fulfilment.PACKED, words="Packed")),
    "sent": ("marked sent", partial(_advance, to=Fulfilment.SENT, words="Sent")),
    "delivered": ("marked delivered", partial(_advance, to=Fulfilment.DELIVERED, words="Delivered")),
    "looked-at": ("resolved", _resolve_warnings),
}
