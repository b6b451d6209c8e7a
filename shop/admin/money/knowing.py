"""What the shop knows of an M-PESA message. A text proves nothing, so the answer never says that money is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, or_, select

from shop.database import db
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments.codes import CLOCKS_APART, entry_with, lookalikes_of, offers_of
from shop.payments.models import MoneyEntry, OfferedCode
from shop.payments.mpesa_messages import Direction, Message
from shop.phones import readable_phone

LONGEST_AGO = timedelta(hours=72)  # from placing an order to paying for it
PAID_NEAR = timedelta(hours=1)  # of the message: then Chpter may have told of that very payment
MOST = 5
UNPAID = (Payment.AWAITING, Payment.EXPIRED, Payment.REVIEW)


@dataclass(frozen=True)
class Known:
    """All that speaks for or against a message."""

    message: Message
    entry: MoneyEntry | None  # the code is in the money book
    lookalikes: Sequence[MoneyEntry]  # one that looks like it is
    reversed_entry: MoneyEntry | None  # the message is a reversal of this line
    no_payment: str  # what the message is about, where that is no payment to the shop; else ""
    offers: Sequence[OfferedCode]  # a buyer gave it
    unpaid: Sequence[Order]  # wait for the same sum, the likeliest first
    paid: Sequence[Order]  # were paid the same sum at about that time


def what_is_known(message: Message, now: datetime, own_phones: Sequence[str] = ()) -> Known:
    """Look everywhere. Six queries at most. `own_phones` are the shop's (2547XXXXXXXX): money sent to others left it.

    For a message that is about no payment to the shop no order is named.
    """
    entry = entry_with(message.code) if message.code else None
    offers = offers_of(message.code) if message.code else []
    alike = lookalikes_of(message.code) if message.code else []
    taken_back = entry_with(message.reverses) if message.reverses else None
    no_payment = _no_payment(message, own_phones)
    if entry or no_payment or not message.amount:
        return Known(message, entry, alike, taken_back, no_payment, offers, [], [])
    paid = _paid(message) if message.at else []
    return Known(message, entry, alike, None, "", offers, _unpaid(message, now), paid)


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
