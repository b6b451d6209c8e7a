"""Reconciliation: do the ledger and the orders' own sums agree?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from shop.core.database import db
from shop.core.money import shillings
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments.models import AttemptState, LedgerEntry, PaymentAttempt

MAX_NAMED = 20  # orders; further ones are only counted
PARTS = ("callback", "by_hand", "correction", "refund")


@dataclass(frozen=True)
class Mismatch:
    """An order whose sums are wrong. `difference` is in whole shillings: the order's balance less the ledger's."""

    number: str
    difference: int
    words: str


@dataclass(frozen=True)
class Reconciliation:
    """Both sides, in whole shillings."""

    parts: dict[str, int]  # of the ledger, by kind; refunds are below zero
    states: dict[str, int]  # the orders' balances, by payment state
    refund_due_amount: int  # of these balances
    wrong: Sequence[Mismatch]
    wrong_in_all: int

    @property
    def ledger(self) -> int:
        """The balance of the ledger."""
        return sum(self.parts.values())

    @property
    def orders(self) -> int:
        """The balance of the orders."""
        return sum(self.states.values())

    @property
    def difference(self) -> int:
        """The orders' balance less the ledger's."""
        return self.orders - self.ledger

    @property
    def holds(self) -> bool:
        """Whether every shilling is accounted for."""
        return not self.difference and not self.wrong_in_all


def reconcile() -> Reconciliation:
    """Add up the ledger and the orders in three queries."""
    parts = dict(
        db.session.execute(select(LedgerEntry.kind, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.kind)).all()
    )
    balance = func.sum(Order.received - Order.refunded)
    with_money = or_(Order.received != 0, Order.refunded != 0, Order.refund_due_amount != 0)
    rows = db.session.execute(
        select(Order.payment, balance, func.sum(Order.refund_due_amount)).where(with_money).group_by(Order.payment)
    ).all()
    by_state = {row[0]: int(row[1]) for row in rows}
    mismatches, count = _mismatches()
    return Reconciliation(
        parts={kind: int(parts.get(kind) or 0) for kind in PARTS},
        states={state: by_state.get(state, 0) for state in Payment},
        refund_due_amount=sum(int(row[2]) for row in rows),
        wrong=mismatches,
        wrong_in_all=count,
    )


def _mismatches() -> tuple[list[Mismatch], int]:
    """The orders that break a rule, newest first, and their number."""
    is_refund = LedgerEntry.kind == "refund"
    ledger = (
        select(
            LedgerEntry.order_id,
            func.sum(case((is_refund, 0), else_=LedgerEntry.amount)).label("received"),
            func.sum(case((is_refund, -LedgerEntry.amount), else_=0)).label("refunded"),
            func.count(LedgerEntry.attempt_id).label("entries"),
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
    came, went = func.coalesce(ledger.c.received, 0), func.coalesce(ledger.c.refunded, 0)
    attempts, entries = func.coalesce(paid.c.attempts, 0), func.coalesce(ledger.c.entries, 0)
    columns = (
        Order.number,
        Order.payment,
        Order.total,
        Order.received,
        Order.refunded,
        Order.refund_due_amount,
        Order.shortfall,
    )
    wrong = select(*columns, came, went, attempts, entries, func.count().over()).select_from(Order)
    wrong = wrong.outerjoin(ledger, ledger.c.order_id == Order.id).outerjoin(paid, paid.c.order_id == Order.id)
    wrong = wrong.where(
        or_(Order.received != came, Order.refunded != went, attempts != entries, _sums_contradict_state())
    )
    rows = db.session.execute(wrong.order_by(Order.id.desc()).limit(MAX_NAMED)).all()
    return [_mismatch(row) for row in rows], rows[0][-1] if rows else 0


def _sums_contradict_state() -> ColumnElement[bool]:
    """Whether an order's own sums contradict its state."""
    balance = Order.received - Order.refunded
    return or_(
        and_(Order.payment == Payment.PAID, Order.received + Order.shortfall < Order.total),
        and_(Order.payment.not_in((Payment.PAID, Payment.REVIEW)), balance != Order.refund_due_amount),
        Order.refund_due_amount > balance,
        Order.refund_due_amount < 0,
        Order.refund_due != (Order.refund_due_amount > 0),
    )


def _mismatch(row: Any) -> Mismatch:
    number, payment, total, received, refunded, refund_due_amount, shortfall, came, went, attempts, entries, _ = row
    balance, ledger = received - refunded, came - went
    if balance != ledger:
        words = f"The order’s balance is {shillings(balance)}, the ledger’s is {shillings(ledger)}."
    elif received != came:
        words = f"The order has received {shillings(received)}, the ledger says {shillings(came)}."
    elif attempts != entries:
        words = f"{attempts} of its payments are marked paid, the ledger has {entries}."
    elif payment == Payment.PAID and received + shortfall < total:
        words = f"It is marked paid, but has received only {shillings(received)} of {shillings(total)}."
        return Mismatch(str(number), received + shortfall - total, words)
    else:
        words = f"Its balance is {shillings(balance)}, and {shillings(refund_due_amount)} is due as a refund."
        return Mismatch(str(number), refund_due_amount - balance, words)
    return Mismatch(str(number), balance - ledger, words)
