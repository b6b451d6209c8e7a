"""Anonymise buyers: remove personal data from orders and keep numbers, lines, amounts, times and states.

An order is not anonymised while it needs work, or while money for it may still arrive or must be refunded.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from shop.accounts.models import AuditLogEntry
from shop.catalog.models import Review, StockEntry
from shop.catalog.reviews import NO_NAME
from shop.config import Settings
from shop.core.clock import MONTH
from shop.core.database import db, updated, write
from shop.core.phones import national_digits, readable_phone
from shop.emails.models import OutboxEmail
from shop.emails.smtp import email_file
from shop.orders.corrections import CORRECTED, NAMES
from shop.orders.models import Order, OrderEvent
from shop.orders.search_index import remove_search_terms
from shop.orders.states import Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.payments.models import CallbackRecord, LedgerEntry, OfferedCode, PaymentAttempt, ReviewFlag
from shop.privacy.contacts import contacts_of, forget_contacts

ANONYMISED_NAME = "Anonymised buyer"
LATE_PAYMENTS = timedelta(days=7)  # after an order was placed a payment for it may still arrive, closed or not
ARRIVED = (Fulfilment.DELIVERED, Fulfilment.COLLECTED)
CLOSED = (Payment.EXPIRED, Payment.CANCELLED)
BATCH = 100
REDACTED = "…"
MIN_TEXT_LENGTH = 3  # characters; shorter texts are parts of many other words


@dataclass(frozen=True)
class PersonalData:
    """The texts that identify a buyer and a receiver."""

    texts: tuple[str, ...]  # longest first
    names: tuple[str, ...]  # words of the name, removed as whole words only

    def redact(self, text: str) -> str:
        """Replace all personal data in a text."""
        for personal in self.texts:
            text = re.sub(re.escape(personal), REDACTED, text, flags=re.IGNORECASE)
        for name in self.names:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", REDACTED, text, flags=re.IGNORECASE)
        return text


def personal_data_of(order: Order) -> PersonalData:
    """The personal data of an order's buyer and receiver."""
    spellings = [spelling for phone in (order.phone_number, order.receiver_phone) for spelling in _spellings(phone)]
    texts = {order.full_name, order.receiver_name, order.email, order.location, order.note, *spellings}
    names = f"{order.full_name} {order.receiver_name}".split()
    return PersonalData(
        tuple(sorted((text for text in texts if len(text) >= MIN_TEXT_LENGTH), key=len, reverse=True)),
        tuple(word for word in names if len(word) > 1),
    )


def _spellings(phone: str) -> tuple[str, ...]:
    national = national_digits(phone)
    return (phone, f"0{national}", national, readable_phone(phone)) if phone else ()


def why_not_anonymised(order: Order, now: datetime) -> str | None:
    """Why an order cannot be anonymised, as words that follow its number; None when it can."""
    if order.refund_due:
        return "has money that must be refunded first"
    match order.payment:
        case Payment.AWAITING:
            return "still waits for its payment; cancel it, or wait until it expires"
        case Payment.REVIEW:
            return "has a payment that must be reviewed first"
        case Payment.PAID if order.fulfilment not in ARRIVED:
            return "is paid and has not arrived; mark it as delivered, or refund it first"
        case Payment.EXPIRED | Payment.CANCELLED if order.placed_at > now - LATE_PAYMENTS:
            return "was placed less than 7 days ago, so a payment for it may still arrive"
    return None


def anonymise_order(order: Order, now: datetime, *, review_texts: bool = False) -> None:
    """Anonymise the buyer of an order, inside the caller's transaction; with `review_texts`, delete these texts too.

    The buyer's back-in-stock requests are deleted. Raises StaleState when the order is anonymised already or cannot be.
    """
    contacts = contacts_of([order])
    if not _anonymise(order.id, _is_finished(now, ARRIVED), now):
        raise StaleState
    forget_contacts(contacts)
    if review_texts:
        updated(update(Review).where(Review.order_id == order.id).values(text=""))


