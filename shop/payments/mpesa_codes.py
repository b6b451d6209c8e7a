"""M-PESA codes that buyers offer, and codes that are counted already.

Codes are kept in capitals. Of one code there is one line in the money book, by a UNIQUE constraint; buyers may offer
one, which only makes a person look. Two codes that look the same on a phone's screen are never both taken in silence.
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
from shop.payments.models import LedgerEntry, OfferedCode, PaymentAttempt
from shop.payments.mpesa_messages import CodeError, Direction, Message, is_code, lookalike, read_code, read_message
from shop.payments.review_flags import ReviewReason, flag_order

MOST_OFFERED = 5  # codes for one order; whoever needs more has to talk to the shop
MAY_OFFER = (Payment.AWAITING, Payment.EXPIRED)
CLOCKS_APART = timedelta(minutes=10)


class NoMoreCodes(Exception):
    """So many codes were offered for the order that another one helps nobody. Nothing was written."""


def offer_code(order: Order, typed: str) -> str:
    """Take down the code a buyer says they paid with, typed or in the whole message, and have a person look; the code.

    Runs inside the caller's transaction. The same code offered again changes nothing. Raises CodeError and
    NoMoreCodes.
    """
    code, message = read_code(typed), read_message(typed)
    if message.direction == Direction.RECEIVED:
        raise CodeError("That message is about money you received. Paste the message of the payment")
    known = [offered.code for offered in order.offered_codes]
    if order.payment not in MAY_OFFER or code in known:
        return code
    if len(known) >= MOST_OFFERED:
        raise NoMoreCodes
    try:
        with db.session.begin_nested():
            db.session.add(OfferedCode(order_id=order.id, code=code, at=utcnow()))
    except IntegrityError:  # the same form, sent twice at one moment: the other has seen to it
        return code
    finally:
        db.session.expire(order, ["offered_codes"])
    add_search_terms(order, code)
    order.record(f"You gave us the M-PESA code {code}. A person looks for the payment", for_buyer=True)
    against = f"{_not_fitting(message, order)}{_elsewhere(code, order)}"
    flag_order(order, ReviewReason.CODE, f"The buyer says it was paid with M-PESA code {code}.{against}")
    return code


def keep_code(attempt: PaymentAttempt, code: str) -> None:
    """Keep the code that Chpter names for a payment, so that its order is found by it. It proves nothing by itself.

    A second code for one payment may be a second payment: a person looks.
    """
    if not code or code == attempt.transaction_code:
        return
    if attempt.transaction_code:
        words = f"Chpter first named the code {attempt.transaction_code} for payment {attempt.reference}, then {code}."
        flag_order(attempt.order, ReviewReason.CODE_TWICE, f"{words} It may have been paid twice.", attempt)
    else:
        attempt.transaction_code = code
        add_search_terms(attempt.order, code)
        db.session.flush()


def code_to_book(attempt: PaymentAttempt) -> str | None:
    """The M-PESA code of a payment for the money book, if Chpter named one and it is not in the book yet.

    One that is in the book already, or looks like one that is, makes a person look: the same money may count twice.
    """
    code = attempt.transaction_code
    if attempt.method == "CARD" or not is_code(code):
        return None
    entry = entry_by_code(code)
    said = f"Chpter names the M-PESA code {code} for payment {attempt.reference}."
    for other in [entry] if entry else lookalikes_of(code):
        used = (
            f"Code {other.code} is in the book already: {shillings(abs(other.amount))} of order {other.order.number}."
        )
        flag_order(attempt.order, ReviewReason.CODE_TWICE, f"{said} {used}", attempt)
    return None if entry else code


def entry_by_code(code: str) -> LedgerEntry | None:
    """The line of the money book with this code."""
    return db.session.scalar(select(LedgerEntry).where(LedgerEntry.code == code).options(joinedload(LedgerEntry.order)))


def offers_of(code: str) -> list[OfferedCode]:
    """Whoever offered this code, oldest first; ten at most."""
    offered = select(OfferedCode).where(OfferedCode.code == code).options(joinedload(OfferedCode.order))
    return list(db.session.scalars(offered.order_by(OfferedCode.id).limit(10)))


def lookalikes_of(code: str) -> Sequence[LedgerEntry]:
    """Lines of the money book whose code differs from this one only in letters and digits that look the same."""
    alike = LedgerEntry.lookalike == lookalike(code)
    found = select(LedgerEntry).where(alike, LedgerEntry.code != code).options(joinedload(LedgerEntry.order))
    return db.session.scalars(found.order_by(LedgerEntry.id).limit(5)).all()


def _not_fitting(message: Message, order: Order) -> str:
    """What in the pasted message does not fit the order."""
    words = ""
    if message.amount and message.amount != order.total:
        words += f" The message says {shillings(message.amount)}, the order is {shillings(order.total)}."
    if message.at and message.at < order.placed_at - CLOCKS_APART:
        words += f" The message is of {nairobi(message.at)}, before the order was placed."
    return words


def _elsewhere(code: str, order: Order) -> str:
    """What speaks against a code: it was used, looks like one that was, or was offered for another order too."""
    words = ""
    if entry := entry_by_code(code):
        words += f" That code was used already, for order {entry.order.number} ({shillings(abs(entry.amount))})."
    for entry in lookalikes_of(code):
        words += f" It looks like code {entry.code}, which was used for order {entry.order.number}."
    others = [offered.order.number for offered in offers_of(code) if offered.order_id != order.id]
    if others:
        words += f" The same code was offered for order {', '.join(others)} too."
    return words


LONGEST_AGO = timedelta(hours=72)  # from placing an order to paying for it
PAID_NEAR = timedelta(hours=1)  # of the message: then Chpter may have told of that very payment
MOST = 5
UNPAID = (Payment.AWAITING, Payment.EXPIRED, Payment.REVIEW)


@dataclass(frozen=True)
class CodeLookup:
    """All that speaks for or against a message."""

    message: Message
    entry: LedgerEntry | None  # the code is in the money book
    lookalikes: Sequence[LedgerEntry]  # one that looks like it is
    reversed_entry: LedgerEntry | None  # the message is a reversal of this line
    no_payment: str  # what the message is about, where that is no payment to the shop; else ""
    offers: Sequence[OfferedCode]  # a buyer gave it
    unpaid: Sequence[Order]  # wait for the same sum, the likeliest first
    paid: Sequence[Order]  # were paid the same sum at about that time


def look_up_code(message: Message, now: datetime, own_phones: Sequence[str] = ()) -> CodeLookup:
    """Look everywhere. Six queries at most. `own_phones` are the shop's (2547XXXXXXXX): money sent to others left it.

    For a message that is about no payment to the shop no order is named.
    """
    entry = entry_by_code(message.code) if message.code else None
    offers = offers_of(message.code) if message.code else []
    alike = lookalikes_of(message.code) if message.code else []
    taken_back = entry_by_code(message.reverses) if message.reverses else None
    no_payment = _no_payment(message, own_phones)
    if entry or no_payment or not message.amount:
        return CodeLookup(message, entry, alike, taken_back, no_payment, offers, [], [])
    paid = _paid(message) if message.at else []
    return CodeLookup(message, entry, alike, None, "", offers, _unpaid(message, now), paid)


def _no_payment(message: Message, own_phones: Sequence[str]) -> str:
    if message.direction == Direction.SENT and message.phone and message.phone not in own_phones:
        return f"money sent to {readable_phone(message.phone)}, which is not this shop’s number"
    return message.no_payment


def _unpaid(message: Message, now: datetime) -> Sequence[Order]:
    until = (message.at or now) + CLOCKS_APART
    payer = message.phone if message.direction != Direction.SENT else None
    same_phone = case((Order.phone_number == (payer or ""), 0), else_=1)
    fits = select(Order).where(
        Order.total == message.amount,
        Order.payment.in_(UNPAID),
        Order.placed_at.between(until - LONGEST_AGO, until),
    )
    return db.session.scalars(fits.order_by(same_phone, Order.placed_at.desc()).limit(MOST)).all()


def _paid(message: Message) -> Sequence[Order]:
    assert message.at is not None  # noqa: S101 - for the type checker
    near = Order.paid_at.between(message.at - CLOCKS_APART, message.at + PAID_NEAR)
    fits = select(Order).where(
        or_(Order.payment == Payment.PAID, Order.payment == Payment.REFUNDED),
        Order.total == message.amount,
        Order.placed_at.between(message.at - LONGEST_AGO, message.at + PAID_NEAR),
        near,
    )
    return db.session.scalars(fits.order_by(Order.paid_at).limit(MOST)).all()
