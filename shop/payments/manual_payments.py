"""Decisions of a user about an order's money. Each one is a guarded state change with all its effects.

All functions run inside the caller's transaction, with the order read in it. Of two users who decide at the same
moment one succeeds; for the other StaleState is raised, and nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import and_, func, or_, select, update

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.core.money import shillings
from shop.core.signals import order_cancelled, remaining_payment_requested
from shop.orders import reservations, transitions
from shop.orders.models import Order, OrderLine
from shop.orders.search_index import add_search_terms
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments import money_ledger, review_flags
from shop.payments.models import AttemptState, LedgerEntry, PaymentAttempt, ReviewReason

PAYABLE = (Payment.AWAITING, Payment.EXPIRED, Payment.REVIEW)


@dataclass(frozen=True)
class ManualPayment:
    """Money that a user has seen in the till, the bank account or the M-PESA messages."""

    amount: int  # whole shillings
    method: str  # MPESA, CASH, BANK or CARD
    code: str | None = field(repr=False)
    reason: str = field(repr=False)


class AmountTooLow(Exception):
    """`shortfall` shillings of the total are missing, which is not the amount to write off. Nothing is written."""

    def __init__(self, shortfall: int) -> None:
        super().__init__(f"{shortfall} shillings are missing")
        self.shortfall = shortfall


def accept(order: Order, amount: int, actor: str, write_off: int = 0) -> None:
    """Accept the money received for an order in review: review -> paid.

    `amount` is what came through the attempt in review, if there is one; it counts only while the order lacks money.
    `write_off` is the shortfall that the form showed. Raises AmountTooLow when the shortfall is another, and
    stock.OutOfStock when the order holds no stock and it is sold out.
    """
    transitions.transition(order, Payment.REVIEW, Payment.PAID)
    attempt = attempt_in_review(order)
    if order.money_here < order.total:
        if attempt:
            accept_attempt(attempt, amount, actor)
        elif not order.money_here:
            raise StaleState
    _complete_payment(order, actor, late=order.paid_late, write_off=write_off)


def refuse(order: Order, received: int, actor: str) -> None:
    """Cancel an order in review. `received` is what came through the attempt in review: it must be refunded."""
    transitions.transition(order, Payment.REVIEW, Payment.CANCELLED)
    attempt = attempt_in_review(order)
    if attempt and received:
        accept_attempt(attempt, received, actor)
    elif attempt:
        _close_attempt(attempt, AttemptState.FAILED)
    after_cancelling(order, held=not order.paid_late)


def cancel(order: Order, words: str = "The order was cancelled") -> None:
    """Cancel an unpaid order: awaiting -> cancelled. `words` are for the timeline.

    A payment that comes later must be refunded (row R10).
    """
    transitions.transition(order, Payment.AWAITING, Payment.CANCELLED)
    after_cancelling(order, held=True, words=words)


def orders_without_stock(sku: str, left: int) -> list[Order]:
    """The orders that hold a SKU and cannot be supplied from `left` pieces.

    Orders in review are supplied first, then the oldest.
    """
    holds = or_(Order.payment == Payment.AWAITING, and_(Order.payment == Payment.REVIEW, ~Order.paid_late))
    query = select(Order, OrderLine.quantity).join(OrderLine, OrderLine.order_id == Order.id)
    held = query.where(OrderLine.sku == sku, holds).order_by(Order.payment == Payment.AWAITING, Order.id)
    unsupplied = []
    for order, pieces in db.session.execute(held):
        if pieces <= left:
            left -= pieces
        else:
            unsupplied.append(order)
    return unsupplied


def cancel_orders_without_stock(sku: str, left: int, numbers: Sequence[str]) -> list[Order]:
    """Cancel the orders with these numbers, if exactly they cannot be supplied, inside the caller's transaction.

    Returns the cancelled orders, else none. Raises StaleState when one of them is no longer unpaid.
    """
    unsupplied = orders_without_stock(sku, left)
    if {order.number for order in unsupplied} != set(numbers):
        return []
    for order in unsupplied:
        cancel(order, "The order was cancelled: its goods are damaged or lost")
    return unsupplied


def mark_paid(order: Order, state: str, money: ManualPayment, actor: str, write_off: int = 0) -> None:
    """Enter money that a user has seen, and accept it as the order's payment. `state` is the one the form showed.

    Raises AmountTooLow and stock.OutOfStock as `accept` does, and sqlalchemy.exc.IntegrityError when the M-PESA code is
    already in the ledger.
    """
    if state not in PAYABLE:
        raise StaleState
    transitions.transition(order, state, Payment.PAID)
    late = state == Payment.EXPIRED or (state == Payment.REVIEW and order.paid_late)
    money_ledger.enter_payment(
        order, money.amount, method=money.method, code=money.code, reason=money.reason, actor=actor, before=state
    )
    if money.code:
        add_search_terms(order, money.code)
    _complete_payment(order, actor, late=late, write_off=write_off)
    review_flags.resolve_all(order, (ReviewReason.CODE,), "Marked paid by hand", actor)


def request_remaining(order: Order, received: int, remaining: int, actor: str) -> None:
    """Enter what was received for an order in review, and ask its buyer for the remaining amount by email.

    The order stays in review and keeps its stock. Row R3d of the settlement table makes it paid once the remaining
    payment has come.

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


