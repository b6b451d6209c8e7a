"""The payment actions that an order allows now."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.admin.orders.detail_views import REVIEW_ROWS, OrderDetail
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments import manual_payments, payment_reversals
from shop.payments.models import AttemptState, PaymentAttempt
from shop.payments.refunds import REFUNDABLE


@dataclass(frozen=True)
class ReviewedAttempt:
    """An attempt in review, and the newest amount that Chpter named for it (None: no amount can be read)."""

    attempt: PaymentAttempt
    amount: int | None


@dataclass(frozen=True)
class AvailableActions:
    """The buttons of an order's page. Amounts are whole shillings."""

    review: ReviewedAttempt | None
    asks_amount: bool  # to accept, the owner has to enter what was received through the attempt in review
    received: int  # what Chpter says was received through the attempt in review; 0 without one
    remaining: int  # what is missing after that; 0 if nothing was received, or nothing is missing
    resolve: bool
    mark_paid: bool
    cancel: bool
    refund: bool
    cancel_paid: bool
    undo_mark_paid: bool
    entered_twice: int  # what may have been entered twice; else 0
    other_attempts: Sequence[ReviewedAttempt]  # in review, while the order is not

    @property
    def any(self) -> bool:
        """True if there is a button."""
        return any((self.resolve, self.mark_paid, self.cancel, self.refund, self.cancel_paid, self.other_attempts))


def available_actions(order: Order, detail: OrderDetail) -> AvailableActions:
    """Which actions are available. One query if a refund is due, four for a paid order, else none."""
    reviewed = [
        ReviewedAttempt(
            row.attempt,
            next((callback.record.amount for callback in row.callbacks if callback.record.row in REVIEW_ROWS), None),
        )
        for row in detail.attempts
        if row.attempt.state == AttemptState.REVIEW
    ]
    in_review = order.payment == Payment.REVIEW
    newest = reviewed[0] if in_review and reviewed else None
    received = (newest.amount or 0) if newest else 0
    remaining = manual_payments.balance_due(order, received)
    return AvailableActions(
        review=newest,
        asks_amount=newest is not None and order.money_here < order.total,
        received=received,
        remaining=remaining if in_review and 0 < remaining < order.total else 0,
        resolve=in_review,
        mark_paid=order.payment in manual_payments.PAYABLE,
        cancel=order.payment == Payment.AWAITING,
        refund=order.payment in REFUNDABLE and order.money_here > 0,
        cancel_paid=payment_reversals.may_cancel(order),
        undo_mark_paid=payment_reversals.marked_by_hand(order) is not None,
        entered_twice=manual_payments.duplicate_amount(order) if order.refund_due else 0,
        other_attempts=() if in_review else reviewed,
    )
