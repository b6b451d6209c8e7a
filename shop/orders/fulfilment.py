"""Where a paid order's goods are: one guarded UPDATE for each move, inside the caller's transaction."""

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

BROUGHT = {
    Fulfilment.UNFULFILLED: Fulfilment.PACKED,
    Fulfilment.PACKED: Fulfilment.SENT,
    Fulfilment.SENT: Fulfilment.DELIVERED,
}
PICKED_UP = {Fulfilment.UNFULFILLED: Fulfilment.PACKED, Fulfilment.PACKED: Fulfilment.COLLECTED}
SAID = {
    Fulfilment.PACKED: "Packed",
    Fulfilment.SENT: "On its way",
    Fulfilment.DELIVERED: "Delivered",
    Fulfilment.COLLECTED: "Collected",
}
LEFT = (Fulfilment.SENT, Fulfilment.COLLECTED)  # the goods are out of the shop
MAX_CODE_TRIES = 10  # codes typed at the counter: 4 digits must not be found out by trying


class PaymentNotVerified(Exception):
    """The order is dear, and no owner has seen its payment in Chpter's account yet. Nothing was written."""


class HandOverResult(Enum):
    """What came of a code that was typed at the counter."""

    HANDED_OVER = "handed over"
    WRONG = "another code"
    CLOSED = "too many codes were tried"


def next_step(order: Order) -> Fulfilment | None:
    """Where an order's goods go next, or None when there is nothing more to do or nothing was paid."""
    if order.payment != Payment.PAID:
        return None
    steps = PICKED_UP if order.pickup else BROUGHT
    return steps.get(Fulfilment(order.fulfilment))


def needs_verification() -> ColumnElement[bool]:
    """Whether a paid order's goods may not leave before an owner has seen its payment: a part of the statement that
    reads the order, in the very words of its index.
    """
    return and_(text(UNVERIFIED), Order.total >= verification_threshold(), verification_threshold() > 0)


def advance(order: Order, to: Fulfilment, actor: str = "") -> None:
    """Move a paid order's goods one step on, to `to`, and say so in its timeline; `by` names who of the desk did it.

    What is packed to be picked up gets its collect code here; whoever picks it up is asked for it by `hand_over`.
    Raises StaleState when `to` is not its next step by now: somebody else was quicker, or the money moved; and
    NotSeen when the goods would leave, or the buyer be asked to come for them, before an owner has seen the payment.
    """
    seen = Fulfilment(order.fulfilment)
    if next_step(order) != to:
        raise StaleState
    ready = order.pickup and to == Fulfilment.PACKED
    code = {"collection_code": f"{secrets.randbelow(10_000):04d}"} if ready else {}
    values = {"fulfilment": str(to), "fulfilment_changed_at": utcnow(), **code}
    guarded = update(Order).where(Order.id == order.id, Order.payment == Payment.PAID, Order.fulfilment == seen)
    leaves = ready or to in LEFT
    if leaves:
        guarded = guarded.where(_may_leave())
    if not updated(guarded.values(values)):
        db.session.refresh(order)
        still = (order.payment, order.fulfilment) == (Payment.PAID, seen)
        raise PaymentNotVerified if leaves and still else StaleState
    db.session.expire(order, ["fulfilment", "fulfilment_changed_at", "collection_code"])
    order.record("Packed, ready to collect" if ready else SAID[to], for_buyer=True, actor=actor)
    order_fulfilment_changed.send(order)


def hand_over(order: Order, code: str, actor: str = "") -> HandOverResult:
    """Give a packed order to whoever says its collect code. Every code that is tried counts, and stays counted.

    Raises StaleState when it does not lie ready to be collected by now, and NotSeen as `move_on` does.
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
    """Whether an owner has seen the order's payment, or it is of a sum nobody has to see."""
    return or_(Order.payment_verified_at.is_not(None), ~verification_threshold().between(1, Order.total))


BACK = {
    Fulfilment.PACKED: Fulfilment.UNFULFILLED,
    Fulfilment.SENT: Fulfilment.PACKED,
    Fulfilment.DELIVERED: Fulfilment.SENT,
    Fulfilment.COLLECTED: Fulfilment.PACKED,
}
NOT_YET = {  # for the buyer, who has read the opposite
    Fulfilment.PACKED: "Not packed yet after all",
    Fulfilment.SENT: "Not on its way yet after all",
    Fulfilment.DELIVERED: "Not delivered yet after all",
    Fulfilment.COLLECTED: "Not collected yet after all",
}


class TooLate(Exception):
    """The step can't be undone any more: its minute is over, or its email has left. Nothing was written."""


def can_step_back(order: Order) -> bool:
    """Whether an order's goods have taken a step, and its money is still the shop's."""
    return order.payment == Payment.PAID and Fulfilment(order.fulfilment) in BACK


def can_undo(order: Order, now: datetime) -> bool:
    """Whether an order's last step may still be undone at `now` (UTC)."""
    return (
        can_step_back(order)
        and order.fulfilment_changed_at is not None
        and now - order.fulfilment_changed_at < UNDO_WITHIN
    )


def undo_last_step(order: Order, step: Fulfilment, actor: str) -> None:
    """Undo `step`, taken less than a minute ago: its email is not sent, and the buyer's page no longer speaks of it.

    Raises StaleState when `step` is not its last one by now, and TooLate.
    """
    if order.fulfilment == step and not can_undo(order, utcnow()):
        raise TooLate
    taken_at = order.fulfilment_changed_at
    _back(order, step)
    said = next((event for event in reversed(order.events) if event.for_buyer and not event.note), None)
    if said is not None:
        said.for_buyer = False
    order.record(f"Undone: {SAID[step].lower()}", actor=actor)
    order_step_undone.send(order, taken_at=taken_at)


def undo_step(order: Order, step: Fulfilment, reason: str, actor: str) -> None:
    """Take `step` back, whenever it was taken, for a reason. Its email stays sent; the buyer's page says the truth.

    Raises StaleState when `step` is not its last one by now.
    """
    _back(order, step)
    order.record(f"Marked as not {step}: {reason}", actor=actor)
    order.record(NOT_YET[step], for_buyer=True)


def _back(order: Order, step: Fulfilment) -> None:
    if order.fulfilment != step or not can_step_back(order):
        raise StaleState
    values: dict[str, object] = {"fulfilment": str(BACK[step]), "fulfilment_changed_at": None}
    if step == Fulfilment.PACKED:  # whoever packs it again makes a new code
        values |= {"collection_code": "", "collection_code_tries": 0}
    seen = (Order.id == order.id, Order.payment == Payment.PAID, Order.fulfilment == step)
    if not updated(update(Order).where(*seen).values(values)):
        raise StaleState
    db.session.expire(order)