def anonymise_old_orders(months: int, now: datetime) -> int:
    """Anonymise all orders unchanged for this many months; 0 months: none. Returns the number of orders.

    Sent orders of that age count as delivered. Safe to run twice, concurrently, and after a kill.
    """
    if not months:
        return 0
    before = now - months * MONTH
    finished = _is_finished(now, (*ARRIVED, Fulfilment.SENT))
    changed_since = exists().where(OrderEvent.order_id == Order.id, OrderEvent.at >= before)
    old = and_(Order.anonymised_at.is_(None), Order.placed_at < before, finished, ~changed_since)
    anonymised, last = 0, 0
    while ids := db.session.scalars(select(Order.id).where(old, Order.id > last).order_by(Order.id).limit(BATCH)).all():
        anonymised += sum(write(lambda one=one: _anonymise(one, finished, now)) for one in ids)  # type: ignore[misc]
        last = ids[-1]
    db.session.rollback()
    return anonymised


def _is_finished(now: datetime, arrived: tuple[Fulfilment, ...]) -> ColumnElement[bool]:
    """The condition that an order needs no more work: the same rules as `why_not_anonymised`."""
    return and_(
        Order.refund_due.is_(False),
        or_(
            Order.payment == Payment.REFUNDED,
            and_(Order.payment == Payment.PAID, Order.fulfilment.in_(arrived)),
            and_(Order.payment.in_(CLOSED), Order.placed_at <= now - LATE_PAYMENTS),
        ),
    )


def _anonymise(order_id: int, condition: ColumnElement[bool], now: datetime) -> bool:
    """Clear or redact every column with personal data of an order's buyer. False when the condition is not met."""
    order = db.session.get_one(Order, order_id)
    redact = personal_data_of(order).redact
    blank = dict.fromkeys((*NAMES, "collection_code"), "")
    guarded = update(Order).where(Order.id == order_id, Order.anonymised_at.is_(None), condition)
    if not updated(guarded.values({**blank, "anonymised_at": now, "full_name": ANONYMISED_NAME})):
        return False
    db.session.expire(order)

    for event in order.events:
        old_details = event.words.startswith(CORRECTED) and not event.note  # values the order no longer has
        event.words = CORRECTED if old_details else redact(event.words)
    for stock_entry in db.session.scalars(select(StockEntry).where(StockEntry.order_id == order_id)):
        stock_entry.reason = redact(stock_entry.reason)
    remove_search_terms(order)
    order.record("Everything about the buyer was removed", for_buyer=True)
    db.session.flush()

    records = select(CallbackRecord).join(PaymentAttempt).where(PaymentAttempt.order_id == order_id)
    for record in db.session.scalars(records):
        record.raw, record.headers, record.reason = b"", "", redact(record.reason)
    for attempt in order.attempts:
        attempt.checkout_link = None
    for ledger_entry in db.session.scalars(select(LedgerEntry).where(LedgerEntry.order_id == order_id)):
        ledger_entry.reason = redact(ledger_entry.reason)
    for flag in db.session.scalars(select(ReviewFlag).where(ReviewFlag.order_id == order_id)):
        flag.words, flag.resolution = redact(flag.words), redact(flag.resolution)
    for review in db.session.scalars(select(Review).where(Review.order_id == order_id)):
        review.name, review.text, review.reply = NO_NAME, redact(review.text), redact(review.reply)
    db.session.execute(delete(OfferedCode).where(OfferedCode.order_id == order_id))

    settings: Settings = current_app.config["SETTINGS"]
    for email in db.session.scalars(select(OutboxEmail).where(OutboxEmail.order_id == order_id)):
        email_file(settings.instance_path / "mail", email.message_id).unlink(missing_ok=True)
        email.recipient, email.body, email.subject = "", "", redact(email.subject)
    db.session.flush()
    db.session.execute(delete(OutboxEmail).where(OutboxEmail.order_id == order_id, OutboxEmail.sent_at.is_(None)))

    entries = select(AuditLogEntry.id, AuditLogEntry.words).where(AuditLogEntry.order_id == order_id)
    for entry_id, words in db.session.execute(entries).all():  # the ORM refuses changes of audit log entries
        if (redacted := redact(words)) != words:
            updated(update(AuditLogEntry).where(AuditLogEntry.id == entry_id).values(words=redacted))
    return True
