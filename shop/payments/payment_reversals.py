"""Reversals of a paid order whose goods have not left: cancel it, or undo "Mark paid by hand".

All functions run inside the caller's transaction.
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

NOT_SENT = (Fulfilment.UNFULFILLED, Fulfilment.PACKED)
TIME_TO_PAY = timedelta(hours=24)  # after a payment by hand was undone


def may_cancel(order: Order) -> bool:
    """Whether the order is paid and its goods have not left."""
    return order.payment == Payment.PAID and order.fulfilment in NOT_SENT


def cancel_paid(order: Order, returned: Mapping[str, int], reason: str, actor: str) -> None:
    """Cancel a paid order whose goods have not left: paid -> cancelled. All its money must be refunded.

    `returned` is what goes back into stock, pieces by SKU. Raises StaleState when the order is not paid or its goods
    have left, and stock.TooManyBack.
    """
    transitions.reverse_transition(order, Payment.CANCELLED)
    reservations.put_back(order.id, returned, "Back in stock: the paid order was cancelled", actor)
    transitions.release_discount(order)
    order.record(f"Cancelled although it was paid: {reason}", actor=actor)
    after_cancelling(order, held=False)


def marked_by_hand(order: Order) -> LedgerEntry | None:
    """The payment by hand that can be undone, or None.

    The order is paid by this entry alone, nothing was refunded, and all its goods are in the shop.
    """
    if not may_cancel(order) or order.refunded:
        return None
    entries = select(LedgerEntry).where(LedgerEntry.order_id == order.id, LedgerEntry.kind == "by_hand")
    entry = db.session.scalar(entries.order_by(LedgerEntry.id.desc()).limit(1))
    if entry is None or order.received - entry.amount >= order.total:
        return None
    manual = (LedgerEntry.order_id == order.id, LedgerEntry.kind.in_(("by_hand", "correction")))
    total = db.session.scalar(select(func.sum(LedgerEntry.amount)).where(*manual))
    goods = {line.sku: line.quantity for line in order.lines}
    return entry if total == entry.amount and reservations.out_of(order.id) == goods else None


def undo_mark_paid(order: Order, reason: str, actor: str) -> None:
    """Undo a payment by hand that belongs to another order: the order returns to its former state, the code is free.

    Stock that was held is held again; the stock of an expired order is released. The order goes to review if it has
    other money or was in review before. Raises StaleState when there is no payment to undo.
    """
    transitions.lock_order(order, Payment.PAID)
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
        reservations.put_back(order.id, goods, "Back in stock: the order is not paid", actor)
        transitions.release_discount(order)
    money_ledger.enter_undone_payment(order, entry, reason=reason, actor=actor)
    order.paid_late = doubtful and not held
    order.paid_at = order.payment_verified_at = None
    order.deliver_from = order.deliver_by = None
    order.payment_verified_by = ""
    if order.payment == Payment.AWAITING:
        order.expires_at = max(order.expires_at, utcnow() + TIME_TO_PAY)
    order.record("A payment was recorded for this order by mistake. It is not paid yet", for_buyer=True)
    db.session.flush()
    manual_payment_undone.send(order)
