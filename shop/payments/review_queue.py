"""The review queue: everything that needs a person, most urgent first.

Some items follow from the states of orders and attempts, the others are open review flags. Two queries read the list
and its counts, one the orders of a page, and one what Chpter reported about their attempts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import abort
from sqlalchemy import (
    Integer,
    ScalarSelect,
    Select,
    and_,
    case,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
)
from sqlalchemy.orm import selectinload

from shop.core.database import db
from shop.orders.fulfilment import needs_verification
from shop.orders.models import WARNED, Order, OrderEvent
from shop.orders.states import Payment
from shop.payments.models import (
    AttemptState,
    CallbackRecord,
    LedgerEntry,
    PaymentAttempt,
    ReviewFlag,
    ReviewReason,
    UnmatchedCallback,
)
from shop.payments.settlement_rules import REVIEW_ROWS
from shop.web.pagination import Page, paginate

PER_PAGE = 20
CALLBACK_TIMEOUT = timedelta(minutes=15)  # without a callback, from opening a payment page until the order is listed
MAX_WAITING = timedelta(hours=24)  # after which an order without a callback is no longer listed
URGENCY = (
    ReviewReason.REVIEW,
    ReviewReason.CODE,
    ReviewReason.UNSEEN,
    ReviewReason.TWICE,
    ReviewReason.REFUND_DUE,
    ReviewReason.STRAY,
    ReviewReason.OTHER_SUM,
    ReviewReason.CONTRADICTION,
    ReviewReason.MISMATCH,
    ReviewReason.CODE_TWICE,
    ReviewReason.FREE,
    ReviewReason.OPENED,
    ReviewReason.UNREADABLE,
    ReviewReason.LATE,
    ReviewReason.WARNING,
    ReviewReason.WAITING,
)
PAGE_OPEN = (AttemptState.OPEN, AttemptState.SUPERSEDED)


@dataclass(frozen=True)
class ReviewItem:
    """One item of the queue."""

    kind: ReviewReason
    order: Order
    since: datetime
    words: str
    check_id: int | None  # of its review flag; None for an item that follows from states
    attempt: PaymentAttempt | None = None
    said: int | None = None  # whole shillings that Chpter reported for the attempt


@dataclass(frozen=True)
class ReviewPage(Page):
    """One page of the queue, and the number of items of each kind."""

    rows: Sequence[ReviewItem]
    counts: dict[str, int]
    kind: str  # the filter, or "" for all

    @property
    def everything(self) -> int:
        """The number of items of all kinds."""
        return sum(self.counts.values())


def find_review_items(kind: str, number: int, now: datetime) -> ReviewPage:
    """Read a page of the queue. An unknown `kind` means all; a page past the last one is the last one."""
    kind = kind if kind in set(ReviewReason) else ""
    every = union_all(*_sources(now)).subquery()
    counts: dict[str, int] = dict(db.session.execute(select(every.c.kind, func.count()).group_by(every.c.kind)).all())
    here = paginate(number, counts.get(kind, 0) if kind else sum(counts.values()), PER_PAGE)
    urgency = case({one: place for place, one in enumerate(URGENCY)}, value=every.c.kind, else_=len(URGENCY))
    listed = select(every).order_by(urgency, every.c.since, every.c.order_id, every.c.check_id)
    if kind:
        listed = listed.where(every.c.kind == kind)
    rows = db.session.execute(listed.limit(PER_PAGE).offset(here.start)).all()
    return ReviewPage(here.number, here.total, PER_PAGE, _items(rows), counts, kind)


def count_review_items(now: datetime) -> ScalarSelect[int]:
    """The number of items and of unmatched payments, as a subquery."""
    every = union_all(*_sources(now)).subquery()
    unmatched = (
        select(func.count(UnmatchedCallback.id)).where(UnmatchedCallback.resolved_at.is_(None)).scalar_subquery()
    )
    return select(func.count() + unmatched).select_from(every).scalar_subquery()


def order_by_number(number: str, keep: bool = False) -> Order:
    """The order with this number and its attempts, or 404. `keep` locks it until the transaction ends."""
    if not re.fullmatch(r"[0-9]{1,12}", number, re.ASCII):
        abort(404)
    found = select(Order).where(Order.number == number).options(selectinload(Order.attempts))
    return db.session.scalar(found.with_for_update(of=Order) if keep else found) or abort(404)


def _sources(now: datetime) -> list[Select[Any]]:
    """The queries of the items."""
    return [_in_review(), _unverified(), _refund_due(), _stray(), _waiting(now), _warned(), _flags()]


def _query(
    kind: Any, since: Any, order_id: Any, *, attempt_id: Any = None, check_id: Any = None, words: Any = None
) -> Select[Any]:
    """Select the columns of the items. PostgreSQL needs one type for each column of the union."""
    return select(
        (literal(kind.value) if isinstance(kind, ReviewReason) else kind).label("kind"),
        since.label("since"),
        order_id.label("order_id"),
        cast(attempt_id, Integer).label("attempt_id"),
        cast(check_id, Integer).label("check_id"),
        (literal("") if words is None else words).label("words"),
    )


def _in_review() -> Select[Any]:
    return _query(ReviewReason.REVIEW, Order.placed_at, Order.id).where(Order.payment == Payment.REVIEW)


def _unverified() -> Select[Any]:
    since = func.coalesce(Order.paid_at, Order.placed_at)
    return _query(ReviewReason.UNSEEN, since, Order.id).where(needs_verification())


def _refund_due() -> Select[Any]:
    came = select(func.count()).where(LedgerEntry.order_id == Order.id, LedgerEntry.amount > 0).scalar_subquery()
    twice = and_(Order.payment.in_((Payment.PAID, Payment.REFUNDED)), came > 1)
    kind = case((twice, ReviewReason.TWICE.value), else_=ReviewReason.REFUND_DUE.value)
    return _query(kind, func.coalesce(Order.paid_at, Order.placed_at), Order.id).where(Order.refund_due)


def _stray() -> Select[Any]:
    attempt = PaymentAttempt
    strays = _query(ReviewReason.STRAY, attempt.created_at, attempt.order_id, attempt_id=attempt.id)
    return strays.join(Order, Order.id == attempt.order_id).where(
        attempt.state == AttemptState.REVIEW, Order.payment != Payment.REVIEW
    )


def _waiting(now: datetime) -> Select[Any]:
    """Orders whose buyer opened a payment page a while ago, without a callback; each once, by its newest page."""
    attempt = PaymentAttempt
    newest = func.max(attempt.created_at)
    dismissed = exists().where(ReviewFlag.order_id == attempt.order_id, ReviewFlag.kind == ReviewReason.WAITING)
    waits = _query(ReviewReason.WAITING, newest, attempt.order_id, attempt_id=func.max(attempt.id))
    return (
        waits.join(Order, Order.id == attempt.order_id)
        .where(
            attempt.state.in_(PAGE_OPEN),
            attempt.created_at > now - MAX_WAITING,
            or_(Order.payment == Payment.AWAITING, Order.payment == Payment.EXPIRED),
            ~dismissed,
        )
        .group_by(attempt.order_id)
        .having(newest <= now - CALLBACK_TIMEOUT)
    )


def _warned() -> Select[Any]:
    """Orders with a warning in their timeline and no other item."""
    warning = select(OrderEvent).where(OrderEvent.order_id == Order.id, OrderEvent.warning)
    newest = warning.order_by(OrderEvent.id.desc()).limit(1)
    since = func.coalesce(newest.with_only_columns(OrderEvent.at).scalar_subquery(), Order.placed_at)
    words = func.coalesce(newest.with_only_columns(OrderEvent.words).scalar_subquery(), "")
    flag = exists().where(ReviewFlag.order_id == Order.id, ReviewFlag.resolved_at.is_(None))
    stray = exists().where(PaymentAttempt.order_id == Order.id, PaymentAttempt.state == AttemptState.REVIEW)
    warned = _query(ReviewReason.WARNING, since, Order.id, words=words)
    return warned.where(text(WARNED), ~flag, ~stray, Order.payment != Payment.REVIEW, ~Order.refund_due)


def _flags() -> Select[Any]:
    flag = ReviewFlag
    flags = _query(
        flag.kind, flag.opened_at, flag.order_id, attempt_id=flag.attempt_id, check_id=flag.id, words=flag.words
    )
    return flags.where(flag.resolved_at.is_(None))


def _items(rows: Sequence[Any]) -> list[ReviewItem]:
    ids = {row.order_id for row in rows}
    found = (
        select(Order).where(Order.id.in_(ids)).options(selectinload(Order.attempts), selectinload(Order.offered_codes))
    )
    orders = {order.id: order for order in db.session.scalars(found)}
    attempts = {attempt.id: attempt for order in orders.values() for attempt in order.attempts}
    reported = _reported([one.id for one in attempts.values() if one.state == AttemptState.REVIEW])
    items = []
    for row in rows:
        order = orders[row.order_id]
        attempt = attempts.get(row.attempt_id) if row.attempt_id else None
        if row.kind == ReviewReason.REVIEW:
            attempt = _newest(order, AttemptState.REVIEW)
        elif row.kind == ReviewReason.UNSEEN:
            attempt = _newest(order, AttemptState.PAID)
        amount, reason = reported.get(attempt.id, (None, "")) if attempt else (None, "")
        items.append(
            ReviewItem(ReviewReason(row.kind), order, row.since, row.words or reason, row.check_id, attempt, amount)
        )
    return items


def _newest(order: Order, state: AttemptState) -> PaymentAttempt | None:
    return next((one for one in reversed(order.attempts) if one.state == state), None)


def _reported(attempt_ids: list[int]) -> dict[int, tuple[int | None, str]]:
    """The newest amount that Chpter reported for each of these attempts, and the reason for the review."""
    in_review = CallbackRecord.row.in_(REVIEW_ROWS)
    found = (
        select(CallbackRecord.attempt_id, CallbackRecord.amount, CallbackRecord.reason)
        .where(CallbackRecord.attempt_id.in_(attempt_ids), in_review)
        .order_by(CallbackRecord.id)
    )
    reported: dict[int, tuple[int | None, str]] = {}
    for attempt_id, amount, reason in db.session.execute(found):
        reported[attempt_id] = (amount, reason)
    return reported
