"""Less came than was asked for: the part is counted, and the buyer is asked for exactly the rest.

The order stays in review and keeps its goods. Row R3d of the settling table makes it paid once the rest has come. All
of it runs inside the caller's transaction.
"""

from shop.core.database import db
from shop.core.money import shillings
from shop.core.signals import remaining_payment_requested
from shop.orders import transitions
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments.manual_payments import came_through, in_review
from shop.payments.models import PaymentAttempt


def rest_of(order: Order, came: int) -> int:
    """Whole shillings that lack of an order's total once `came` more is counted; 0 or below when nothing does."""
    return order.total - (order.money_here - order.refund_due_amount) - came


def ask_for_rest(order: Order, came: int, rest: int, actor: str) -> None:
    """Count what came for an order in review, and ask its buyer for the rest, by a new payment and a mail.

    `came` is what came through the attempt in review, 0 where there is none; `rest` is what the form said would be
    asked for. Raises StaleState when another sum lacks by now, and nothing is kept then.
    """
    transitions.lock_order(order, Payment.REVIEW)
    attempt = in_review(order)
    if bool(attempt) != bool(came) or rest != rest_of(order, came) or not 0 < rest < order.total:
        raise StaleState
    if attempt:
        came_through(attempt, came, actor)
    elif order.remaining_requested == rest:
        raise StaleState
    order.remaining_requested = rest
    came_so_far = f"{shillings(order.total - rest)} of {shillings(order.total)} has come"
    order.record(f"{came_so_far}. {shillings(rest)} remains to be paid", for_buyer=True)
    db.session.flush()
    remaining_payment_requested.send(order)


def completes(order: Order, attempt: PaymentAttempt) -> bool:
    """Whether this attempt is the rest that was asked for, and makes the order's total with what came before."""
    asked = order.payment == Payment.REVIEW and 0 < order.remaining_requested == attempt.amount == rest_of(order, 0)
    return asked and in_review(order) is None
