"""Everything known of one order, as the merchant reads it: bounded, so that no flood of callbacks buries it."""

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

MOST_ATTEMPTS = 20
MOST_CALLBACKS = 50  # of each attempt
TO_REVIEW = ("R3b", "R3c", "R4", "R5")  # rows of the settling table after which a person decides


@dataclass(frozen=True)
class ReceivedCallback:
    """One callback, its raw bytes made fit to look at."""

    record: CallbackRecord
    text: str
    is_text: bool


@dataclass(frozen=True)
class AttemptDetail:
    """One attempt with the newest of its callbacks, newest first."""

    attempt: PaymentAttempt
    heard: Sequence[ReceivedCallback]
    unseen: int  # older callbacks that are not shown


@dataclass(frozen=True)
class OrderDetail:
    """One order. What is newest of it is always shown; `unseen_...` count the older rest."""

    order: Order
    needs_verification: bool
    verification_threshold: int  # the sum from which a payment has to be seen, whole shillings; 0: none has
    story: Sequence[TimelineEntry]  # newest first
    unseen_moments: int
    tries: Sequence[AttemptDetail]  # newest first
    unseen_tries: int

    @property
    def code_counts(self) -> bool:
        """Whether its collect code still opens anything at the counter."""
        return bool(self.order.collection_code) and self.order.collection_code_tries < MAX_CODE_TRIES

    @property
    def can_undo(self) -> bool:
        """Whether its last step may still be undone."""
        return can_undo(self.order, utcnow())

    @property
    def why_to_check(self) -> str | None:
        """The shop's reason for the newest callback that made a person necessary."""
        asking = (heard.record for one in self.tries for heard in one.heard if heard.record.row in TO_REVIEW)
        newest = max(asking, key=lambda record: record.id, default=None)
        return newest.reason if newest else None


def order_detail(number: str) -> OrderDetail | None:
    """All about the order of that number, or None. Seven queries, however much there is."""
    asked = select(Order, needs_verification(), verification_threshold()).where(Order.number == number)
    found = db.session.execute(asked.options(selectinload(Order.lines), selectinload(Order.money))).one_or_none()
    if found is None:
        return None
    order, waits, from_ = found
    attempts = db.session.execute(
        select(PaymentAttempt, func.count().over())
        .where(PaymentAttempt.order_id == order.id)
        .order_by(PaymentAttempt.id.desc())
        .limit(MOST_ATTEMPTS)
    ).all()
    heard = _heard([attempt.id for attempt, _ in attempts])
    tries = [AttemptDetail(attempt, *heard.get(attempt.id, ((), 0))) for attempt, _ in attempts]
    story, unseen = timeline_of(
        order, [one.attempt for one in tries], [known.record for one in tries for known in one.heard]
    )
    unseen_tries = _rest(attempts[0][1] if attempts else 0, MOST_ATTEMPTS)
    unseen += unseen_tries + sum(one.unseen for one in tries)
    return OrderDetail(order, waits, from_, story, unseen, tries, unseen_tries)


def _heard(attempt_ids: list[int]) -> dict[int, tuple[list[ReceivedCallback], int]]:
    """The newest callbacks of each attempt, and how many older ones there are."""
    attempt = CallbackRecord.attempt_id
    ranked = (
        select(
            CallbackRecord.id,
            func.row_number().over(partition_by=attempt, order_by=CallbackRecord.id.desc()).label("place"),
            func.count().over(partition_by=attempt).label("of"),
        )
        .where(attempt.in_(attempt_ids))
        .subquery()
    )
    newest = (
        select(CallbackRecord, ranked.c.of)
        .join(ranked, ranked.c.id == CallbackRecord.id)
        .where(ranked.c.place <= MOST_CALLBACKS)
        .order_by(CallbackRecord.id.desc())
    )
    heard: dict[int, tuple[list[ReceivedCallback], int]] = {}
    for record, count in db.session.execute(newest):
        heard.setdefault(record.attempt_id, ([], _rest(count, MOST_CALLBACKS)))[0].append(_readable(record))
    return heard


def _rest(count: int, shown: int) -> int:
    return max(0, count - shown)


def _readable(record: CallbackRecord) -> ReceivedCallback:
    try:
        text, is_text = record.raw.decode(), True
    except UnicodeDecodeError:
        text, is_text = record.raw.decode(errors="replace"), False
    return ReceivedCallback(record, "".join(map(_visible, text)), is_text)


def _visible(character: str) -> str:
    """A character as something to see: none of them may hide, or turn the writing direction round."""
    if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cn", "Co", "Zl", "Zp"):
        return character
    return f"[U+{ord(character):04X}]"


@admin.get("/orders/<number>")
@may("staff")
def order(number: str) -> str:
    """Everything known of one order, and what can be done with it."""
    return order_page(number, OrderForms())[0]


def order_page(number: str, forms: OrderForms) -> tuple[str, int]:
    """The page of an order and its status: 422 when something typed into one of its forms is wrong, 404 for none."""
    dossier = (order_detail(number) if number.isascii() and number.isdigit() else None) or abort(404)
    page = render_template("admin/orders/detail.html", dossier=dossier, forms=forms, problems=forms.problems)
    return page, 422 if forms.problems else 200


@admin.context_processor
def words() -> dict[str, Any]:
    """The desk's words, for its templates."""
    return {
        "payments": labels.PAYMENTS,
        "fulfilments": labels.FULFILMENTS,
        "attempt_badge": labels.attempt_badge,
        "claims": labels.CLAIMS,
        "methods": labels.METHODS,
        "why_no_page": labels.why_no_page,
        "why_failed": labels.why_failed,
        "was_charged": labels.was_charged,
    }
