"""What a person decides about an order's money. Each act is one guarded move and all that follows from it.

Everything runs inside the caller's transaction, with the order read in it. Of two acts at one moment one wins: the
other raises StaleState, and nothing of it is kept.
"""

from dataclasses import dataclass, field

from sqlalchemy import func, select, update

from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.core.signals import order_cancelled
from shop.orders import reservations, transitions
from shop.orders.models import Order
from shop.orders.search_index import add_search_terms
from shop.orders.states import AttemptState, Payment
from shop.orders.transitions import StaleState
from shop.payments import money_ledger, mpesa_codes, review_flags
from shop.payments.models import LedgerEntry, PaymentAttempt

PAYABLE = (Payment.AWAITING, Payment.EXPIRED, Payment.REVIEW)


@dataclass(frozen=True)
class ManualPayment:
    """Money somebody saw with their own eyes: in the till, in the bank, in the M-PESA messages."""

    amount: int  # whole shillings
    method: str  # MPESA, CASH, BANK or CARD
    code: str | None = field(repr=False)
    reason: str = field(repr=False)


class AmountTooLow(Exception):
    """`short` shillings of the order's total lack, and that is not what was to be let off. Nothing is kept."""

    def __init__(self, short: int) -> None:
        super().__init__(f"{short} shillings lack")
        self.short = short


def accept(order: Order, amount: int, actor: str, let_off: int = 0) -> None:
    """Take what came for an order in review as its payment: review -> paid.

    `amount` is what came through the attempt in review, if there is one; it counts only where the order lacks money.
    `let_off` is what the form said would be let off: LessCame when another sum lacks. Raises stock.OutOfStock when its
    goods were given up and are gone. Nothing is kept then.
    """
    transitions.transition(order, Payment.REVIEW, Payment.PAID)
    attempt = in_review(order)
    if order.money_here < order.total:
        if attempt:
            came_through(attempt, amount, actor)
        elif not order.money_here:
            raise StaleState
    _sold(order, held=not order.paid_late, actor=actor, let_off=let_off)


def refuse(order: Order, came: int, actor: str) -> None:
    """Cancel an order in review. `came` is what arrived all the same through the attempt in review: it is owed back."""
    transitions.transition(order, Payment.REVIEW, Payment.CANCELLED)
    attempt = in_review(order)
    if attempt and came:
        came_through(attempt, came, actor)
    elif attempt:
        _settle(attempt, AttemptState.FAILED)
    after_cancelling(order, held=not order.paid_late)


def cancel(order: Order, words: str = "The order was cancelled") -> None:
    """Cancel an order nobody has paid: awaiting -> cancelled. Money that comes later is owed back (R10).

    `words` are for the timeline.
    """
    transitions.transition(order, Payment.AWAITING, Payment.CANCELLED)
    after_cancelling(order, held=True, words=words)


def mark_paid(order: Order, seen: str, money: ManualPayment, actor: str, let_off: int = 0) -> None:
    """Count money a person saw, and take it as the order's payment.

    Raises LessCame as `accept` does, stock.OutOfStock when the goods of an expired order are gone, and
    sqlalchemy.exc.IntegrityError when the code stands in the book already.
    """
    if seen not in PAYABLE:
        raise StaleState
    transitions.transition(order, seen, Payment.PAID)
    held = seen == Payment.AWAITING or (seen == Payment.REVIEW and not order.paid_late)
    money_ledger.enter_payment(
        order, money.amount, method=money.method, code=money.code, reason=money.reason, actor=actor, before=seen
    )
    if money.code:
        add_search_terms(order, money.code)
    _sold(order, held, actor, let_off)
    review_flags.resolve_all(order, (review_flags.ReviewReason.CODE,), "Marked paid by hand", actor)


def resolve_attempt(attempt: PaymentAttempt, came: int, actor: str) -> None:
    """Say of money in review, for an order that is not, whether it came: review -> paid, or failed when `came` is 0.

    What came for an order that was settled or cancelled is owed back; an expired order is paid by it, if it is enough
    and its goods are still there, and else goes to review.
    """
    order = attempt.order
    seen = order.payment
    if seen == Payment.REVIEW:
        raise StaleState
    transitions.lock_order(order, seen)
    if not came:
        _settle(attempt, AttemptState.FAILED)
        return
    came_through(attempt, came, actor)
    if seen != Payment.EXPIRED:
        money_ledger.add_refund_due(order, came)
    elif order.money_here - order.refund_due_amount >= order.total and reservations.try_take(order.lines):
        transitions.transition(order, Payment.EXPIRED, Payment.PAID)
        _sold_late(order, actor)
    else:
        transitions.transition(order, Payment.EXPIRED, Payment.REVIEW)
        order.paid_late = True
        order.record("The payment is being checked by a person", for_buyer=True)


