"""The page of one order. What it shows is bounded, so that many callbacks cannot hide the rest."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import abort, render_template
from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from shop.accounts.permissions import admin, may
from shop.admin import labels
from shop.admin.orders.forms import OrderForms
from shop.admin.orders.timeline import TimelineEntry, timeline_of
from shop.core.clock import utcnow
from shop.core.database import db
from shop.orders.fulfilment import MAX_CODE_TRIES, can_undo, needs_verification
from shop.orders.models import Order
from shop.payments.models import CallbackRecord, PaymentAttempt
from shop.store.settings import verification_threshold

MAX_ATTEMPTS = 20
MAX_CALLBACKS = 50  # of each attempt
REVIEW_ROWS = ("R3b", "R3c", "R4", "R5")  # rows of the settlement table that put an order or attempt in review


@dataclass(frozen=True)
class ReceivedCallback:
    """One callback, with its raw bytes as safe text."""

    record: CallbackRecord
    text: str
    is_text: bool


@dataclass(frozen=True)
class AttemptDetail:
    """One attempt with its newest callbacks, newest first."""

    attempt: PaymentAttempt
    callbacks: Sequence[ReceivedCallback]
    older_callbacks: int  # not shown


@dataclass(frozen=True)
class OrderDetail:
    """One order, its newest attempts and timeline entries first; `older_...` count what is not shown."""

    order: Order
    needs_verification: bool
    verification_threshold: int  # payments from this amount need verification, whole shillings; 0: none does
    timeline: Sequence[TimelineEntry]
    older_entries: int
    attempts: Sequence[AttemptDetail]
    older_attempts: int

    @property
    def accepts_code(self) -> bool:
        """True if the order can be handed over with its collection code."""
        return bool(self.order.collection_code) and self.order.collection_code_tries < MAX_CODE_TRIES

    @property
    def can_undo(self) -> bool:
        """True if the last fulfilment step can be undone."""
        return can_undo(self.order, utcnow())

    @property
    def review_reason(self) -> str | None:
        """The reason of the newest callback that needs a person."""
        records = (callback.record for row in self.attempts for callback in row.callbacks)
        asking = (record for record in records if record.row in REVIEW_ROWS)
        newest = max(asking, key=lambda record: record.id, default=None)
        return newest.reason if newest else None


def order_detail(number: str) -> OrderDetail | None:
    """Read the order of that number, or None. Seven queries for any size of order."""
    query = select(Order, needs_verification(), verification_threshold()).where(Order.number == number)
    found = db.session.execute(query.options(selectinload(Order.lines), selectinload(Order.money))).one_or_none()
    if found is None:
        return None
    order, unverified, threshold = found
    rows = db.session.execute(
        select(PaymentAttempt, func.count().over())
        .where(PaymentAttempt.order_id == order.id)
        .order_by(PaymentAttempt.id.desc())
        .limit(MAX_ATTEMPTS)
    ).all()
    callbacks = _callbacks_of([attempt.id for attempt, _ in rows])
    attempts = [AttemptDetail(attempt, *callbacks.get(attempt.id, ((), 0))) for attempt, _ in rows]
    records = [callback.record for row in attempts for callback in row.callbacks]
    timeline, older = timeline_of(order, [row.attempt for row in attempts], records)
    older_attempts = max(0, rows[0][1] - MAX_ATTEMPTS) if rows else 0
    older += older_attempts + sum(row.older_callbacks for row in attempts)
    return OrderDetail(order, unverified, threshold, timeline, older, attempts, older_attempts)


def _callbacks_of(attempt_ids: list[int]) -> dict[int, tuple[list[ReceivedCallback], int]]:
    """The newest callbacks of each attempt, and the number of older ones."""
    attempt_id = CallbackRecord.attempt_id
    ranked = (
        select(
            CallbackRecord.id,
            func.row_number().over(partition_by=attempt_id, order_by=CallbackRecord.id.desc()).label("rank"),
            func.count().over(partition_by=attempt_id).label("total"),
        )
        .where(attempt_id.in_(attempt_ids))
        .subquery()
    )
    newest = (
        select(CallbackRecord, ranked.c.total)
        .join(ranked, ranked.c.id == CallbackRecord.id)
        .where(ranked.c.rank <= MAX_CALLBACKS)
        .order_by(CallbackRecord.id.desc())
    )
    callbacks: dict[int, tuple[list[ReceivedCallback], int]] = {}
    for record, count in db.session.execute(newest):
        shown, _ = callbacks.setdefault(record.attempt_id, ([], max(0, count - MAX_CALLBACKS)))
        shown.append(_readable(record))
    return callbacks


def _readable(record: CallbackRecord) -> ReceivedCallback:
    try:
        text, is_text = record.raw.decode(), True
    except UnicodeDecodeError:
        text, is_text = record.raw.decode(errors="replace"), False
    return ReceivedCallback(record, "".join(map(_visible, text)), is_text)


def _visible(character: str) -> str:
    """Replace an invisible character, or one that changes the writing direction, with its code point."""
    if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Co", "Zl", "Zp"):
        return character
    return f"[U+{ord(character):04X}]"


@admin.get("/orders/<number>")
@may("staff")
def order(number: str) -> str:
    """One order, with its actions."""
    return order_page(number, OrderForms())[0]


def order_page(number: str, forms: OrderForms) -> tuple[str, int]:
    """The page of an order and its status: 422 if one of its forms has problems, 404 without an order."""
    detail = (order_detail(number) if number.isascii() and number.isdigit() else None) or abort(404)
    page = render_template("admin/orders/detail.html", detail=detail, forms=forms, problems=forms.problems)
    return page, 422 if forms.problems else 200


@admin.context_processor
def order_labels() -> dict[str, Any]:
    """Labels of orders and attempts, for the admin's templates."""
    return {
        "payments": labels.PAYMENTS,
        "fulfilments": labels.FULFILMENTS,
        "attempt_badge": labels.attempt_badge,
        "claims": labels.CLAIMS,
        "why_no_page": labels.why_no_page,
        "why_failed": labels.why_failed,
        "was_charged": labels.was_charged,
    }
