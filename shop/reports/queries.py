"""The figures of a report: six queries, each on an index, with the sums computed in the database.

Sales are paid orders, on the day of the payment. An order with a shortfall counts with its total less the shortfall.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Integer, and_, case, column, func, literal, select, values

from shop.core.database import UtcDateTime, db
from shop.orders.models import Order, OrderLine
from shop.orders.states import Payment
from shop.payments.models import AttemptState, LedgerEntry, PaymentAttempt
from shop.reports.date_ranges import Bucket, DateRange

MAX_SELLERS = 10  # in the list of best sellers
ENDINGS = ("paid", "failed", "create_failed", "review", "open", "creating")  # in the order of the list
TAKEN = Order.total - Order.shortfall  # whole shillings that a paid order brought in
BY_HAND = "hand."  # prefix of the method of a manual payment
NO_LONGER_PAID = (Payment.REFUNDED, Payment.CANCELLED)  # states of orders with a payment date
UNPAID = (Payment.AWAITING, Payment.REVIEW, Payment.EXPIRED, Payment.CANCELLED)


@dataclass(frozen=True)
class Sum:
    """A count, and an amount in whole shillings."""

    count: int = 0
    amount: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, self.amount + other.amount)

    @property
    def average(self) -> int:
        """Whole shillings each, rounded down; 0 when the count is 0."""
        return self.amount // self.count if self.count else 0


@dataclass(frozen=True)
class Placed:
    """The orders placed in a period, by their current payment state."""

    states: dict[str, Sum]

    @property
    def all(self) -> int:
        """Number of orders placed."""
        return sum(state.count for state in self.states.values())

    @property
    def paid(self) -> int:
        """Number of them that were paid, refunded or not."""
        return sum(self.states.get(state, Sum()).count for state in (Payment.PAID, Payment.REFUNDED))

    @property
    def share(self) -> int | None:
        """Percentage of them that were paid; None when none was placed."""
        return round(100 * self.paid / self.all) if self.all else None


@dataclass(frozen=True)
class Bar:
    """The sales of one bucket, and of the same bucket of the period before."""

    step: Bucket
    sales: Sum
    before: Sum


@dataclass(frozen=True)
class AttemptCount:
    """Number of payment attempts in a state, with the reason of a failure."""

    state: str
    reason: str
    count: int


@dataclass(frozen=True)
class Seller:
    """One SKU of the best sellers: number of orders, number of pieces, and their amount in whole shillings."""

    sku: str
    name: str
    orders: int
    units: int
    amount: int


@dataclass(frozen=True)
class Report:
    """All figures of a report.

    `refunded` is the part of `sales` that was refunded later. `refunds_made` is the money refunded in the period,
    whenever it was received, and the number of its orders. `written_off` is the shortfall of orders paid in the period.
    """

    period: DateRange
    bars: Sequence[Bar]
    refunded: Sum
    written_off: Sum
    refunds_made: Sum
    placed: Placed
    placed_before: Placed
    endings: Sequence[AttemptCount]
    methods: dict[str, Sum]
    sellers: Sequence[Seller]

    @property
    def sales(self) -> Sum:
        """Orders paid in the period."""
        return sum((bar.sales for bar in self.bars), Sum())

    @property
    def before(self) -> Sum:
        """Orders paid in the period before."""
        return sum((bar.before for bar in self.bars), Sum())


def build_report(period: DateRange) -> Report:
    """Query all figures of a period."""
    bars, refunded, written_off = _bars(period)
    placed, placed_before = _placed(period)
    return Report(
        period=period,
        bars=bars,
        refunded=refunded,
        written_off=written_off,
        refunds_made=_refunds_made(period),
        placed=placed,
        placed_before=placed_before,
        endings=_endings(period),
        methods=_methods(period),
        sellers=_best_sellers(period),
    )


def within(moment: Any, period: DateRange) -> ColumnElement[bool]:
    """The condition that a moment is in the period."""
    return and_(moment >= period.start, moment < period.end)


def refunds_in(period: DateRange) -> ColumnElement[bool]:
    """The condition that a ledger entry is a refund made in the period."""
    return and_(LedgerEntry.kind == "refund", within(LedgerEntry.at, period))


def _spans(spans: Sequence[tuple[datetime, datetime]]) -> CTE:
    """A table of time spans in the query, so that the database can sum by Nairobi days."""
    table = values(
        column("place", Integer), column("start", UtcDateTime), column("end", UtcDateTime), name="span"
    ).data([(place, start, end) for place, (start, end) in enumerate(spans)])
    return table.cte("span")


def _bars(period: DateRange) -> tuple[list[Bar], Sum, Sum]:
    steps, earlier = period.steps, period.before
    shift = period.start - earlier.start
    spans = [(step.start, step.end) for step in steps]
    spans += [(step.start - shift, min(step.end - shift, earlier.end)) for step in steps]
    span = _spans(spans)
    no_longer_paid = Order.payment.in_(NO_LONGER_PAID)
    sums = (
        select(
            span.c.place,
            func.count(Order.id),
            func.coalesce(func.sum(TAKEN), 0),
            func.count(case((no_longer_paid, 1))),
            func.coalesce(func.sum(case((no_longer_paid, TAKEN))), 0),
            func.count(case((Order.shortfall > 0, 1))),
            func.coalesce(func.sum(Order.shortfall), 0),
        )
        .join(Order, and_(Order.paid_at >= span.c.start, Order.paid_at < span.c.end))
        .group_by(span.c.place)
    )
    rows = {place: row for place, *row in db.session.execute(sums)}

    def at(place: int, part: int = 0) -> Sum:
        count, amount = rows.get(place, (0,) * 6)[part : part + 2]
        return Sum(int(count), int(amount))

    bars = [Bar(step, at(place), at(place + len(steps))) for place, step in enumerate(steps)]
    refunded, written_off = (sum((at(place, part) for place in range(len(steps))), Sum()) for part in (2, 4))
    return bars, refunded, written_off


def _refunds_made(period: DateRange) -> Sum:
    sums = select(func.count(LedgerEntry.order_id.distinct()), func.sum(LedgerEntry.amount)).where(refunds_in(period))
    count, amount = db.session.execute(sums).one()
    return Sum(count, -int(amount or 0))


def _placed(period: DateRange) -> tuple[Placed, Placed]:
    span = _spans([(period.start, period.end), (period.before.start, period.before.end)])
    sums = (
        select(span.c.place, Order.payment, func.count(), func.sum(Order.total))
        .join(Order, and_(Order.placed_at >= span.c.start, Order.placed_at < span.c.end))
        .group_by(span.c.place, Order.payment)
    )
    states: tuple[dict[str, Sum], dict[str, Sum]] = ({}, {})
    for place, payment, count, amount in db.session.execute(sums):
        states[place][payment] = Sum(count, int(amount))
    return Placed(states[0]), Placed(states[1])


def _endings(period: DateRange) -> list[AttemptCount]:
    """Payment attempts begun in the period, by state and reason; superseded attempts are left out."""
    outcome = (PaymentAttempt.state, PaymentAttempt.reason)
    sums = (
        select(*outcome, func.count())
        .where(within(PaymentAttempt.created_at, period), PaymentAttempt.state != AttemptState.SUPERSEDED)
        .group_by(*outcome)
        .order_by(func.count().desc(), *outcome)
    )
    endings = [AttemptCount(*row) for row in db.session.execute(sums)]
    return sorted(endings, key=lambda ending: ENDINGS.index(ending.state))


def _methods(period: DateRange) -> dict[str, Sum]:
    """Sales by payment method: as Chpter names it, BY_HAND and the manual method, or "" for neither."""
    method = payment_method().label("method")
    sums = select(method, func.count(), func.sum(TAKEN)).where(within(Order.paid_at, period)).group_by(method)
    return {row[0]: Sum(row[1], int(row[2])) for row in db.session.execute(sums)}


def payment_method() -> ColumnElement[str]:
    """The method of an order's first paid attempt, else of its first manual payment, else ""."""
    paid = (PaymentAttempt.order_id == Order.id, PaymentAttempt.state == AttemptState.PAID)
    manual = (LedgerEntry.order_id == Order.id, LedgerEntry.kind == "by_hand")
    by_chpter = select(PaymentAttempt.method).where(*paid).order_by(PaymentAttempt.id).limit(1).correlate(Order)
    by_hand = select(literal(BY_HAND) + LedgerEntry.method).where(*manual).order_by(LedgerEntry.id).limit(1)
    return func.coalesce(by_chpter.scalar_subquery(), by_hand.correlate(Order).scalar_subquery(), "")


def _best_sellers(period: DateRange) -> list[Seller]:
    amount = func.sum(OrderLine.unit_price * OrderLine.quantity)
    sums = (
        select(
            OrderLine.sku,
            func.max(OrderLine.name),
            func.max(OrderLine.label),
            func.count(func.distinct(OrderLine.order_id)),
            func.sum(OrderLine.quantity),
            amount,
        )
        .join(Order, Order.id == OrderLine.order_id)
        .where(within(Order.paid_at, period))
        .group_by(OrderLine.sku)
        .order_by(amount.desc(), OrderLine.sku)
        .limit(MAX_SELLERS)
    )
    return [
        Seller(sku, f"{name}, {label}" if label else name, orders, int(units), int(total))
        for sku, name, label, orders, units, total in db.session.execute(sums)
    ]
