"""The fulfilment buttons, notes and messages of an order's page. Each POST is one transaction."""

from collections.abc import Callable
from functools import partial

from flask import abort, flash, redirect, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit_only, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin import labels
from shop.admin.orders.detail_views import order_page
from shop.admin.orders.forms import HandOverForm, LostCodeForm, MessageForm, NoteForm, OrderForms, SendForm
from shop.core.database import write
from shop.core.signals import message_to_buyer
from shop.orders.fulfilment import HandOverResult, PaymentNotVerified, advance, hand_over
from shop.orders.models import Order
from shop.orders.search_index import add_search_terms
from shop.orders.states import Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse

DONE = {  # by the step of a button; handing over has a form of its own
    Fulfilment.PACKED: "Packed",
    Fulfilment.SENT: "Marked sent. In a minute the buyer gets an email that the order is on its way",
    Fulfilment.DELIVERED: "Marked delivered",
}
NOT_VERIFIED = (
    "Nothing was saved. An owner has to verify this payment first, in the Chpter account or the M-PESA statement"
)


class _CodeRefused(Exception):
    """The collection code was refused. The message says why; the failed attempt is saved."""


@admin.post("/orders/<number>/move")
@may("staff")
def order_move(number: str) -> ViewResponse:
    """Mark an order packed, sent or delivered."""
    step = next((step for step in DONE if step == request.form.get("to")), None) or abort(422)
    form = SendForm()
    if not form.validate():
        return order_page(number, OrderForms(send=form))
    return apply_to_order(number, _advance, step, form.rider.data or "")


def _advance(order: Order, step: Fulfilment, rider: str) -> str:
    if rider and step == Fulfilment.SENT:  # before the move, whose email names the rider
        order.record(f"Your rider is {rider}", for_buyer=True, actor=current_user_name(), note=True)
        add_search_terms(order, rider)
    advance(order, step, current_user_name())
    audit_only(f"Marked order {order.number} {step}", order)
    if order.collection_code:
        return "Packed. In a minute the buyer gets an email with the collection code"
    return DONE[step]


@admin.post("/orders/<number>/hand-over")
@may("staff")
def order_hand_over(number: str) -> ViewResponse:
    """Hand over a packed order for its collection code."""
    form = HandOverForm()
    if not form.validate():
        return order_page(number, OrderForms(hand_over=form))
    return apply_to_order(number, _hand_over, form.code.data or "")


def _hand_over(order: Order, code: str) -> str:
    match hand_over(order, code, current_user_name()):
        case HandOverResult.HANDED_OVER:
            audit_only(f"Handed over order {order.number} for its collection code", order)
            return "Handed over"
        case HandOverResult.WRONG:
            audit_only(f"Typed a wrong collection code for order {order.number}", order)
            order.record("A wrong collection code was typed", warning=True, actor=current_user_name())
            raise _CodeRefused("That is not the collection code of this order. Ask the buyer to read it again")
        case _:
            raise _CodeRefused("Too many codes were tried. Hand over only if you know the buyer, and write how")


@admin.post("/orders/<number>/hand-over-without-code")
@may("staff")
def order_without_code(number: str) -> ViewResponse:
    """Hand over a packed order to a buyer who lost the code. The user gives a reason."""
    form = LostCodeForm()
    if not form.validate():
        return order_page(number, OrderForms(lost_code=form))
    return apply_to_order(number, _hand_over_without_code, form.reason.data)


def _hand_over_without_code(order: Order, reason: str) -> str:
    if not order.pickup:
        raise StaleState
    advance(order, Fulfilment.COLLECTED, current_user_name())
    audit_only(f"Handed over order {order.number} without its code: {reason}", order)
    order.record(f"Handed over without the collection code: {reason}", warning=True, actor=current_user_name())
    return "Handed over without the code; the reason is in the timeline"


@admin.post("/orders/<number>/note")
@may("staff")
def order_note(number: str) -> ViewResponse:
    """Save a note that the buyer does not see."""
    form = NoteForm()
    if not form.validate():
        return order_page(number, OrderForms(note=form))
    return apply_to_order(number, _add_note, form)


def _add_note(order: Order, form: NoteForm) -> str:
    words = form.note.data or ""
    order.record(words, actor=current_user_name(), note=True, idempotency_key=form.key(order.id))
    add_search_terms(order, words)
    audit_only(f"Wrote a private note on order {order.number}", order)
    return "Note saved"


@admin.post("/orders/<number>/message")
@may("staff")
def order_message(number: str) -> ViewResponse:
    """Send a message to the buyer, by email and on the order page."""
    form = MessageForm()
    if not form.validate():
        return order_page(number, OrderForms(message=form))
    return apply_to_order(number, _send_message, form)


def _send_message(order: Order, form: MessageForm) -> str:
    words, idempotency_key = form.message.data or "", form.key(order.id)
    order.record(words, for_buyer=True, actor=current_user_name(), note=True, idempotency_key=idempotency_key)
    add_search_terms(order, words)
    audit_only(f"Wrote to the buyer of order {order.number}", order)
    message_to_buyer.send(order, words=words, idempotency_key=idempotency_key)
    if not order.email:
        return "Message saved. It is on the order’s page; the buyer has no email address"
    return "Message saved. The email is sent within a few seconds"


def apply_to_order(number: str, action: Callable[..., str], *arguments: object) -> AnyResponse:
    """Call `action(order, *arguments)` with the locked order in one transaction, flash its text, show the order."""
    try:
        words, kind = write(partial(_lock_and_apply, number, action, arguments))
    except StaleState:
        words, kind = f"Nothing was saved. This order has changed: it is now {_state_of(number)}", "problem"
    except PaymentNotVerified:
        words, kind = NOT_VERIFIED, "problem"
    except IntegrityError:  # the same form came twice; the first one was saved
        words, kind = "That was saved already", "good"
    flash(words, kind)
    return redirect(url_for("admin.order", number=number), 303)


def _lock_and_apply(number: str, action: Callable[..., str], arguments: tuple[object, ...]) -> tuple[str, str]:
    order = order_by_number(number, keep=True)
    try:
        return action(order, *arguments), "good"
    except _CodeRefused as error:
        return str(error), "problem"


def _state_of(number: str) -> str:
    order = order_by_number(number)
    if order.payment == Payment.PAID:
        return f"“{labels.FULFILMENTS[Fulfilment(order.fulfilment)].words}”"
    return f"“{labels.PAYMENTS[Payment(order.payment)].words}”"