def mark_duplicate(order: Order, actor: str) -> int:
    """What was marked paid by hand and what came through Chpter are one payment: how many shillings it was by hand.

    Where Chpter's sum is the larger, the rest of it pays what had been let off before any of it is owed back; of an
    order that is no longer to be had for its money all of the rest is owed back.
    """
    amount = is_entered_twice(order)
    due, short = order.refund_due_amount, order.shortfall
    if not amount:
        raise StaleState
    guarded = update(Order).where(
        Order.id == order.id,
        Order.payment == order.payment,
        Order.refund_due_amount == due,
        Order.received == order.received,
        Order.refunded == order.refunded,
        Order.shortfall == short,
    )
    missing = min(short, due - amount) if order.payment == Payment.PAID else 0
    left = due - amount - missing
    values = {
        "received": Order.received - amount,
        "refund_due_amount": left,
        "refund_due": left > 0,
        "shortfall": short - missing,
    }
    if not updated(guarded.values(values)):
        raise StaleState
    db.session.expire(order, ["shortfall"])
    money_ledger.enter_correction(
        order, amount, reason="The payment by hand and the one through Chpter are one", actor=actor
    )
    return amount


def verify_payment(order: Order, actor: str) -> bool:
    """Somebody found a paid order's payment in Chpter's account or on the statement. False when somebody had before."""
    unseen = update(Order).where(
        Order.id == order.id, Order.payment == Payment.PAID, Order.payment_verified_at.is_(None)
    )
    done = updated(unseen.values(payment_verified_at=utcnow(), payment_verified_by=actor[:80]))
    db.session.refresh(order)
    if order.payment != Payment.PAID:
        raise StaleState
    return bool(done)


def is_entered_twice(order: Order) -> int:
    """How many shillings of what is due back were marked paid by hand, and may be the money Chpter told of. Else 0."""
    if not order.refund_due_amount:
        return 0
    mine = (LedgerEntry.order_id == order.id, LedgerEntry.kind.in_(("by_hand", "correction")))
    by_hand = db.session.scalar(select(func.sum(LedgerEntry.amount)).where(*mine)) or 0
    return by_hand if 0 < by_hand <= order.refund_due_amount and by_hand < order.received else 0


def in_review(order: Order) -> PaymentAttempt | None:
    """The newest attempt of an order that waits for a person."""
    mine = select(PaymentAttempt).where(
        PaymentAttempt.order_id == order.id, PaymentAttempt.state == AttemptState.REVIEW
    )
    return db.session.scalar(mine.order_by(PaymentAttempt.id.desc()).limit(1))


def _settle(attempt: PaymentAttempt, to: AttemptState) -> None:
    guarded = update(PaymentAttempt).where(PaymentAttempt.id == attempt.id, PaymentAttempt.state == AttemptState.REVIEW)
    if not updated(guarded.values(state=to)):
        raise StaleState
    db.session.expire(attempt)


def came_through(attempt: PaymentAttempt, amount: int, actor: str) -> None:
    """Money of an attempt in review came: review -> paid, with its line in the book. The order is locked."""
    _settle(attempt, AttemptState.PAID)
    code = mpesa_codes.code_to_book(attempt)
    money_ledger.enter_payment(attempt.order, amount, attempt=attempt, method=attempt.method, code=code, actor=actor)


def _sold(order: Order, held: bool, actor: str, let_off: int) -> None:
    if held:
        _taken(order, actor, let_off)
        transitions.complete_payment(order, utcnow())
    else:
        reservations.take(order.lines)
        _sold_late(order, actor, let_off)


def _sold_late(order: Order, actor: str, let_off: int = 0) -> None:
    _taken(order, actor, let_off)
    transitions.complete_late_payment(order, utcnow())


def _taken(order: Order, actor: str, let_off: int) -> None:
    """Somebody says that this is the order's payment: they have seen it."""
    money_ledger.accept_balance(order)
    if order.shortfall != let_off:
        raise AmountTooLow(order.shortfall)
    order.payment_verified_at, order.payment_verified_by = utcnow(), actor[:80]


def after_cancelling(order: Order, held: bool, words: str = "The order was cancelled") -> None:
    """What follows from an order being cancelled: all of its money is owed back, what it held is free, a mail."""
    order.remaining_requested = 0
    owed = order.money_here - order.refund_due_amount
    if owed:
        money_ledger.add_refund_due(order, owed)
    if held:
        transitions.release_order(order)
    order.record(words, for_buyer=True)
    review_flags.resolve_all(order, (review_flags.ReviewReason.CODE,), "The order was cancelled", "")
    db.session.flush()
    order_cancelled.send(order)
