"""The fulfilment steps of a paid order, each one guarded UPDATE inside the caller's transaction."""

import secrets
from datetime import datetime
from enum import Enum

from sqlalchemy import ColumnElement, and_, or_, text, update

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.core.signals import order_fulfilment_changed, order_step_undone
from shop.orders.models import UNVERIFIED, Order
from shop.orders.states import UNDO_WITHIN, Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.store.settings import verification_threshold

DELIVERY_STEPS = {
    Fulfilment.UNFULFILLED: Fulfilment.PACKED,
    Fulfilment.PACKED: Fulfilment.SENT,
    Fulfilment.SENT: Fulfilment.DELIVERED,
}
PICKUP_STEPS = {Fulfilment.UNFULFILLED: Fulfilment.PACKED, Fulfilment.PACKED: Fulfilment.COLLECTED}
STEP_WORDS = {
    Fulfilment.PACKED: "Packed",
    Fulfilment.SENT: "On its way",
    Fulfilment.DELIVERED: "Delivered",
    Fulfilment.COLLECTED: "Collected",
}
DISPATCHED = (Fulfilment.SENT, Fulfilment.COLLECTED)  # the goods have left the shop
MAX_CODE_TRIES = 10  # of a collection code: its 4 digits must not be guessed


class PaymentNotVerified(Exception):
    """The order is above the verification threshold and no owner has verified its payment. Nothing was written."""


class HandOverResult(Enum):
    """Result of checking a collection code."""

    HANDED_OVER = "handed over"
    WRONG = "wrong code"
    CLOSED = "too many wrong codes"


def next_step(order: Order) -> Fulfilment | None:
    """The next step of an order; None when it is not paid or its last step is done."""
    if order.payment != Payment.PAID:
        return None
    steps = PICKUP_STEPS if order.pickup else DELIVERY_STEPS
    return steps.get(Fulfilment(order.fulfilment))


def needs_verification() -> ColumnElement[bool]:
    """The condition that an owner must verify a paid order's payment before its goods leave.

    Written in the same words as its partial index.
    """
    return and_(text(UNVERIFIED), Order.total >= verification_threshold(), verification_threshold() > 0)


def advance(order: Order, to: Fulfilment, actor: str = "") -> None:
    """Move a paid order to its next step `to` and add a timeline entry; `actor` is the user's name.

    Packing a pickup order sets its collection code. Raises StaleState when `to` is not the next step, and
    PaymentNotVerified when the goods would leave, or be ready for collection, before an owner verified the payment.
    """
    current = Fulfilment(order.fulfilment)
    if next_step(order) != to:
        raise StaleState
    ready = order.pickup and to == Fulfilment.PACKED
    code = {"collection_code": f"{secrets.randbelow(10_000):04d}"} if ready else {}
    values = {"fulfilment": str(to), "fulfilment_changed_at": utcnow(), **code}
    guarded = update(Order).where(Order.id == order.id, Order.payment == Payment.PAID, Order.fulfilment == current)
    leaves = ready or to in DISPATCHED
    if leaves:
        guarded = guarded.where(_may_leave())
    if not updated(guarded.values(values)):
        db.session.refresh(order)
        unchanged = (order.payment, order.fulfilment) == (Payment.PAID, current)
        raise PaymentNotVerified if leaves and unchanged else StaleState
    db.session.expire(order, ["fulfilment", "fulfilment_changed_at", "collection_code"])
    order.record("Packed, ready to collect" if ready else STEP_WORDS[to], for_buyer=True, actor=actor)
    order_fulfilment_changed.send(order)


