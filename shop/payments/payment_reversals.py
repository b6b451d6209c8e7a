"""A paid order whose goods are still here is cancelled, or turns out not to be paid.

All of it runs inside the caller's transaction.
"""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import func, select

from shop.core.clock import utcnow
from shop.core.database import db
from shop.core.signals import manual_payment_undone
from shop.orders import reservations, transitions
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.payments import money_ledger
from shop.payments.manual_payments import after_cancelling, attempt_in_review
from shop.payments.models import LedgerEntry

HERE = (Fulfilment.UNFULFILLED, Fulfilment.PACKED)
TIME_TO_PAY = timedelta(hours=24)  # for a buyer whose order was marked paid by mistake


def may_cancel(order: Order) -> bool:
    """Whether a paid order can still be cancelled: its goods have not left."""
    return order.payment == Payment.PAID and order.fulfilment in HERE


def cancel_paid(order: Order, back: Mapping[str, int], reason: str, actor: str) -> None:
    """Cancel a paid order whose goods have not left: paid -> cancelled. All that is here of its money is owed back.

    `back` is what goes back on the shelf, pieces by SKU. Raises StaleState when it is not paid, or its goods have
    left, by now, and stock.TooManyBack. Nothing is kept then.
    """
    transitions.reverse_transition(order, Payment.CANCELLED)
    reservations.put_back(order.id, back, "On the shelf again, the paid order was cancelled", actor)
    transitions.free_discount(order)
    order.record(f"Cancelled although it was paid: {reason}", actor=actor)
    after_cancelling(order, held=False)


def marked_by_hand(order: Order) -> LedgerEntry | None:
    """The payment marked by hand that can still be taken back: of a paid order whose goods are all here, from which
    nothing was given back, and which no other money pays. Else None.
    """
    if not may_cancel(order) or order.refunded:
        return None
    by_hand = select(LedgerEntry).where(LedgerEntry.order_id == order.id, LedgerEntry.kind == "by_hand")
    entry = db.session.scalar(by_hand.order_by(LedgerEntry.id.desc()).limit(1))
    if entry is None or order.received - entry.amount >= order.total:
        return None
    mine = (LedgerEntry.order_id == order.id, LedgerEntry.kind.in_(("by_hand", "correction")))
    standing = db.session.scalar(select(func.sum(LedgerEntry.amount)).where(*mine))
    goods = {line.sku: line.quantity for line in order.lines}
    return entry if standing == entry.amount and reservations.out_of(order.id) == goods else None


def undo_mark_paid(order: Order, reason: str, actor: str) -> None:
    """A payment marked by hand was not this order's: the order is as it was before, and its code is free.

    Goods that were held for it are held again; those of an order that had expired are free. It goes to review where
    other money of it is here, or was in review. Raises StaleState when there is nothing to take back by now.
    """
    transitions.transition(order, Payment.PAID, Payment.PAID)
    entry = marked_by_hand(order)
    if entry is None:
        raise StaleState
    held = entry.before != Payment.EXPIRED and not order.paid_late
    doubtful = entry.before == Payment.REVIEW or order.received > entry.amount or attempt_in_review(order) is not None
    transitions.reverse_transition(order, Payment.REVIEW if doubtful else entry.before)
    if held:
        reservations.hold_again(order.lines)
    else:
        goods = {line.sku: line.quantity for line in order.lines}
        reservations.put_back(order.id, goods, "On the shelf again, the order is not paid after all", actor)
        transitions.free_discount(order)
    money_ledger.enter_undone_payment(order, entry, reason=reason, actor=actor)
    order.paid_late = doubtful and not held
    order.paid_at = order.payment_verified_at = None
    order.payment_verified_by = ""
    if order.payment == Payment.AWAITING:
        order.expires_at = max(order.expires_at, utcnow() + TIME_TO_PAY)
    order.record("A payment was noted for this order by mistake. It is not paid yet", for_buyer=True)
    db.session.flush()
    manual_payment_undone.send(order)
