"""Refunds. Chpter documents no API for them: the merchant refunds the buyer and records it here."""

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
    refunded_before: int,
    money: ManualPayment,
    actor: str,
    returned: Mapping[str, int] | None = None,
    refunded_lines: Mapping[int, int] | None = None,
) -> None:
    """Record a refund of `money`, inside the caller's transaction. It reduces the amount due first.

    `refunded_lines` is what it was refunded for, pieces by the id of the order line. `returned` is what goes back into
    stock, pieces by SKU; raises stock.TooManyBack when the order did not take that many.

    `refunded_before` is the amount already refunded when the form was shown: a form sent twice is recorded once. Raises
    StaleState when more was refunded since, or less money or fewer pieces of a line remain; then nothing is written.
    Raises sqlalchemy.exc.IntegrityError when the code is in the ledger already.
    """
    due = order.refund_due_amount
    still_due = max(0, due - money.amount)
    guarded = update(Order).where(
        Order.id == order.id,
        Order.refunded == refunded_before,
        Order.refund_due_amount == due,
        Order.payment.in_(REFUNDABLE),
        Order.received - Order.refunded >= money.amount,
    )
    values = {"refunded": Order.refunded + money.amount, "refund_due_amount": still_due, "refund_due": still_due > 0}
    if not updated(guarded.values(values)):
        raise StaleState
    entry = money_ledger.enter_refund(
        order, money.amount, method=money.method, code=money.code, reason=money.reason, actor=actor
    )
    db.session.expire(order)
    products = _refund_lines(order, refunded_lines or {})
    reservations.put_back(order.id, returned or {}, "Returned by the buyer, with a refund", actor)
    if order.payment == Payment.PAID and not order.money_here:
        transitions.transition(order, Payment.PAID, Payment.REFUNDED)
        transitions.mark_refunded(order)
    if money.code:
        add_search_terms(order, money.code)
    order.record(f"{shillings(money.amount)} was refunded to you{products}", for_buyer=True)
    db.session.flush()
    refund_recorded.send(entry)


def _refund_lines(order: Order, pieces: Mapping[int, int]) -> str:
    """Record refunded pieces of the order's lines. Returns the products for the timeline."""
    if not pieces:
        return ""
    of_line = case(pieces, value=OrderLine.id)
    chosen = update(OrderLine).where(OrderLine.order_id == order.id, OrderLine.id.in_(pieces))
    guarded = chosen.where(OrderLine.quantity - OrderLine.refunded >= of_line)
    if updated(guarded.values(refunded=OrderLine.refunded + of_line)) != len(pieces):
        raise StaleState
    lines = [line for line in order.lines if line.id in pieces]
    for line in lines:
        db.session.expire(line, ["refunded"])
    return f", for {', '.join(f'{pieces[line.id]} × {line.name}' for line in lines)}"
