"""Drill-down: the orders that make up one figure of the report, by the same conditions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select

from shop.core.database import db
from shop.orders.models import Order, OrderLine
from shop.payments.models import LedgerEntry, PaymentAttempt
from shop.reports.date_ranges import DateRange
from shop.reports.queries import (
    ENDINGS,
    NO_LONGER_PAID,
    TAKEN,
    UNPAID,
    Sum,
    payment_method,
    refunds_in,
    within,
)

PER_PAGE = 50


@dataclass(frozen=True)
class Drilldown:
    """One page of orders, newest first. `older` is the id where the next page begins, None on the last page."""

    rows: Sequence[Any]
    sum: Sum
    older: int | None


def drilldown_orders(period: DateRange, of: str, value: str, before: int | None) -> Drilldown | None:
    """The orders of one figure with an id below `before`; None for an unknown figure."""
    condition = CONDITIONS[of](period, value) if of in CONDITIONS else None
    if condition is None:
        return None
    amount_of = AMOUNTS[of](period) if of in AMOUNTS else TAKEN
    count, amount = db.session.execute(select(func.count(), func.sum(amount_of)).where(condition)).one()
    columns = (Order.id, Order.number, Order.placed_at, Order.paid_at, Order.full_name, Order.payment)
    query = select(*columns, amount_of.label("total")).where(condition).order_by(Order.id.desc()).limit(PER_PAGE + 1)
    rows = db.session.execute(query if before is None else query.where(Order.id < before)).all()
    shown = rows[:PER_PAGE]
    return Drilldown(shown, Sum(count, int(amount or 0)), shown[-1].id if len(rows) > PER_PAGE else None)


def _paid_in(period: DateRange) -> ColumnElement[bool]:
    return within(Order.paid_at, period)


def _of_state(period: DateRange, state: str) -> ColumnElement[bool] | None:
    """Placed in the period, and now in this payment state."""
    return and_(within(Order.placed_at, period), Order.payment == state) if state in UNPAID else None


def _refunded(period: DateRange, _value: str) -> ColumnElement[bool]:
    return and_(_paid_in(period), Order.payment.in_(NO_LONGER_PAID))


def _of_method(period: DateRange, method: str) -> ColumnElement[bool]:
    """Paid in the period, first by this method."""
    return and_(_paid_in(period), payment_method() == method)


def _written_off(period: DateRange, _value: str) -> ColumnElement[bool]:
    return and_(_paid_in(period), Order.shortfall > 0)


def _refunds_made(period: DateRange, _value: str) -> ColumnElement[bool]:
    """With a refund made in the period."""
    return exists().where(LedgerEntry.order_id == Order.id, refunds_in(period))


def _refunded_amount(period: DateRange) -> Any:
    amount = select(-func.sum(LedgerEntry.amount)).where(LedgerEntry.order_id == Order.id, refunds_in(period))
    return func.coalesce(amount.correlate(Order).scalar_subquery(), 0)


def _of_sku(period: DateRange, sku: str) -> ColumnElement[bool]:
    return and_(_paid_in(period), exists().where(OrderLine.order_id == Order.id, OrderLine.sku == sku))


def _of_ending(period: DateRange, value: str) -> ColumnElement[bool] | None:
    """With a payment attempt begun in the period; `value` is the attempt's state and reason, joined by a point."""
    state, point, reason = value.partition(".")
    if not point or state not in ENDINGS:
        return None
    outcome = (PaymentAttempt.state == state, PaymentAttempt.reason == reason)
    begun = within(PaymentAttempt.created_at, period)
    return exists().where(PaymentAttempt.order_id == Order.id, begun, *outcome)


CONDITIONS: dict[str, Callable[[DateRange, str], ColumnElement[bool] | None]] = {
    "state": _of_state,
    "refunded": _refunded,
    "method": _of_method,
    "written-off": _written_off,
    "refunds-made": _refunds_made,
    "sku": _of_sku,
    "ending": _of_ending,
}

AMOUNTS: dict[str, Callable[[DateRange], Any]] = {  # what a list sums, where it is not TAKEN
    "refunds-made": _refunded_amount,
    "written-off": lambda _: Order.shortfall,
}
