"""Whether the money adds up: the book of money in and out against the sums that stand beside the orders."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from shop.core.database import db
from shop.core.money import shillings
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments.models import AttemptState, LedgerEntry, PaymentAttempt

MOST_NAMED = 20  # orders that do not add up; the rest is only counted
PARTS = ("callback", "by_hand", "correction", "refund")


@dataclass(frozen=True)
class Mismatch:
    """An order whose sums do not fit. `difference` is whole shillings: what the order says less what the book says."""

    number: str
    difference: int
    words: str


@dataclass(frozen=True)
class Reconciliation:
    """Both sides, in whole shillings."""

    parts: dict[str, int]  # of the book, by kind; money that went out is below zero
    states: dict[str, int]  # money that is here, by the payment state of its order
    refund_due_amount: int  # of it, what is to be given back
    wrong: Sequence[Mismatch]
    wrong_in_all: int

    @property
    def book(self) -> int:
        """What the book says is here."""
        return sum(self.parts.values())

    @property
    def orders(self) -> int:
        """What the orders say is here."""
        return sum(self.states.values())

    @property
    def difference(self) -> int:
        """What the orders say less what the book says."""
        return self.orders - self.book

    @property
    def holds(self) -> bool:
        """Whether every shilling is in its place."""
        return not self.difference and not self.wrong_in_all


def reconcile() -> Reconciliation:
    """Add up everything. Three queries, however much there is."""
    counted = dict(
        db.session.execute(select(LedgerEntry.kind, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.kind)).all()
    )
    here = func.sum(Order.received - Order.refunded)
    with_money = or_(Order.received != 0, Order.refunded != 0, Order.refund_due_amount != 0)
    rows = db.session.execute(
        select(Order.payment, here, func.sum(Order.refund_due_amount)).where(with_money).group_by(Order.payment)
    ).all()
    by_state = {row[0]: int(row[1]) for row in rows}
    wrong, in_all = _wrong()
    return Reconciliation(
        parts={kind: int(counted.get(kind) or 0) for kind in PARTS},
        states={state: by_state.get(state, 0) for state in Payment},
        refund_due_amount=sum(int(row[2]) for row in rows),
        wrong=wrong,
        wrong_in_all=in_all,
    )


def _wrong() -> tuple[list[Mismatch], int]:
    """The orders that break a rule, newest first, and how many there are."""
    out = LedgerEntry.kind == "refund"
    book = (
        select(
            LedgerEntry.order_id,
            func.sum(case((out, 0), else_=LedgerEntry.amount)).label("came"),
            func.sum(case((out, -LedgerEntry.amount), else_=0)).label("went"),
            func.count(LedgerEntry.attempt_id).label("lines"),
        )
        .group_by(LedgerEntry.order_id)
        .subquery()
    )
    paid = (
        select(PaymentAttempt.order_id, func.count().label("attempts"))
        .where(PaymentAttempt.state == AttemptState.PAID)
        .group_by(PaymentAttempt.order_id)
        .subquery()
    )
    came, went = func.coalesce(book.c.came, 0), func.coalesce(book.c.went, 0)
    attempts, lines = func.coalesce(paid.c.attempts, 0), func.coalesce(book.c.lines, 0)
    columns = (
        Order.number,
        Order.payment,
        Order.total,
        Order.received,
        Order.refunded,
        Order.refund_due_amount,
        Order.shortfall,
    )
    broken = select(*columns, came, went, attempts, lines, func.count().over()).select_from(Order)
    broken = broken.outerjoin(book, book.c.order_id == Order.id).outerjoin(paid, paid.c.order_id == Order.id)
    broken = broken.where(or_(Order.received != came, Order.refunded != went, attempts != lines, _out_of_place()))
    rows = db.session.execute(broken.order_by(Order.id.desc()).limit(MOST_NAMED)).all()
    return [_mismatch(row) for row in rows], rows[0][-1] if rows else 0


def _out_of_place() -> ColumnElement[bool]:
    """Whether an order's own sums do not fit its state."""
    here = Order.received - Order.refunded
    return or_(
        and_(Order.payment == Payment.PAID, Order.received + Order.shortfall < Order.total),
        and_(Order.payment.not_in((Payment.PAID, Payment.REVIEW)), here != Order.refund_due_amount),
        Order.refund_due_amount > here,
        Order.refund_due_amount < 0,
        Order.refund_due != (Order.refund_due_amount > 0),
    )


def _mismatch(row: Any) -> Mismatch:
    number, payment, total, received, refunded, refund_due_amount, short, came, went, attempts, lines, _ = row
    here, book = received - refunded, came - went
    if here != book:
        words = f"The order says {shillings(here)} is here, the book says {shillings(book)}."
    elif received != came:
        words = f"The order says {shillings(received)} came, the book says {shillings(came)}."
    elif attempts != lines:
        words = f"{attempts} of its payments are marked paid, the book has {lines}."
    elif payment == Payment.PAID and received + short < total:
        words = f"It is marked paid, but only {shillings(received)} of {shillings(total)} came."
        return Mismatch(str(number), received + short - total, words)
    else:
        words = (
            f"{shillings(here)} of its money is here, and {shillings(refund_due_amount)} is noted as to be given back."
        )
        return Mismatch(str(number), refund_due_amount - here, words)
    return Mismatch(str(number), here - book, words)
