"""All that happened to one order as one list, whoever did it: the shop, its people, the buyer, Chpter, the mail."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from shop.admin.labels import CLAIMS
from shop.catalog.models import StockEntry
from shop.core.database import db
from shop.core.money import shillings
from shop.emails.delivery_status import what_became
from shop.emails.models import OutboxEmail
from shop.orders.models import Order, OrderEvent
from shop.payments.models import CallbackRecord, PaymentAttempt

MAX_ENTRIES = 100  # of each kind, and of all together
SHOP, BUYER, CHPTER = "Shop", "Buyer", "Chpter"
PLACED = "Order placed"  # as orders/placement.py says it


@dataclass(frozen=True)
class TimelineEntry:
    """One thing that happened: when (UTC), by whom, in words."""

    at: datetime
    who: str
    words: str
    kind: str = ""  # "note", "message", "call", "mail", "stock", or "" for a plain event
    warning: bool = False
    for_buyer: bool = False


def timeline_of(
    order: Order, attempts: Sequence[PaymentAttempt], calls: Sequence[CallbackRecord]
) -> tuple[list[TimelineEntry], int]:
    """The newest moments of an order, newest first, and how many older ones there are. Three queries.

    Attempts and callbacks are given, since the page shows them in full as well.
    """
    events, more_events = _newest(OrderEvent, order)
    mails, more_mails = _newest(OutboxEmail, order)
    moves, more_moves = _newest(StockEntry, order)
    placed_at = order.placed_at  # the moment of its first attempt too, which came of it
    told = {_warning_of(call) for call in calls}  # said by the callback itself, in the same list
    moments = [
        *(
            TimelineEntry(one.created_at, BUYER, f"Went to pay {shillings(one.amount)}, {one.reference}")
            for one in attempts
        ),
        *(_event(event, placed_at) for event in events if not (event.warning and event.words in told)),
        *map(_call, calls),
        *map(_mail, mails),
        *map(_move, moves),
    ]
    moments.sort(key=lambda moment: moment.at, reverse=True)
    unseen = more_events + more_mails + more_moves + max(0, len(moments) - MAX_ENTRIES)
    return moments[:MAX_ENTRIES], unseen


def _newest(model: Any, order: Order) -> tuple[list[Any], int]:
    """The newest rows of an order, and how many older ones there are."""
    query = select(model, func.count().over()).where(model.order_id == order.id).order_by(model.id.desc())
    rows = db.session.execute(query.limit(MAX_ENTRIES)).all()
    return [row for row, _ in rows], max(0, rows[0][1] - MAX_ENTRIES) if rows else 0


def _event(event: OrderEvent, placed_at: datetime) -> TimelineEntry:
    if event.words == PLACED:
        return TimelineEntry(placed_at, event.actor or BUYER, event.words, for_buyer=event.for_buyer)
    kind = ("message" if event.for_buyer else "note") if event.note else ""
    return TimelineEntry(event.at, event.actor or SHOP, event.words, kind, event.warning, event.for_buyer)


def _warning_of(call: CallbackRecord) -> str:
    """How payments/settlement.py warns of a callback in the timeline."""
    return f"Callback, row {call.row}: {call.reason}"[:500]


def _call(call: CallbackRecord) -> TimelineEntry:
    sum_ = f", {shillings(call.amount)}" if call.amount is not None else ""
    words = f"Called back: {CLAIMS[call.claim].lower()}{sum_}. Row {call.row}: {call.reason}"
    return TimelineEntry(call.received_at, CHPTER, words, "call", call.alert)


def _mail(mail: OutboxEmail) -> TimelineEntry:
    words = f"Mail “{mail.subject}” to {mail.recipient}: {what_became(mail)}"
    return TimelineEntry(
        mail.written_at, SHOP, words, "mail", warning=mail.sent_at is None and mail.ended_at is not None
    )


def _move(move: StockEntry) -> TimelineEntry:
    parts = (
        f"{name} {actor:+d}".replace("-", "−")
        for name, actor in (("on hand", move.on_hand), ("held", move.held))
        if actor
    )
    words = f"Stock of {move.sku}: {', '.join(parts)}. {move.reason}"
    return TimelineEntry(move.at, move.actor or SHOP, words, "stock")
