"""What the shop knows of an M-PESA message. A text proves nothing, so the answer never says that money is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, or_, select

from shop.database import db
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.payments.codes import Message, entry_with, offers_of
from shop.payments.models import MoneyEntry, OfferedCode

LONGEST_AGO = timedelta(hours=72)  # from placing an order to paying for it
CLOCKS_APART = timedelta(minutes=10)
PAID_NEAR = timedelta(hours=1)  # of the message: then Chpter may have told of that very payment
MOST = 5
UNPAID = (Payment.AWAITING, Payment.EXPIRED, Payment.REVIEW)


@dataclass(frozen=True)
class Known:
    """All that speaks for or against a message."""

    message: Message
    entry: MoneyEntry | None  # the code is in the money book
    offers: Sequence[OfferedCode]  # a buyer gave it
    unpaid: Sequence[Order]  # wait for the same sum, the likeliest first
    paid: Sequence[Order]  # were paid the same sum at about that time


def what_is_known(message: Message, now: datetime) -> Known:
    """Look everywhere. Four queries at most."""
    entry = entry_with(message.code) if message.code else None
    offers = offers_of(message.code) if message.code else []
    if entry or not message.amount:
        return Known(message, entry, offers, [], [])
    return Known(message, entry, offers, _unpaid(message, now), _paid(message) if message.at else [])


def _unpaid(message: Message, now: datetime) -> Sequence[Order]:
    until = (message.at or now) + CLOCKS_APART
    same_phone = case((Order.phone_number == (message.phone or ""), 0), else_=1)
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
