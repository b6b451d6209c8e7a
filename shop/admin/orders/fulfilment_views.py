"""The buttons of an order's page: each one guarded move or one line of its timeline, in one transaction."""

from collections.abc import Callable

from flask import abort, flash, redirect, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit_only, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin import labels
from shop.admin.orders.detail_views import order_page
from shop.admin.orders.forms import HandOverForm, LostCodeForm, MessageForm, NoteForm, OrderForms
from shop.core.database import db, write
from shop.core.signals import message_to_buyer
from shop.orders.fulfilment import HandOverResult, PaymentNotVerified, advance, hand_over
from shop.orders.models import Order
from shop.orders.search_index import add_search_terms
from shop.orders.states import Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.payments.review_queue import order_by_number
from shop.web.base_form import ViewResponse

PRESSED = {  # what each button of an order that is brought, or packed, may do; handing over has a form of its own
    Fulfilment.PACKED: "Packed",
    Fulfilment.SENT: "Marked sent. In a minute the buyer gets a mail that it is on its way",
    Fulfilment.DELIVERED: "Marked delivered",
}
NOT_SEEN = "Nothing was changed. An owner has to see this payment first, in Chpter’s account or on the M-PESA statement"


@admin.post("/orders/<number>/move")
@may("staff")
def order_move(number: str) -> AnyResponse:
    """Pack, send or deliver: the next step, if it still is."""
    to = next((step for step in PRESSED if step == request.form.get("to")), None) or abort(422)

    def move(order: Order) -> str:
        advance(order, to, current_user_name())
        audit_only(f"Marked order {order.number} {to}", order)
        return (
            "Packed. In a minute the buyer gets a mail with the collect code" if order.collection_code else PRESSED[to]
        )

    return pressed(number, move)


@admin.post("/orders/<number>/hand-over")
@may("staff")
def order_hand_over(number: str) -> ViewResponse:
    """Give a packed order to whoever says its collect code."""
    form = HandOverForm()
    if not form.validate():
        return order_page(number, OrderForms(hand_over=form))

    def give(order: Order) -> str:
        came_of_it = hand_over(order, form.code.data or "", current_user_name())
        if came_of_it is HandOverResult.HANDED_OVER:
            audit_only(f"Handed over order {order.number} for its collect code", order)
            return "Handed over"
        if came_of_it is HandOverResult.WRONG:
            audit_only(f"Typed a wrong collect code for order {order.number}", order)
            order.record("A wrong collect code was typed", warning=True, actor=current_user_name())
            raise _NotHandedOver("That is not the collect code of this order. Ask the buyer to read it again")
        raise _NotHandedOver("Too many codes were tried. Hand over only if you know the buyer, and write how")

    return pressed(number, give)


@admin.post("/orders/<number>/hand-over-without-code")
@may("staff")
def order_without_code(number: str) -> ViewResponse:
    """Give a packed order to a buyer who lost the code: somebody answers for it by name."""
    form = LostCodeForm()
    if not form.validate():
        return order_page(number, OrderForms(lost_code=form))

    def give(order: Order) -> str:
        if not order.pickup:
            raise StaleState
        advance(order, Fulfilment.COLLECTED, current_user_name())
        audit_only(f"Handed over order {order.number} without its code: {form.reason.data}", order)
        order.record(
            f"Handed over without the collect code: {form.reason.data}", warning=True, actor=current_user_name()
        )
        return "Handed over without the code; the reason stands in the timeline"

    return pressed(number, give)


@admin.post("/orders/<number>/note")
@may("staff")
def order_note(number: str) -> ViewResponse:
    """Write a note for the desk alone."""
    form = NoteForm()
    if not form.validate():
        return order_page(number, OrderForms(note=form))

    def note(order: Order) -> str:
        order.record(form.note.data or "", actor=current_user_name(), note=True, idempotency_key=form.key(order.id))
        add_search_terms(order, form.note.data or "")
        audit_only(f"Wrote a private note on order {order.number}", order)
        return "Note kept"

    return pressed(number, note)


@admin.post("/orders/<number>/message")
@may("staff")
def order_message(number: str) -> ViewResponse:
    """Write to the buyer: by mail, and on the order's own page."""
    form = MessageForm()
    if not form.validate():
        return order_page(number, OrderForms(message=form))

    def tell(order: Order) -> str:
        words, idempotency_key = form.message.data or "", form.key(order.id)
        order.record(words, for_buyer=True, actor=current_user_name(), note=True, idempotency_key=idempotency_key)
        add_search_terms(order, words)
        audit_only(f"Wrote to the buyer of order {order.number}", order)
        message_to_buyer.send(order, words=words, idempotency_key=idempotency_key)
        return "Written. The mail goes out within a few seconds"

    return pressed(number, tell)


class _NotHandedOver(Exception):
    """The code was refused; its words say why. What it counts is kept all the same."""


def pressed(number: str, work: Callable[[Order], str]) -> AnyResponse:
    """Do what a button stands for with the order as it is now, say what came of it, and show the order again."""

    def press() -> tuple[str, str]:
        order = order_by_number(number, keep=True)
        try:
            return work(order), "good"
        except _NotHandedOver as refused:
            return str(refused), "problem"

    try:
        words, kind = write(press)
    except StaleState:
        words, kind = f"Nothing was changed. Meanwhile this order is {_standing(number)}", "problem"
    except PaymentNotVerified:
        words, kind = NOT_SEEN, "problem"
    except IntegrityError:  # the same form came twice; the first time it was kept
        words, kind = "That is written down already", "good"
    flash(words, kind)
    return redirect(url_for("admin.order", number=number), 303)


def _standing(number: str) -> str:
    """Where an order stands now, in the desk's words."""
    order = db.session.scalars(select(Order).where(Order.number == number)).one()
    badge = (
        labels.FULFILMENTS[Fulfilment(order.fulfilment)]
        if order.payment == Payment.PAID
        else labels.PAYMENTS[Payment(order.payment)]
    )
    return f"“{badge.words}”"