def hand_over(order: Order, code: str, actor: str = "") -> HandOverResult:
    """Check a typed collection code and mark the order as collected when it is right. Every try counts.

    Raises StaleState when the order is not ready for collection, and PaymentNotVerified as `advance` does.
    """
    if next_step(order) != Fulfilment.COLLECTED:
        raise StaleState
    ready = (Order.id == order.id, Order.fulfilment == Fulfilment.PACKED, Order.collection_code_tries < MAX_CODE_TRIES)
    if not updated(update(Order).where(*ready).values(collection_code_tries=Order.collection_code_tries + 1)):
        db.session.refresh(order)
        if order.fulfilment != Fulfilment.PACKED:
            raise StaleState
        return HandOverResult.CLOSED
    db.session.refresh(order)
    if not order.collection_code or not secrets.compare_digest(order.collection_code.encode(), code.encode()):
        return HandOverResult.WRONG
    advance(order, Fulfilment.COLLECTED, actor)
    return HandOverResult.HANDED_OVER


def _may_leave() -> ColumnElement[bool]:
    """The condition that the payment is verified or below the verification threshold."""
    return or_(Order.payment_verified_at.is_not(None), ~verification_threshold().between(1, Order.total))


PREVIOUS_STEP = {
    Fulfilment.PACKED: Fulfilment.UNFULFILLED,
    Fulfilment.SENT: Fulfilment.PACKED,
    Fulfilment.DELIVERED: Fulfilment.SENT,
    Fulfilment.COLLECTED: Fulfilment.PACKED,
}
UNDONE_WORDS = {  # for the buyer, whose timeline showed the step
    Fulfilment.PACKED: "Not packed yet after all",
    Fulfilment.SENT: "Not on its way yet after all",
    Fulfilment.DELIVERED: "Not delivered yet after all",
    Fulfilment.COLLECTED: "Not collected yet after all",
}


class TooLate(Exception):
    """The step can no longer be undone: UNDO_WITHIN is over, or its email was sent. Nothing was written."""


def can_step_back(order: Order) -> bool:
    """True when a paid order has a step to undo."""
    return order.payment == Payment.PAID and Fulfilment(order.fulfilment) in PREVIOUS_STEP


def can_undo(order: Order, now: datetime) -> bool:
    """True when an order's last step may be undone without a reason at `now` (UTC)."""
    return (
        can_step_back(order)
        and order.fulfilment_changed_at is not None
        and now - order.fulfilment_changed_at < UNDO_WITHIN
    )


def undo_last_step(order: Order, step: Fulfilment, actor: str) -> None:
    """Undo `step` within UNDO_WITHIN: its email is not sent, and its timeline entry is hidden from the buyer.

    Raises StaleState when `step` is not the order's last one, and TooLate.
    """
    if order.fulfilment == step and not can_undo(order, utcnow()):
        raise TooLate
    taken_at = order.fulfilment_changed_at
    _step_back(order, step)
    entry = next((event for event in reversed(order.events) if event.for_buyer and not event.note), None)
    if entry is not None:
        entry.for_buyer = False
    order.record(f"Undone: {STEP_WORDS[step].lower()}", actor=actor)
    order_step_undone.send(order, taken_at=taken_at)


def undo_step(order: Order, step: Fulfilment, reason: str, actor: str) -> None:
    """Undo `step` at any time, with a reason. Its email was sent; the buyer's timeline gets a new entry.

    Raises StaleState when `step` is not the order's last one.
    """
    _step_back(order, step)
    order.record(f"Marked as not {step}: {reason}", actor=actor)
    order.record(UNDONE_WORDS[step], for_buyer=True)


def _step_back(order: Order, step: Fulfilment) -> None:
    if order.fulfilment != step or not can_step_back(order):
        raise StaleState
    values: dict[str, object] = {"fulfilment": str(PREVIOUS_STEP[step]), "fulfilment_changed_at": None}
    if step == Fulfilment.PACKED:  # packing it again makes a new code
        values |= {"collection_code": "", "collection_code_tries": 0}
    expected = (Order.id == order.id, Order.payment == Payment.PAID, Order.fulfilment == step)
    if not updated(update(Order).where(*expected).values(values)):
        raise StaleState
    db.session.expire(order)
