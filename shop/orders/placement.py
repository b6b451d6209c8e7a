"""Write a new order, and limit the unpaid orders of one buyer, because each holds stock."""

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

MAX_OPEN_ORDERS = 5  # with one phone number or one email address


@dataclass(frozen=True)
class Buyer:
    """Contact and delivery details of a buyer. Its repr is empty, to keep them out of logs."""

    full_name: str = field(repr=False)
    phone_number: str = field(repr=False)  # 2547XXXXXXXX, or the digits of another country's number
    email: str = field(repr=False)  # "" without one
    location: str = field(repr=False)
    note: str = field(repr=False, default="")
    receiver_name: str = field(repr=False, default="")  # "" when the buyer receives the order
    receiver_phone: str = field(repr=False, default="")  # 2547XXXXXXXX or 2541XXXXXXXX


class TooManyOpenOrders(Exception):
    """The buyer has MAX_OPEN_ORDERS unpaid orders. Nothing was written."""

    def __init__(self, phone_number: bool, email: bool) -> None:
        super().__init__()
        self.phone_number, self.email = phone_number, email  # True for the one with too many

    @property
    def fields(self) -> list[str]:
        """The form fields with too many orders."""
        return [name for name in ("phone_number", "email") if getattr(self, name)]


def lock_buyer(buyer: Buyer) -> None:
    """Take advisory locks on the buyer's phone number and email address until the transaction ends."""
    advisory_lock(*(f"orders of {contact}" for contact in (buyer.phone_number, buyer.email.lower()) if contact))


def enforce_open_order_limit(buyer: Buyer, *, written: bool = False) -> None:
    """Raise TooManyOpenOrders when the buyer has too many unpaid orders; email addresses match in any case.

    Runs in the transaction that writes the order: `written` says whether it is in the count already. The locks make
    the count exact.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.ratelimit_enabled:
        return
    lock_buyer(buyer)
    waiting, orders = text(WAITING), select(func.count()).select_from(Order)
    of_phone = orders.where(Order.phone_number == buyer.phone_number, waiting).scalar_subquery()
    of_email = orders.where(func.lower(Order.email) == func.lower(buyer.email), waiting).scalar_subquery()
    by_phone, by_email = db.session.execute(select(of_phone, of_email)).one()
    limit = MAX_OPEN_ORDERS if written else MAX_OPEN_ORDERS - 1
    by_email = by_email if buyer.email else 0  # buyers without an address are not one buyer
    if max(by_phone, by_email) > limit:
        raise TooManyOpenOrders(by_phone > limit, by_email > limit)


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

    `key` is the form's idempotency key: a second order with it raises sqlalchemy.exc.IntegrityError. Raises OutOfStock,
    and DiscountNotUsable when no use of the discount code is left. Then nothing is written.
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
        receiver_name=buyer.receiver_name,
        receiver_phone=buyer.receiver_phone,
        area_name=area.name,
        area_delivery_time=area.delivery_time,
        delivery_calendar=area.calendar,
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
    reservations.record_held(order.lines)
    return order


def code_used_up_for_buyer(code: DiscountCode, phone_number: str, *, written: bool = False) -> bool:
    """True when this phone number has used the discount code up. `written`: the order itself is in the count already.

    Expired, cancelled and refunded orders do not count.
    """
    if code.max_uses_per_buyer is None:
        return False
    not_counted = (Payment.EXPIRED, Payment.CANCELLED, Payment.REFUNDED)
    orders = select(func.count()).where(
        Order.discount_code_id == code.id, Order.phone_number == phone_number, Order.payment.not_in(not_counted)
    )
    return (db.session.scalar(orders) or 0) - written >= code.max_uses_per_buyer


def held_until(code: DiscountCode, phone_number: str) -> datetime | None:
    """When the first unpaid order with this phone number and code expires (UTC); None without one."""
    holding = select(func.min(Order.expires_at)).where(
        Order.discount_code_id == code.id, Order.phone_number == phone_number, Order.payment == Payment.AWAITING
    )
    return db.session.scalar(holding)


def _draw_number() -> str:
    return f"{secrets.randbelow(90_000_000) + 10_000_000}"
