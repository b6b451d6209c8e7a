"""Writing an order down: its lines, totals and the stock it holds. The caller owns the transaction."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select

from shop.database import db, unused
from shop.orders import stock
from shop.orders.models import Order, OrderLine
from shop.orders.states import Payment
from shop.orders.words import note_order
from shop.pricing.claiming import DiscountGone, claim_use
from shop.pricing.models import DeliveryArea, DiscountCode
from shop.pricing.quote import Quote


@dataclass(frozen=True)
class Buyer:
    """Who buys and where it goes. Stays out of every log: its repr says nothing."""

    full_name: str = field(repr=False)
    phone_number: str = field(repr=False)  # 2547XXXXXXXX or 2541XXXXXXXX
    email: str = field(repr=False)
    location: str = field(repr=False)
    note: str = field(repr=False, default="")


@dataclass(frozen=True)
class Item:
    """One SKU as it is sold now. `price` is whole shillings for one."""

    sku: str
    name: str
    label: str
    picture: str
    price: int
    quantity: int


def write_order(
    key: str,
    buyer: Buyer,
    items: Sequence[Item],
    area: DeliveryArea,
    code: DiscountCode | None,
    quoted: Quote,
    now: datetime,
    hold_minutes: int,
) -> Order:
    """Hold the stock, claim the discount and write the order.

    `key` is the form's one-time key: a second order with it breaks a UNIQUE constraint (IntegrityError).
    Raises OutOfStock and DiscountGone when somebody else was quicker; nothing is kept then.
    """
    stock.hold(items)
    if code:
        claim_use(code.id, now)
        if used_too_often(code, buyer.phone_number):
            raise DiscountGone
    order = Order(
        number=unused(Order.number, _draw_number),
        token=secrets.token_urlsafe(18),
        checkout_key=key,
        full_name=buyer.full_name,
        phone_number=buyer.phone_number,
        email=buyer.email,
        location=buyer.location,
        note=buyer.note,
        area_name=area.name,
        area_days=area.days,
        pickup=area.pickup,
        pickup_place=area.pickup_place,
        goods=quoted.goods,
        discount=quoted.discount,
        delivery=quoted.delivery,
        total=quoted.total,
        discount_code=code.code if code else "",
        discount_code_id=code.id if code else None,
        discount_claimed=code is not None,
        placed_at=now,
        expires_at=now + timedelta(minutes=hold_minutes),
        lines=[
            OrderLine(
                position=position,
                sku=item.sku,
                name=item.name,
                label=item.label,
                picture=item.picture,
                unit_price=item.price,
                quantity=item.quantity,
            )
            for position, item in enumerate(items)
        ],
    )
    order.record("Order placed", for_buyer=True)
    db.session.add(order)
    note_order(order)
    stock.note_held(order.lines)
    return order


def used_too_often(code: DiscountCode, phone_number: str, *, written: bool = False) -> bool:
    """Whether this phone number has had its share of a code already, the order that is `written` not counted.

    Orders that came to nothing, or whose money was given back, do not count.
    """
    if code.most_each is None:
        return False
    lost = (Payment.EXPIRED, Payment.CANCELLED, Payment.REFUNDED)
    had = select(func.count()).where(
        Order.discount_code_id == code.id, Order.phone_number == phone_number, Order.payment.not_in(lost)
    )
    return (db.session.scalar(had) or 0) - written >= code.most_each


def held_until(code: DiscountCode, phone_number: str) -> datetime | None:
    """Until when (UTC) an unpaid order with this phone number holds a code; None when none does."""
    holding = select(func.min(Order.expires_at)).where(
        Order.discount_code_id == code.id, Order.phone_number == phone_number, Order.payment == Payment.AWAITING
    )
    return db.session.scalar(holding)


def _draw_number() -> str:
    return f"{secrets.randbelow(90_000_000) + 10_000_000}"
