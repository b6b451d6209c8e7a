"""Forgetting buyers: what is theirs goes, what is the shop's stays: numbers, lines, sums, moments, states.

One guarded UPDATE clears the order; the same transaction clears its timeline, stock moves, search terms, payments,
emails and audit log. An order is not anonymised while work on it remains, or money may still arrive or is due.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import ColumnElement, and_, delete, exists, or_, select, update

from shop.accounts.models import AuditLogEntry
from shop.catalog.models import StockEntry
from shop.config import Settings
from shop.core.clock import MONTH
from shop.core.database import db, updated, write
from shop.core.phones import readable_phone
from shop.emails.delivery import email_file
from shop.emails.models import OutboxEmail
from shop.orders.corrections import CORRECTED
from shop.orders.models import Order, OrderEvent
from shop.orders.search_index import remove_search_terms
from shop.orders.states import Fulfilment, Payment
from shop.orders.transitions import StaleState
from shop.payments.models import CallbackRecord, LedgerEntry, OfferedCode, PaymentAttempt, ReviewFlag

ANONYMISED_NAME = "Anonymised buyer"
STILL_COMING = timedelta(days=7)  # after an order was placed money for it may still arrive, closed or not
ARRIVED = (Fulfilment.DELIVERED, Fulfilment.COLLECTED)
CLOSED = (Payment.EXPIRED, Payment.CANCELLED)
BATCH = 100


GONE = "…"
SHORTEST = 3  # characters; what is shorter stands inside many other words


@dataclass(frozen=True)
class PersonalData:
    """The texts by which a buyer is known, longest first."""

    texts: tuple[str, ...]
    names: tuple[str, ...]  # the words of the name, taken out where they stand alone

    def out_of(self, text: str) -> str:
        """The text without anything of the person."""
        for known in self.texts:
            text = re.sub(re.escape(known), GONE, text, flags=re.IGNORECASE)
        for name in self.names:
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", GONE, text, flags=re.IGNORECASE)
        return text


def personal_data_of(order: Order) -> PersonalData:
    """Who bought it."""
    phone = order.phone_number
    national = phone.removeprefix("254")
    spellings = (phone, f"0{national}", national, readable_phone(phone)) if national else ()
    texts = {order.full_name, order.email, order.location, order.note, *spellings}
    return PersonalData(
        tuple(sorted((text for text in texts if len(text) >= SHORTEST), key=len, reverse=True)),
        tuple(word for word in order.full_name.split() if len(word) > 1),
    )


def why_not_anonymised(order: Order, now: datetime) -> str | None:
    """Why the buyer of an order has to be known for now, in words that follow its number; None when it need not."""
    if order.refund_due:
        return "has money that is to be given back first"
    match order.payment:
        case Payment.AWAITING:
            return "still waits for its payment; cancel it, or wait until it ends"
        case Payment.REVIEW:
            return "has a payment that a person has to check first"
        case Payment.PAID if order.fulfilment not in ARRIVED:
            return "is paid and has not arrived; mark it as delivered, or give the money back first"
        case Payment.EXPIRED | Payment.CANCELLED if order.placed_at > now - STILL_COMING:
            return "was placed less than 7 days ago, so money for it may still come"
    return None


def anonymise_order(order: Order, now: datetime) -> None:
    """Forget the buyer of an order, inside the caller's transaction.

    Raises StaleState when it is forgotten already, or must not be.
    """
    if not _forgotten(order.id, _done_with(now, ARRIVED), now):
        raise StaleState


def anonymise_old_orders(months: int, now: datetime) -> int:
    """Forget the buyers of all orders that have not changed for so many months, and say how many; 0 months: never.

    What was sent so long ago counts as arrived. Safe to run twice, at once with itself, and after a kill.
    """
    if not months:
        return 0
    before = now - months * MONTH
    done = _done_with(now, (*ARRIVED, Fulfilment.SENT))
    changed_since = exists().where(OrderEvent.order_id == Order.id, OrderEvent.at >= before)
    old = and_(Order.anonymised_at.is_(None), Order.placed_at < before, done, ~changed_since)
    forgotten, last = 0, 0
    while ids := db.session.scalars(select(Order.id).where(old, Order.id > last).order_by(Order.id).limit(BATCH)).all():
        forgotten += sum(write(lambda one=one: _forgotten(one, done, now)) for one in ids)  # type: ignore[misc]
        last = ids[-1]
    db.session.rollback()
    return forgotten


def _done_with(now: datetime, arrived: tuple[Fulfilment, ...]) -> ColumnElement[bool]:
    """Whether nothing of an order waits: the same rules as `why_not_forgotten` has."""
    return and_(
        Order.refund_due.is_(False),
        or_(
            Order.payment == Payment.REFUNDED,
            and_(Order.payment == Payment.PAID, Order.fulfilment.in_(arrived)),
            and_(Order.payment.in_(CLOSED), Order.placed_at <= now - STILL_COMING),
        ),
    )


def _forgotten(order_id: int, condition: ColumnElement[bool], now: datetime) -> bool:
    order = db.session.get_one(Order, order_id)
    person = personal_data_of(order)
    free = update(Order).where(Order.id == order_id, Order.anonymised_at.is_(None), condition)
    blank = {
        "full_name": ANONYMISED_NAME,
        "phone_number": "",
        "email": "",
        "location": "",
        "note": "",
        "collection_code": "",
    }
    if not updated(free.values(anonymised_at=now, **blank)):
        return False
    db.session.expire(order)
    _tidy_timeline(order, person)
    _tidy_stock(order, person)
    remove_search_terms(order)
    order.record("Everything about the buyer was removed", for_buyer=True)
    db.session.flush()
    _forget_in_payments(order, person)
    _forget_in_emails(order, person)
    _forget_in_audit_log(order, person)
    return True


def _tidy_timeline(order: Order, person: PersonalData) -> None:
    for event in order.events:
        old_details = event.words.startswith(CORRECTED) and not event.note  # which `person` does not know
        event.words = CORRECTED if old_details else person.out_of(event.words)


def _tidy_stock(order: Order, person: PersonalData) -> None:
    for move in db.session.scalars(select(StockEntry).where(StockEntry.order_id == order.id)):
        move.reason = person.out_of(move.reason)


def _forget_in_payments(order: Order, person: PersonalData) -> None:
    records = select(CallbackRecord).join(PaymentAttempt).where(PaymentAttempt.order_id == order.id)
    for record in db.session.scalars(records):
        record.raw, record.headers = b"", ""
        record.reason = person.out_of(record.reason)
    for attempt in order.attempts:
        attempt.checkout_link = None
    for entry in db.session.scalars(select(LedgerEntry).where(LedgerEntry.order_id == order.id)):
        entry.reason = person.out_of(entry.reason)
    for check in db.session.scalars(select(ReviewFlag).where(ReviewFlag.order_id == order.id)):
        check.words, check.resolution = person.out_of(check.words), person.out_of(check.resolution)
    db.session.execute(delete(OfferedCode).where(OfferedCode.order_id == order.id))


def _forget_in_emails(order: Order, person: PersonalData) -> None:
    settings: Settings = current_app.config["SETTINGS"]
    for mail in db.session.scalars(select(OutboxEmail).where(OutboxEmail.order_id == order.id)):
        email_file(settings.instance_path / "mail", mail.message_id).unlink(missing_ok=True)
        mail.recipient = mail.body = ""
        mail.subject = person.out_of(mail.subject)
    db.session.flush()
    db.session.execute(delete(OutboxEmail).where(OutboxEmail.order_id == order.id, OutboxEmail.sent_at.is_(None)))


def _forget_in_audit_log(order: Order, person: PersonalData) -> None:
    acts = select(AuditLogEntry.id, AuditLogEntry.words).where(AuditLogEntry.order_id == order.id)
    for act_id, words in db.session.execute(acts).all():
        tidied = person.out_of(words)
        if tidied != words:
            updated(update(AuditLogEntry).where(AuditLogEntry.id == act_id).values(words=tidied))
