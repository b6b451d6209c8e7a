"""How many orders one buyer may leave unpaid: each holds goods that nobody else can buy meanwhile."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import func, select, text

from shop.config import Settings
from shop.core.database import advisory_lock, db, draw_unused
from shop.orders import reservations
from shop.orders.models import WAITING, Order, OrderLine
from shop.orders.search_index import index_order
from shop.orders.states import Payment
from shop.pricing.discount_codes import DiscountNotUsable, claim_use
from shop.pricing.models import DeliveryArea, DiscountCode
from shop.pricing.quote import LineItem, Quote

MAX_OPEN_ORDERS = (
    5  # with one phone number, and with one e-mail address: who tries to pay again does so on the same order
)


@dataclass(frozen=True)
class Buyer:
    """Who buys and where it goes. Stays out of every log: its repr says nothing."""

    full_name: str = field(repr=False)
    phone_number: str = field(repr=False)  # 2547XXXXXXXX or 2541XXXXXXXX
    email: str = field(repr=False)
    location: str = field(repr=False)
    note: str = field(repr=False, default="")


class TooManyOpenOrders(Exception):
    """This buyer has as many unpaid orders as one may have. Nothing was written."""

    def __init__(self, phone_number: bool, email: bool) -> None:
        super().__init__()
        self.phone_number, self.email = phone_number, email  # which of the two has too many

    @property
    def fields(self) -> list[str]:
        """The questions whose answers have too many."""
        return [name for name in ("phone_number", "email") if getattr(self, name)]


def lock_buyer(buyer: Buyer) -> None:
    """Until the transaction ends, let no other order with this phone number or e-mail address be written."""
    advisory_lock(f"orders of {buyer.phone_number}", f"orders of {buyer.email.lower()}")


def enforce_open_order_limit(buyer: Buyer, *, written: bool = False) -> None:
    """Count the buyer's unpaid orders in the transaction that writes one, before it is `written` or after.

    Exact: of two orders with one phone number or e-mail address the second is counted after the first is committed.
    Small and capital letters of an address are one. Raises TooManyOpenOrders.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.ratelimit_enabled:
        return
    lock_buyer(buyer)
    waiting, orders = text(WAITING), select(func.count()).select_from(Order)
    of_phone = orders.where(Order.phone_number == buyer.phone_number, waiting).scalar_subquery()
    of_email = orders.where(func.lower(Order.email) == func.lower(buyer.email), waiting).scalar_subquery()
    by_phone, by_email = db.session.execute(select(of_phone, of_email)).one()
    most = MAX_OPEN_ORDERS if written else MAX_OPEN_ORDERS - 1
    if max(by_phone, by_email) > most:
        raise TooManyOpenOrders(by_phone > most, by_email > most)


def write_order(
    key: str,
    buyer: Buyer,
    lines: Sequence[LineItem],
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
    reservations.hold(lines)
    if code:
        claim_use(code.id, now)
        if code_used_up_for_buyer(code, buyer.phone_number):
            raise DiscountNotUsable
    order = Order(
        number=draw_unused(Order.number, _draw_number),
        token=secrets.token_urlsafe(18),
        checkout_key=key,
        full_name=buyer.full_name,
        phone_number=buyer.phone_number,
        email=buyer.email,
        location=buyer.location,
        note=buyer.note,
        area_name=area.name,
        area_delivery_time=area.delivery_time,
        pickup=area.pickup,
        pickup_place=area.pickup_place,
        subtotal=quoted.subtotal,
        discount=quoted.discount,
        delivery_fee=quoted.delivery_fee,
        total=quoted.total,
        discount_code=code.code if code else "",
        discount_code_id=code.id if code else None,
        discount_claimed=code is not None,
        placed_at=now,
        expires_at=now + timedelta(minutes=hold_minutes),
        lines=[
            OrderLine(
                position=position,
                sku=line.sku,
                name=line.name,
                label=line.label,
                image=line.image,
                unit_price=line.unit_price,
                quantity=line.quantity,
            )
            for position, line in enumerate(lines)
        ],
    )
    order.record("Order placed", for_buyer=True)
    db.session.add(order)
    index_order(order)
    reservations.note_held(order.lines)
    return order


def code_used_up_for_buyer(code: DiscountCode, phone_number: str, *, written: bool = False) -> bool:
    """Whether this phone number has had its share of a code already, the order that is `written` not counted.

    Orders that came to nothing, or whose money was given back, do not count.
    """
    if code.max_uses_per_buyer is None:
        return False
    lost = (Payment.EXPIRED, Payment.CANCELLED, Payment.REFUNDED)
    had = select(func.count()).where(
        Order.discount_code_id == code.id, Order.phone_number == phone_number, Order.payment.not_in(lost)
    )
    return (db.session.scalar(had) or 0) - written >= code.max_uses_per_buyer


def held_until(code: DiscountCode, phone_number: str) -> datetime | None:
    """Until when (UTC) an unpaid order with this phone number holds a code; None when none does."""
    holding = select(func.min(Order.expires_at)).where(
        Order.discount_code_id == code.id, Order.phone_number == phone_number, Order.payment == Payment.AWAITING
    )
    return db.session.scalar(holding)


def _draw_number() -> str:
    return f"{secrets.randbelow(90_000_000) + 10_000_000}"
