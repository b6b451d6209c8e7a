"""The very orders behind a sum of a report, by the same conditions as the sum."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, select

from shop.core.database import db
from shop.orders.models import Order, OrderLine
from shop.payments.models import LedgerEntry, PaymentAttempt
from shop.reports.date_ranges import Period
from shop.reports.queries import ENDINGS, GONE_AGAIN, TAKEN, UNPAID, Sum, way_paid

PER_PAGE = 50


@dataclass(frozen=True)
class Drilldown:
    """One page of them, newest first; `older` is where the next page begins, None on the last one."""

    rows: Sequence[Any]
    sum: Sum
    older: int | None


def drilldown_orders(period: Period, of: str, value: str, before: int | None) -> Drilldown | None:
    """The orders of one sum, those with an id below `before`; None for a sum that no report has."""
    condition = CONDITIONS[of](period, value) if of in CONDITIONS else None
    if condition is None:
        return None
    amount_of = AMOUNTS[of](period) if of in AMOUNTS else TAKEN
    count, amount = db.session.execute(select(func.count(), func.sum(amount_of)).where(condition)).one()
    columns = (
        Order.id,
        Order.number,
        Order.placed_at,
        Order.paid_at,
        Order.full_name,
        amount_of.label("total"),
        Order.payment,
    )
    query = select(*columns).where(condition).order_by(Order.id.desc()).limit(PER_PAGE + 1)
    rows = db.session.execute(query if before is None else query.where(Order.id < before)).all()
    shown = rows[:PER_PAGE]
    return Drilldown(shown, Sum(count, int(amount or 0)), shown[-1].id if len(rows) > PER_PAGE else None)


def _paid_in(period: Period) -> ColumnElement[bool]:
    return and_(Order.paid_at >= period.start, Order.paid_at < period.end)


def _of_state(period: Period, state: str) -> ColumnElement[bool] | None:
    """Placed in the period, and standing so now."""
    placed = and_(Order.placed_at >= period.start, Order.placed_at < period.end)
    return and_(placed, Order.payment == state) if state in UNPAID else None


def _refunded(period: Period, _value: str) -> ColumnElement[bool]:
    return and_(_paid_in(period), Order.payment.in_(GONE_AGAIN))


def _of_method(period: Period, method: str) -> ColumnElement[bool]:
    """Paid in the period, first by this method; "" for by no try at all."""
    return and_(_paid_in(period), way_paid() == method)


def _written_off(period: Period, _value: str) -> ColumnElement[bool]:
    return and_(_paid_in(period), Order.shortfall > 0)


def _refunds_made(period: Period, _value: str) -> ColumnElement[bool]:
    """Whose money went out in the period."""
    return exists().where(*_went_out(period))


def _went_out(period: Period) -> tuple[ColumnElement[bool], ...]:
    of_order = (LedgerEntry.order_id == Order.id, LedgerEntry.kind == "refund")
    return (*of_order, LedgerEntry.at >= period.start, LedgerEntry.at < period.end)


def _sum_out(period: Period) -> Any:
    out = select(-func.sum(LedgerEntry.amount)).where(*_went_out(period))
    return func.coalesce(out.correlate(Order).scalar_subquery(), 0)


def _of_sku(period: Period, sku: str) -> ColumnElement[bool]:
    return and_(_paid_in(period), exists().where(OrderLine.order_id == Order.id, OrderLine.sku == sku))


def _of_ending(period: Period, value: str) -> ColumnElement[bool] | None:
    """With a try begun in the period that ended so; `value` is state and reason, a point between."""
    state, point, reason = value.partition(".")
    if not point or state not in ENDINGS:
        return None
    return exists().where(
        PaymentAttempt.order_id == Order.id,
        PaymentAttempt.created_at >= period.start,
        PaymentAttempt.created_at < period.end,
        PaymentAttempt.state == state,
        PaymentAttempt.reason == reason,
    )


CONDITIONS: dict[str, Callable[[Period, str], ColumnElement[bool] | None]] = {
    "state": _of_state,
    "refunded": _refunded,
    "method": _of_method,
    "written-off": _written_off,
    "refunds-made": _refunds_made,
    "sku": _of_sku,
    "ending": _of_ending,
}

AMOUNTS: dict[str, Callable[[Period], Any]] = {  # what a list sums, where it is not what was taken
    "refunds-made": _sum_out,
    "written-off": lambda _: Order.shortfall,
}
