"""What can be done about the money of an order, as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.admin.orders.detail_views import TO_REVIEW, OrderDetail
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments import payment_reversals, shortfalls
from shop.payments.manual_payments import PAYABLE, duplicate_amount
from shop.payments.models import AttemptState, PaymentAttempt
from shop.payments.refunds import REFUNDABLE


@dataclass(frozen=True)
class Said:
    """An attempt in review, and the newest sum Chpter named for it (None: it named none that can be read)."""

    attempt: PaymentAttempt
    amount: int | None


@dataclass(frozen=True)
class AvailableActions:
    """Which buttons an order's page has."""

    review: Said | None
    needs_money: bool  # to accept it, somebody has to say how much came by the attempt in review
    came: int  # what Chpter says came through the attempt in review; 0 where there is none
    rest: int  # what lacks of the total once that is counted; 0 when nothing came, or nothing lacks
    decide: bool
    mark_paid: bool
    cancel: bool
    give_back: bool
    cancel_paid: bool
    take_back: bool
    same_money: int  # KSh that may have been entered twice; else 0
    stray: Sequence[Said]

    @property
    def any(self) -> bool:
        """Whether there is anything to press."""
        return any((self.decide, self.mark_paid, self.cancel, self.give_back, self.cancel_paid, self.stray))


def available_actions(order: Order, dossier: OrderDetail) -> AvailableActions:
    """Read from what the page holds already; one query more where money is due back, four for a paid order."""
    said = [
        Said(
            one.attempt,
            next((heard.record.amount for heard in one.heard if heard.record.row in TO_REVIEW), None),
        )
        for one in dossier.tries
        if one.attempt.state == AttemptState.REVIEW
    ]
    decide = order.payment == Payment.REVIEW
    came = (said[0].amount or 0) if decide and said else 0
    rest = shortfalls.balance_due(order, came)
    return AvailableActions(
        review=said[0] if decide and said else None,
        needs_money=bool(decide and said) and order.money_here < order.total,
        came=came,
        rest=rest if decide and 0 < rest < order.total else 0,
        decide=decide,
        mark_paid=order.payment in PAYABLE,
        cancel=order.payment == Payment.AWAITING,
        give_back=order.payment in REFUNDABLE and order.money_here > 0,
        cancel_paid=payment_reversals.may_cancel(order),
        take_back=payment_reversals.marked_by_hand(order) is not None,
        same_money=duplicate_amount(order) if order.refund_due else 0,
        stray=said if not decide else (),
    )
