"""The sums of a report: six questions to the database, each answered from an index, summed where the rows are.

Sales are what was paid, on the day it was paid; an order that nobody paid is never among them. Of an order that was
accepted with less than it asked for, they are what was taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CTE, ColumnElement, Integer, and_, case, column, func, literal, select, values

from shop.core.database import UtcDateTime, db
from shop.orders.models import Order, OrderLine
from shop.orders.states import Payment
from shop.payments.models import AttemptState, LedgerEntry, PaymentAttempt
from shop.reports.date_ranges import Bucket, Period

BEST = 10  # how many things the list of best sellers holds
ENDINGS = ("paid", "failed", "create_failed", "review", "open", "creating")  # in the order a list has them
TAKEN = Order.total - Order.shortfall  # whole shillings: what a paid order brought in
BY_HAND = "hand."  # in front of the method of money that no try to pay brought in, but a person saw
GONE_AGAIN = (Payment.REFUNDED, Payment.CANCELLED)  # of orders that were paid
UNPAID = (Payment.AWAITING, Payment.REVIEW, Payment.EXPIRED, Payment.CANCELLED)


@dataclass(frozen=True)
class Sum:
    """So many of something, and how much they make in whole shillings."""

    count: int = 0
    amount: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.count + other.count, self.amount + other.amount)

    @property
    def average(self) -> int:
        """Whole shillings each, rounded down; 0 of none."""
        return self.amount // self.count if self.count else 0


@dataclass(frozen=True)
class Placed:
    """The orders placed in a period, by how their payment stands now."""

    states: dict[str, Sum]

    @property
    def all(self) -> int:
        """How many were placed."""
        return sum(state.count for state in self.states.values())

    @property
    def paid(self) -> int:
        """How many of them were paid, given back or not."""
        return sum(self.states.get(state, Sum()).count for state in (Payment.PAID, Payment.REFUNDED))

    @property
    def share(self) -> int | None:
        """Of a hundred placed, how many were paid; None when none was placed."""
        return round(100 * self.paid / self.all) if self.all else None


@dataclass(frozen=True)
class Bar:
    """What was taken in one step, and in the same step of the period before."""

    step: Bucket
    sales: Sum
    before: Sum


@dataclass(frozen=True)
class Ending:
    """How tries to pay ended: their state, and the reason of a failure."""

    state: str
    reason: str
    count: int


@dataclass(frozen=True)
class Seller:
    """One SKU of the best sellers: the orders it stands in, its pieces, and what their lines make."""

    sku: str
    name: str
    orders: int
    units: int
    amount: int


@dataclass(frozen=True)
class Report:
    """All figures of a report. `refunded` is the part of `sales` that was refunded later.

    `refunds_made` is the money refunded in the period, whenever it was received, and the number of its orders.
    `written_off` is what was written off of orders paid in the period.
    """

    period: Period
    bars: Sequence[Bar]
    refunded: Sum
    written_off: Sum
    refunds_made: Sum
    placed: Placed
    placed_before: Placed
    endings: Sequence[Ending]
    methods: dict[str, Sum]
    sellers: Sequence[Seller]

    @property
    def sales(self) -> Sum:
        """What was paid in the period."""
        return sum((bar.sales for bar in self.bars), Sum())

    @property
    def before(self) -> Sum:
        """What was paid in the period before."""
        return sum((bar.before for bar in self.bars), Sum())


def build_report(period: Period) -> Report:
    """Sum a period up."""
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


def _spans(spans: Sequence[tuple[datetime, datetime]]) -> CTE:
    """Moments as a small table, so that the database itself sums by days that begin in Nairobi."""
    table = values(
        column("place", Integer), column("start", UtcDateTime), column("end", UtcDateTime), name="span"
    ).data([(place, start, end) for place, (start, end) in enumerate(spans)])
    return table.cte("span")


def _bars(period: Period) -> tuple[list[Bar], Sum, Sum]:
    steps, earlier = period.steps, period.before
    shift = period.start - earlier.start
    spans = [(step.start, step.end) for step in steps]
    spans += [(step.start - shift, min(step.end - shift, earlier.end)) for step in steps]
    span = _spans(spans)
    since_refunded = Order.payment.in_(GONE_AGAIN)
    sums = (
        select(
            span.c.place,
            func.count(Order.id),
            func.coalesce(func.sum(TAKEN), 0),
            func.count(case((since_refunded, 1))),
            func.coalesce(func.sum(case((since_refunded, TAKEN))), 0),
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


def _refunds_made(period: Period) -> Sum:
    """What went out in the period, by the day it went out."""
    out = (LedgerEntry.kind == "refund", LedgerEntry.at >= period.start, LedgerEntry.at < period.end)
    count, amount = db.session.execute(
        select(func.count(LedgerEntry.order_id.distinct()), func.sum(LedgerEntry.amount)).where(*out)
    ).one()
    return Sum(count, -int(amount or 0))


def _placed(period: Period) -> tuple[Placed, Placed]:
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


def _endings(period: Period) -> list[Ending]:
    """How the tries begun in the period ended; a try that was replaced by a newer one is left out."""
    tried = (PaymentAttempt.state, PaymentAttempt.reason)
    sums = (
        select(*tried, func.count())
        .where(PaymentAttempt.created_at >= period.start, PaymentAttempt.created_at < period.end)
        .where(PaymentAttempt.state != AttemptState.SUPERSEDED)
        .group_by(*tried)
        .order_by(func.count().desc(), *tried)
    )
    endings = [Ending(*row) for row in db.session.execute(sums)]
    return sorted(endings, key=lambda ending: ENDINGS.index(ending.state))


def _methods(period: Period) -> dict[str, Sum]:
    """What was taken by each way of paying: Chpter's, or BY_HAND and how, "" for neither; together the takings."""
    method = way_paid().label("way")
    sums = (
        select(method, func.count(), func.sum(TAKEN))
        .where(Order.paid_at >= period.start, Order.paid_at < period.end)
        .group_by(method)
    )
    return {row[0]: Sum(row[1], int(row[2])) for row in db.session.execute(sums)}


def way_paid() -> ColumnElement[str]:
    """How an order was paid first: what Chpter says of the first try that brought money, or else what a person saw."""
    paid = (PaymentAttempt.order_id == Order.id, PaymentAttempt.state == AttemptState.PAID)
    seen = (LedgerEntry.order_id == Order.id, LedgerEntry.kind == "by_hand")
    heard = select(PaymentAttempt.method).where(*paid).order_by(PaymentAttempt.id).limit(1).correlate(Order)
    by_hand = select(literal(BY_HAND) + LedgerEntry.method).where(*seen).order_by(LedgerEntry.id).limit(1)
    return func.coalesce(heard.scalar_subquery(), by_hand.correlate(Order).scalar_subquery(), "")


def _best_sellers(period: Period) -> list[Seller]:
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
        .where(Order.paid_at >= period.start, Order.paid_at < period.end)
        .group_by(OrderLine.sku)
        .order_by(amount.desc(), OrderLine.sku)
        .limit(BEST)
    )
    return [
        Seller(sku, f"{name}, {label}" if label else name, orders, int(units), int(made))
        for sku, name, label, orders, units, made in db.session.execute(sums)
    ]