def resolve_attempt(attempt: PaymentAttempt, received: int, actor: str) -> None:
    """Resolve an attempt in review of an order that is not: review -> paid, or failed when `received` is 0.

    An expired order is paid by it, if it is enough and the stock is available, and else goes to review. For every other
    order the money must be refunded.
    """
    order = attempt.order
    state = order.payment
    if state == Payment.REVIEW:
        raise StaleState
    transitions.lock_order(order, state)
    if not received:
        _close_attempt(attempt, AttemptState.FAILED)
        return
    accept_attempt(attempt, received, actor)
    if state != Payment.EXPIRED:
        money_ledger.add_refund_due(order, received)
    elif balance_due(order, 0) <= 0 and reservations.try_take(order.lines):
        transitions.transition(order, Payment.EXPIRED, Payment.PAID)
        _verify_balance(order, actor, write_off=0)
        transitions.complete_payment(order, utcnow(), late=True)
    else:
        transitions.transition(order, Payment.EXPIRED, Payment.REVIEW)
        order.paid_late = True
        order.record("The payment is being checked by a person", for_buyer=True)


def mark_duplicate(order: Order, actor: str) -> int:
    """Count a payment marked by hand and the same payment from Chpter once. Returns the shillings entered by hand.

    If Chpter's amount is larger, the difference first pays what was written off; the rest must be refunded. For an
    order that is not paid, all of the difference must be refunded.
    """
    amount = duplicate_amount(order)
    due, shortfall = order.refund_due_amount, order.shortfall
    if not amount:
        raise StaleState
    guarded = update(Order).where(
        Order.id == order.id,
        Order.payment == order.payment,
        Order.refund_due_amount == due,
        Order.received == order.received,
        Order.refunded == order.refunded,
        Order.shortfall == shortfall,
    )
    recovered = min(shortfall, due - amount) if order.payment == Payment.PAID else 0
    still_due = due - amount - recovered
    values = {
        "received": Order.received - amount,
        "refund_due_amount": still_due,
        "refund_due": still_due > 0,
        "shortfall": shortfall - recovered,
    }
    if not updated(guarded.values(values)):
        raise StaleState
    db.session.expire(order, ["shortfall"])
    money_ledger.enter_correction(
        order, amount, reason="The payment by hand and the one through Chpter are the same", actor=actor
    )
    return amount


def verify_payment(order: Order, actor: str) -> bool:
    """Mark a paid order's payment as verified. False when it was verified before."""
    unverified = update(Order).where(
        Order.id == order.id, Order.payment == Payment.PAID, Order.payment_verified_at.is_(None)
    )
    verified = updated(unverified.values(payment_verified_at=utcnow(), payment_verified_by=actor[:80]))
    db.session.refresh(order)
    if order.payment != Payment.PAID:
        raise StaleState
    return bool(verified)


def balance_due(order: Order, received: int) -> int:
    """Shillings of the total still missing once `received` more is entered; 0 or below when nothing is missing."""
    return order.total - (order.money_here - order.refund_due_amount) - received


def completes(order: Order, attempt: PaymentAttempt) -> bool:
    """Whether this attempt is the remaining payment that was requested and completes the total."""
    requested = order.payment == Payment.REVIEW and order.remaining_requested > 0
    matches = order.remaining_requested == attempt.amount == balance_due(order, 0)
    return requested and matches and attempt_in_review(order) is None


def duplicate_amount(order: Order) -> int:
    """Shillings entered by hand that are due as a refund and may duplicate a callback; else 0."""
    if not order.refund_due_amount:
        return 0
    manual = (LedgerEntry.order_id == order.id, LedgerEntry.kind.in_(("by_hand", "correction")))
    amount = db.session.scalar(select(func.sum(LedgerEntry.amount)).where(*manual)) or 0
    return amount if 0 < amount <= order.refund_due_amount and amount < order.received else 0


def attempt_in_review(order: Order) -> PaymentAttempt | None:
    """The order's newest attempt in review."""
    in_review = select(PaymentAttempt).where(
        PaymentAttempt.order_id == order.id, PaymentAttempt.state == AttemptState.REVIEW
    )
    return db.session.scalar(in_review.order_by(PaymentAttempt.id.desc()).limit(1))


def accept_attempt(attempt: PaymentAttempt, amount: int, actor: str) -> None:
    """Accept that `amount` came through an attempt: review -> paid, with its ledger entry. The order is locked."""
    _close_attempt(attempt, AttemptState.PAID)
    money_ledger.enter_attempt_payment(attempt, amount, actor)


def after_cancelling(order: Order, held: bool, words: str = "The order was cancelled") -> None:
    """Complete a cancellation: all money received must be refunded, held stock is released, the buyer gets an email."""
    order.remaining_requested = 0
    balance = order.money_here - order.refund_due_amount
    if balance:
        money_ledger.add_refund_due(order, balance)
    if held:
        transitions.release_order(order)
    order.record(words, for_buyer=True)
    review_flags.resolve_all(order, (ReviewReason.CODE,), "The order was cancelled", "")
    db.session.flush()
    order_cancelled.send(order)


def _close_attempt(attempt: PaymentAttempt, state: AttemptState) -> None:
    guarded = update(PaymentAttempt).where(PaymentAttempt.id == attempt.id, PaymentAttempt.state == AttemptState.REVIEW)
    if not updated(guarded.values(state=state)):
        raise StaleState
    db.session.expire(attempt)


def _complete_payment(order: Order, actor: str, *, late: bool, write_off: int) -> None:
    if late:
        reservations.take(order.lines)
    _verify_balance(order, actor, write_off)
    transitions.complete_payment(order, utcnow(), late=late)


def _verify_balance(order: Order, actor: str, write_off: int) -> None:
    """Accept the order's balance as its payment, verified by the user who decided."""
    money_ledger.accept_balance(order)
    if order.shortfall != write_off:
        raise AmountTooLow(order.shortfall)
    order.payment_verified_at, order.payment_verified_by = utcnow(), actor[:80]
