"""Money given back. Chpter documents no call for it: it is done outside, and recorded here."""

from collections.abc import Mapping

from sqlalchemy import case, update

from shop.core.database import db, updated
from shop.core.money import shillings
from shop.core.signals import refund_recorded
from shop.orders import reservations, transitions
from shop.orders.models import Order, OrderLine
from shop.orders.search_index import add_search_terms
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments import money_ledger
from shop.payments.manual_payments import ManualPayment

REFUNDABLE = (Payment.PAID, Payment.CANCELLED, Payment.REFUNDED)


def record_refund(
    order: Order,
    seen: int,
    money: ManualPayment,
    actor: str,
    back: Mapping[str, int] | None = None,
    refunded: Mapping[int, int] | None = None,
) -> None:
    """Record that `money` was given back, inside the caller's transaction. What is due goes first.

    `refunded` is what it was given back for, pieces by the id of the order's line. `back` is what goes back on the
    shelf, pieces by SKU; raises stock.TooManyBack when the order did not take so much.

    `seen` is what had been given back when the form was shown: the same form sent twice is recorded once. Raises
    StaleState when more was given back since, or when less money is here or less of a line remains; nothing is kept
    then. Raises sqlalchemy.exc.IntegrityError when the money book holds this code already.
    """
    due = order.refund_due_amount
    left = max(0, due - money.amount)
    guarded = update(Order).where(
        Order.id == order.id,
        Order.refunded == seen,
        Order.refund_due_amount == due,
        Order.payment.in_(REFUNDABLE),
        Order.received - Order.refunded >= money.amount,
    )
    values = {"refunded": Order.refunded + money.amount, "refund_due_amount": left, "refund_due": left > 0}
    if not updated(guarded.values(values)):
        raise StaleState
    entry = money_ledger.enter_refund(
        order, money.amount, method=money.method, code=money.code, reason=money.reason, actor=actor
    )
    db.session.expire(order)
    goods = _refund_lines(order, refunded or {})
    reservations.put_back(order.id, back or {}, "Back from the buyer, with a refund", actor)
    if order.payment == Payment.PAID and not order.money_here:
        transitions.transition(order, Payment.PAID, Payment.REFUNDED)
        transitions.mark_refunded(order)
    if money.code:
        add_search_terms(order, money.code)
    order.record(f"{shillings(money.amount)} was given back to you{goods}", for_buyer=True)
    db.session.flush()
    refund_recorded.send(entry)


def _refund_lines(order: Order, pieces: Mapping[int, int]) -> str:
    """Take pieces off the order's lines; what they are, for the timeline."""
    if not pieces:
        return ""
    of_line = case(pieces, value=OrderLine.id)
    mine = update(OrderLine).where(OrderLine.order_id == order.id, OrderLine.id.in_(pieces))
    there = mine.where(OrderLine.quantity - OrderLine.refunded >= of_line)
    if updated(there.values(refunded=OrderLine.refunded + of_line)) != len(pieces):
        raise StaleState
    lines = [line for line in order.lines if line.id in pieces]
    for line in lines:
        db.session.expire(line, ["refunded"])
    return f", for {', '.join(f'{pieces[line.id]} × {line.name}' for line in lines)}"
