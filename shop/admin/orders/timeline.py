"""The timeline of an order: events, payment attempts, callbacks, emails and stock changes in one list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shop.admin.labels import CLAIMS
from shop.catalog.models import StockEntry
from shop.core.database import db
from shop.core.money import shillings
from shop.emails.models import OutboxEmail
from shop.emails.outbox import what_became
from shop.orders.models import Order, OrderEvent
from shop.payments.models import CallbackRecord, PaymentAttempt

MAX_ENTRIES = 100  # of each kind, and in total
SHOP, BUYER, CHPTER = "Shop", "Buyer", "Chpter"
PLACED = "Order placed"  # the event that orders/placement.py records


@dataclass(frozen=True)
class TimelineEntry:
    """What happened, when (UTC), and who did it."""

    at: datetime
    who: str
    words: str
    kind: str = ""  # "note", "message", "callback", "email", "stock", or "" for another event
    warning: bool = False
    for_buyer: bool = False


def timeline_of(
    order: Order, attempts: Sequence[PaymentAttempt], callbacks: Sequence[CallbackRecord]
) -> tuple[list[TimelineEntry], int]:
    """The newest entries, newest first, and the number of older ones. Three queries.

    The caller passes attempts and callbacks because the page shows them too.
    """
    events, older_events = _newest(OrderEvent, order)
    emails, older_emails = _newest(OutboxEmail, order)
    stock_entries, older_stock_entries = _newest(StockEntry, order)
    warnings = {_warning_of(callback) for callback in callbacks}  # the callback's own entry says the same
    entries = [
        *(
            TimelineEntry(attempt.created_at, BUYER, f"Went to pay {shillings(attempt.amount)}, {attempt.reference}")
            for attempt in attempts
        ),
        *(_event_entry(event, order) for event in events if not (event.warning and event.words in warnings)),
        *map(_callback_entry, callbacks),
        *map(_email_entry, emails),
        *map(_stock_entry, stock_entries),
    ]
    entries.sort(key=lambda entry: entry.at, reverse=True)
    older = older_events + older_emails + older_stock_entries + max(0, len(entries) - MAX_ENTRIES)
    return entries[:MAX_ENTRIES], older


def _newest(model: Any, order: Order) -> tuple[list[Any], int]:
    """The newest rows of an order, and the number of older ones."""
    query = select(model, func.count().over()).where(model.order_id == order.id).order_by(model.id.desc())
    rows = db.session.execute(query.limit(MAX_ENTRIES)).all()
    return [row for row, _ in rows], max(0, rows[0][1] - MAX_ENTRIES) if rows else 0


def _event_entry(event: OrderEvent, order: Order) -> TimelineEntry:
    if event.words == PLACED:  # at the time of the first attempt, which the order created
        return TimelineEntry(order.placed_at, event.actor or BUYER, event.words, for_buyer=event.for_buyer)
    kind = ("message" if event.for_buyer else "note") if event.note else ""
    return TimelineEntry(event.at, event.actor or SHOP, event.words, kind, event.warning, event.for_buyer)


def _warning_of(callback: CallbackRecord) -> str:
    """The warning that payments/settlement.py records for a callback."""
    return f"Callback, row {callback.row}: {callback.reason}"[:500]


def _callback_entry(callback: CallbackRecord) -> TimelineEntry:
    amount = f", {shillings(callback.amount)}" if callback.amount is not None else ""
    words = f"Called back: {CLAIMS[callback.claim].lower()}{amount}. Row {callback.row}: {callback.reason}"
    return TimelineEntry(callback.received_at, CHPTER, words, "callback", callback.alert)


def _email_entry(email: OutboxEmail) -> TimelineEntry:
    words = f"Email “{email.subject}” to {email.recipient}: {what_became(email)}"
    failed = email.sent_at is None and email.ended_at is not None
    return TimelineEntry(email.written_at, SHOP, words, "email", warning=failed)


def _stock_entry(entry: StockEntry) -> TimelineEntry:
    changes = (
        f"{name} {pieces:+d}".replace("-", "−")
        for name, pieces in (("on hand", entry.on_hand), ("held", entry.held))
        if pieces
    )
    words = f"Stock of {entry.sku}: {', '.join(changes)}. {entry.reason}"
    return TimelineEntry(entry.at, entry.actor or SHOP, words, "stock")
