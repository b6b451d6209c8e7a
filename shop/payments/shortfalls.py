"""Shortfalls: a part of the total was received, and the buyer is asked for exactly the remaining amount.

The order stays in review and keeps its stock. Row R3d of the settlement table makes it paid once the remaining payment
has come. All functions run inside the caller's transaction.
"""

from shop.core.database import db
from shop.core.money import shillings
from shop.core.signals import remaining_payment_requested
from shop.orders import transitions
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments.manual_payments import accept_attempt, attempt_in_review
from shop.payments.models import PaymentAttempt


def balance_due(order: Order, received: int) -> int:
    """Shillings of the total still missing once `received` more is entered; 0 or below when nothing is missing."""
    return order.total - (order.money_here - order.refund_due_amount) - received


def request_remaining(order: Order, received: int, remaining: int, actor: str) -> None:
    """Enter what was received for an order in review, and ask its buyer for the remaining amount by email.

    `received` is what came through the attempt in review, 0 without one; `remaining` is the amount that the form
    showed. Raises StaleState when another amount is missing by now, and nothing is written.
    """
    transitions.transition(order, Payment.REVIEW, Payment.REVIEW)
    attempt = attempt_in_review(order)
    is_stale = bool(attempt) != bool(received) or remaining != balance_due(order, received)
    if is_stale or not 0 < remaining < order.total:
        raise StaleState
    if attempt:
        accept_attempt(attempt, received, actor)
    elif order.remaining_requested == remaining:
        raise StaleState
    order.remaining_requested = remaining
    so_far = f"{shillings(order.total - remaining)} of {shillings(order.total)} has come"
    order.record(f"{so_far}. {shillings(remaining)} remains to be paid", for_buyer=True)
    db.session.flush()
    remaining_payment_requested.send(order)


def completes(order: Order, attempt: PaymentAttempt) -> bool:
    """Whether this attempt is the remaining payment that was requested and completes the total."""
    requested = order.payment == Payment.REVIEW and order.remaining_requested > 0
    matches = order.remaining_requested == attempt.amount == balance_due(order, 0)
    return requested and matches and attempt_in_review(order) is None
