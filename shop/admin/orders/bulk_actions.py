"""The same act on several orders of the list.

Each order moves in a transaction of its own: one that can't move stops no other.
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from flask import flash, redirect, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, audit_only, current_user_name
from shop.accounts.login import admin_address
from shop.accounts.permissions import admin, may
from shop.admin.orders.fulfilment_undo_views import forget, remember, remembered
from shop.admin.orders.list_views import MOST_AT_ONCE, PRINTS, every_of
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
MOST_REASONS = 10  # said one by one: they travel in a cookie
UNPAID = {
    Payment.AWAITING: "is not paid yet",
    Payment.REVIEW: "has a payment to be checked first",
    Payment.EXPIRED: "was closed unpaid",
    Payment.CANCELLED: "was cancelled",
    Payment.REFUNDED: "was refunded",
}


class ListMoved(Exception):
    """All orders of a list were meant, and by now it holds others. The message says so; nothing was done."""


class NotDone(Exception):
    """Nothing was done with this order; the message says why, beginning after its number."""


@admin.post("/orders")
@may("staff")
def act_on_orders() -> AnyResponse:
    """Do one act with all orders that are ticked, and say which it was not done with and why."""
    address = admin_address(request.form.get("back")) or url_for("admin.orders")
    back = redirect(address, 303)
    act = request.form.get("act", "")
    try:
        numbers = _whole_list(address, request.form["every"]) if "every" in request.form else _ticked()
    except ListMoved as why:
        flash(str(why), "problem")
        return back
    if not numbers:
        flash("No order is chosen. Tick the box of each order you mean", "problem")
        return back
    if act == "export":
        return redirect(url_for("admin.export_orders", order=numbers), 303)
    if act == "pick":
        return redirect(url_for("admin.pick_list", order=numbers), 303)
    if act in PRINTS:
        return redirect(url_for("admin.print_slips", slip=act, order=numbers), 303)
    if act not in STEPS:
        flash("Nothing was done: press one of the buttons below the list", "problem")
        return back
    words, step = STEPS[act]
    if act == "sent" and (asked := _ask_to_send(numbers, address)):
        return asked
    moved, reasons = _each(numbers, step)
    _answer(words, len(moved), reasons)
    if moved and act in UNDOABLE:
        remember(Fulfilment(act), moved)
    return back


@admin.post("/orders/undo")
@may("staff")
def undo_orders() -> AnyResponse:
    """Undo the step that several orders took together a moment ago; their emails do not leave."""
    back = redirect(admin_address(request.form.get("back")) or url_for("admin.orders"), 303)
    kept = remembered()
    if kept is None or request.form.get("undo") != str(kept[2]):
        flash("Nothing was undone: the minute for it is over. Open an order to take its last step back", "problem")
        return back
    step, numbers, _ = kept
    moved, reasons = _each(numbers, partial(_undo, step=step))
    forget()
    _answer("put back", len(moved), reasons)
    return back


def _ask_to_send(numbers: list[str], back: str) -> AnyResponse | None:
    """Ask before several buyers are told that their order is on its way. The orders are named: no other is sent."""
    many = f"{len(numbers)} orders" if len(numbers) > 1 else f"order {numbers[0]}"
    return ask_for_confirmation(
        f"Mark {many} as sent?",
        "Each buyer who gave an email address is told that the order is on its way, a minute from now. Until then you "
        "can undo it. What can’t be sent stays, and you are told why.",
        button=f"Mark {len(numbers)} sent",
        back=back,
        fields=[("act", "sent"), ("back", back), *(("order", number) for number in numbers)],
    )


def _each(numbers: list[str], step: Callable[[Order], None]) -> tuple[list[str], list[str]]:
    """Do one step with each order: those it was done with, and why not with the others."""
    moved, reasons = [], []
    for number in numbers:
        if reason := _done(number, step):
            reasons.append(reason)
        else:
            moved.append(number)
    return moved, reasons


def _whole_list(address: str, shown: str) -> list[str]:
    """The orders of a whole list, found by the same address. Raises ListMoved when there are not as many as shown."""
    wanted = order_filter(dict(reversed(parse_qsl(urlsplit(address).query))))
    numbers, count = order_numbers(wanted, MOST_AT_ONCE)
    now = every_of(count)
    if shown != str(now):
        raise ListMoved(f"Nothing was done: the list has {now} orders now, and had {one_line(shown[:40], 9)} before")
    return numbers


def _ticked() -> list[str]:
    return chosen_numbers(request.form.getlist("order"))


def chosen_numbers(typed: list[str]) -> list[str]:
    """The order numbers that were ticked, each once, at most MOST_AT_ONCE."""
    return list(dict.fromkeys(number for one in typed if (number := one_line(one[:80], 12))))[:MOST_AT_ONCE]


def _done(number: str, step: Callable[[Order], None]) -> str:
    """Do one step with one order: "", or why it was not done."""

    def work() -> None:
        order = db.session.scalar(select(Order).where(Order.number == number))
        if order is None:
            raise NotDone("is no order of this shop")
        step(order)

    try:
        write(work)
    except NotDone as why:
        return f"{number} {why}"
    return ""


def _move(order: Order, *, to: Fulfilment, words: str) -> None:
    try:
        advance(order, to, current_user_name())
    except PaymentNotVerified:
        raise NotDone("waits until an owner has seen its payment, see Payments to check") from None
    except StaleState:
        db.session.refresh(order)
        raise NotDone(_why_not(order, to)) from None
    audit_only(f"{words} order {order.number}", order)  # the move has written its own line into the timeline


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


def _looked_at(order: Order) -> None:
    if not resolve_order(order, "Looked at it", current_user_name()):
        raise NotDone(
            "has something to be decided or answered first, see Payments to check"
            if order.open_warning
            else "has no warning that is still open"
        )
    audit(f"Looked at the warnings of order {order.number}", order)


def _answer(words: str, done: int, reasons: list[str]) -> None:
    if done:
        flash(f"{done} order{'s' if done > 1 else ''} {words}", "good")
    if reasons:
        rest = f"; and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
        flash(f"{len(reasons)} not {words}: {'; '.join(reasons[:MOST_REASONS])}{rest}", "problem")


STEPS: dict[str, tuple[str, Callable[[Order], None]]] = {
    "packed": ("marked packed", partial(_move, to=Fulfilment.PACKED, words="Packed")),
    "sent": ("marked sent", partial(_move, to=Fulfilment.SENT, words="Sent")),
    "delivered": ("marked delivered", partial(_move, to=Fulfilment.DELIVERED, words="Delivered")),
    "looked-at": ("marked looked at", _looked_at),
}
