"""M-PESA codes: those buyers offer, those Chpter reports, and those in the ledger.

Codes are in capitals. The ledger holds each code once, by a UNIQUE constraint. A code that a buyer offers only flags
the order for review, and so does a code that looks like one in the ledger on a phone's screen.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from shop.core.clock import nairobi, utcnow
from shop.core.database import db
from shop.core.money import shillings
from shop.core.phones import readable_phone
from shop.orders.models import Order
from shop.orders.search_index import add_search_terms
from shop.orders.states import Payment
from shop.payments.models import LedgerEntry, OfferedCode, PaymentAttempt, ReviewReason
from shop.payments.mpesa_messages import CodeError, Direction, Message, is_code, lookalike, read_code, read_message
from shop.payments.review_flags import flag_order

MAX_OFFERED = 5  # codes of one order; a buyer with more must call the shop
MAY_OFFER = (Payment.AWAITING, Payment.EXPIRED)
CLOCK_TOLERANCE = timedelta(minutes=10)
MAX_TIME_TO_PAY = timedelta(hours=72)  # from placing an order to paying for it
PAID_WITHIN = timedelta(hours=1)  # from the message to the callback of the same payment
MAX_ORDERS = 5
UNPAID = (Payment.AWAITING, Payment.EXPIRED, Payment.REVIEW)


class TooManyCodes(Exception):
    """MAX_OFFERED codes were offered for the order already. Nothing was written."""


def offer_code(order: Order, typed: str) -> str:
    """Record the code a buyer says they paid with, typed or in the whole message, and flag the order. Returns the code.

    Runs inside the caller's transaction. Offering the same code again changes nothing. Raises CodeError and
    TooManyCodes.
    """
    code, message = read_code(typed), read_message(typed)
    if message.direction == Direction.RECEIVED:
        raise CodeError("That message is about money you received. Paste the message of the payment")
    known = [offered.code for offered in order.offered_codes]
    if order.payment not in MAY_OFFER or code in known:
        return code
    if len(known) >= MAX_OFFERED:
        raise TooManyCodes
    try:
        with db.session.begin_nested():
            db.session.add(OfferedCode(order_id=order.id, code=code, at=utcnow()))
    except IntegrityError:  # the same form, sent twice at the same moment
        return code
    finally:
        db.session.expire(order, ["offered_codes"])
    add_search_terms(order, code)
    order.record(f"You gave us the M-PESA code {code}. A person looks for the payment", for_buyer=True)
    doubts = f"{_contradictions(message, order)}{_other_uses(code, order)}"
    flag_order(order, ReviewReason.CODE, f"The buyer says it was paid with M-PESA code {code}.{doubts}")
    return code


def keep_code(attempt: PaymentAttempt, code: str) -> None:
    """Store the code that Chpter reports for a payment, so that the order is found by it.

    A second code for one payment may be a second payment: the order is flagged for review.
    """
    if not code or code == attempt.transaction_code:
        return
    if attempt.transaction_code:
        codes = f"Chpter first named the code {attempt.transaction_code} for payment {attempt.reference}, then {code}."
        flag_order(attempt.order, ReviewReason.CODE_TWICE, f"{codes} It may have been paid twice.", attempt)
    else:
        attempt.transaction_code = code
        add_search_terms(attempt.order, code)
        db.session.flush()


def unused_code(attempt: PaymentAttempt) -> str | None:
    """The M-PESA code of a payment, if Chpter reported one and it is not in the ledger yet.

    Flags the order for review when the code or a lookalike is in the ledger: the same payment may count twice.
    """
    code = attempt.transaction_code
    if attempt.method == "CARD" or not is_code(code):
        return None
    entry = entry_by_code(code)
    for other in [entry] if entry else lookalikes_of(code):
        words = (
            f"Chpter names the M-PESA code {code} for payment {attempt.reference}. Code {other.code} is in the ledger "
            f"already: {shillings(abs(other.amount))} of order {other.order.number}."
        )
        flag_order(attempt.order, ReviewReason.CODE_TWICE, words, attempt)
    return None if entry else code


def entry_by_code(code: str) -> LedgerEntry | None:
    """The ledger entry with this code."""
    return db.session.scalar(select(LedgerEntry).where(LedgerEntry.code == code).options(joinedload(LedgerEntry.order)))


def offers_of(code: str) -> list[OfferedCode]:
    """The orders for which this code was offered, oldest first; ten at most."""
    offered = select(OfferedCode).where(OfferedCode.code == code).options(joinedload(OfferedCode.order))
    return list(db.session.scalars(offered.order_by(OfferedCode.id).limit(10)))


def lookalikes_of(code: str) -> Sequence[LedgerEntry]:
    """Ledger entries whose code differs from this one only in letters and digits that look the same."""
    alike = LedgerEntry.lookalike == lookalike(code)
    found = select(LedgerEntry).where(alike, LedgerEntry.code != code).options(joinedload(LedgerEntry.order))
    return db.session.scalars(found.order_by(LedgerEntry.id).limit(5)).all()


def _contradictions(message: Message, order: Order) -> str:
    """What in the pasted message does not match the order."""
    words = ""
    if message.amount and message.amount != order.total:
        words += f" The message says {shillings(message.amount)}, the order is {shillings(order.total)}."
    if message.at and message.at < order.placed_at - CLOCK_TOLERANCE:
        words += f" The message is of {nairobi(message.at)}, before the order was placed."
    return words


def _other_uses(code: str, order: Order) -> str:
    """The other orders for which the code or a lookalike was used or offered."""
    words = ""
    if entry := entry_by_code(code):
        words += f" That code was used already, for order {entry.order.number} ({shillings(abs(entry.amount))})."
    for entry in lookalikes_of(code):
        words += f" It looks like code {entry.code}, which was used for order {entry.order.number}."
    others = [offered.order.number for offered in offers_of(code) if offered.order_id != order.id]
    if others:
        words += f" The same code was offered for order {', '.join(others)} too."
    return words


@dataclass(frozen=True)
class CodeLookup:
    """What is known about the code and the payment of a message."""

    message: Message
    entry: LedgerEntry | None  # the ledger entry with the code
    lookalikes: Sequence[LedgerEntry]  # entries with a code that looks like it
    reversed_entry: LedgerEntry | None  # the entry whose payment the message reverses
    no_payment: str  # what the message is about, if it is no payment to the shop; else ""
    offers: Sequence[OfferedCode]
    unpaid: Sequence[Order]  # unpaid orders with the same total, likeliest first
    paid: Sequence[Order]  # orders with the same total, paid at about that time


def look_up_code(message: Message, now: datetime, own_phones: Sequence[str] = ()) -> CodeLookup:
    """Look up the code and the payment of a message in at most six queries.

    `own_phones` are the shop's numbers (2547XXXXXXXX): a payment to another number names no orders.
    """
    entry = entry_by_code(message.code) if message.code else None
    offers = offers_of(message.code) if message.code else []
    alike = lookalikes_of(message.code) if message.code else []
    reversed_entry = entry_by_code(message.reverses) if message.reverses else None
    no_payment = _no_payment(message, own_phones)
    if entry or no_payment or not message.amount:
        return CodeLookup(message, entry, alike, reversed_entry, no_payment, offers, [], [])
    paid = _paid_orders(message, message.at) if message.at else []
    return CodeLookup(message, entry, alike, None, "", offers, _unpaid_orders(message, now), paid)


def _no_payment(message: Message, own_phones: Sequence[str]) -> str:
    if message.direction == Direction.SENT and message.phone and message.phone not in own_phones:
        return f"money sent to {readable_phone(message.phone)}, which is not this shop’s number"
    return message.no_payment


def _unpaid_orders(message: Message, now: datetime) -> Sequence[Order]:
    until = (message.at or now) + CLOCK_TOLERANCE
    payer = message.phone if message.direction != Direction.SENT else None
    same_phone = case((Order.phone_number == (payer or ""), 0), else_=1)
    matching = select(Order).where(
        Order.total == message.amount,
        Order.payment.in_(UNPAID),
        Order.placed_at.between(until - MAX_TIME_TO_PAY, until),
    )
    return db.session.scalars(matching.order_by(same_phone, Order.placed_at.desc()).limit(MAX_ORDERS)).all()


def _paid_orders(message: Message, at: datetime) -> Sequence[Order]:
    matching = select(Order).where(
        or_(Order.payment == Payment.PAID, Order.payment == Payment.REFUNDED),
        Order.total == message.amount,
        Order.placed_at.between(at - MAX_TIME_TO_PAY, at + PAID_WITHIN),
        Order.paid_at.between(at - CLOCK_TOLERANCE, at + PAID_WITHIN),
    )
    return db.session.scalars(matching.order_by(Order.paid_at).limit(MAX_ORDERS)).all()
