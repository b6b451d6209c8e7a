"""Orders, their lines (with the names and prices of the day they were placed), timeline and search terms."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Index, String, Text, and_, func, or_, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.clock import utcnow
from shop.core.database import Model, UtcDateTime, binary_string
from shop.core.phones import is_kenyan_mobile
from shop.orders.states import Fulfilment, Payment
from shop.pricing.delivery_dates import DeliveryCalendar, DeliveryDates
from shop.pricing.models import CalendarText

if TYPE_CHECKING:
    from shop.payments.models import LedgerEntry, OfferedCode, PaymentAttempt

# Conditions of the partial indexes below, as text: an index is used only by a query with the same condition.
# "NOT ... <>" instead of "=": for "=" SQLite prefers the index on `payment` and sorts the rows.
PAID = "(NOT payment <> 'paid')"
TO_PACK = "(NOT payment <> 'paid' AND fulfilment = 'unfulfilled')"
TO_SEND = "(NOT payment <> 'paid' AND fulfilment = 'packed' AND NOT pickup)"
TO_COLLECT = "(NOT payment <> 'paid' AND fulfilment = 'packed' AND pickup)"
UNVERIFIED = "(NOT payment <> 'paid' AND fulfilment IN ('unfulfilled', 'packed') AND payment_verified_at IS NULL)"
WAITING = "(NOT payment <> 'awaiting')"
WARNED = "(open_warning)"
SENT = "(NOT fulfilment <> 'sent')"
DONE = "(fulfilment IN ('delivered', 'collected'))"


def may_be_paid() -> ColumnElement[bool]:
    """`Order.payable` as an SQL condition."""
    rest_requested = and_(Order.payment == Payment.REVIEW, Order.remaining_requested > 0)
    return or_(Order.payment == Payment.AWAITING, rest_requested)


def _tab_index(name: str, where: str) -> Index:
    """A partial index for one tab of the order list, ordered by placed_at."""
    return Index(name, "placed_at", "id", sqlite_where=text(where), postgresql_where=text(where))


def _open_orders_index(name: str, buyer: Any) -> Index:
    """A partial index for the unpaid orders of one buyer."""
    return Index(name, buyer, sqlite_where=text(WAITING), postgresql_where=text(WAITING))


class Order(Model):
    """A buyer's order. Amounts are whole shillings, times UTC. Guarded UPDATEs change `payment` and `fulfilment`."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(12), unique=True)  # eight random digits, easy to say on the phone
    token: Mapped[str] = mapped_column(String(40), unique=True)  # random: it opens the order page
    checkout_key: Mapped[str] = mapped_column(String(40), unique=True)  # idempotency key of the checkout form
    payment: Mapped[str] = mapped_column(String(12), default=Payment.AWAITING)
    fulfilment: Mapped[str] = mapped_column(String(12), default=Fulfilment.UNFULFILLED)
    paid_late: Mapped[bool] = mapped_column(default=False)  # paid after it had expired
    refund_due: Mapped[bool] = mapped_column(default=False)  # refund_due_amount > 0
    received: Mapped[int] = mapped_column(default=0)  # all payments that count
    refunded: Mapped[int] = mapped_column(default=0)
    refund_due_amount: Mapped[int] = mapped_column(default=0)  # received money that must be refunded
    shortfall: Mapped[int] = mapped_column(default=0)  # written off when an underpayment was accepted
    remaining_requested: Mapped[int] = mapped_column(default=0)  # in review: the rest that the buyer is asked to pay
    open_warning: Mapped[bool] = mapped_column(default=False)  # its timeline has an unresolved warning
    attempts_opened: Mapped[int] = mapped_column(default=0)
    collection_code: Mapped[str] = mapped_column(
        String(4), default=""
    )  # shown by the buyer; "" until the order is ready
    collection_code_tries: Mapped[int] = mapped_column(default=0)  # how often a code was checked

    full_name: Mapped[str] = mapped_column(String(120))
    phone_number: Mapped[str] = mapped_column(String(16), index=True)  # 2547XXXXXXXX, or digits of another country
    email: Mapped[str] = mapped_column(String(254), index=True)
    location: Mapped[str] = mapped_column(String(250))
    note: Mapped[str] = mapped_column(String(500))
    receiver_name: Mapped[str] = mapped_column(String(120), default="")  # "" when the buyer receives the order
    receiver_phone: Mapped[str] = mapped_column(String(12), default="")  # 2547XXXXXXXX or 2541XXXXXXXX
    area_name: Mapped[str] = mapped_column(String(80))
    area_delivery_time: Mapped[str] = mapped_column(String(40))
    delivery_calendar: Mapped[DeliveryCalendar | None] = mapped_column(CalendarText)  # of its area
    deliver_from: Mapped[date | None]  # the days promised when it was paid; None before, or without a calendar
    deliver_by: Mapped[date | None]
    pickup: Mapped[bool]
    pickup_place: Mapped[str] = mapped_column(String(300), default="")  # place and opening hours; "" for deliveries

    subtotal: Mapped[int]
    discount: Mapped[int]
    delivery_fee: Mapped[int]
    total: Mapped[int]
    discount_code: Mapped[str] = mapped_column(String(40), default="")
    discount_claimed: Mapped[bool] = mapped_column(default=False)  # the order has a use of its discount code
    discount_code_id: Mapped[int | None] = mapped_column(ForeignKey("discount_code.id"), index=True)

    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the buyer came back from the payment page
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fulfilment_changed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    payment_verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # by an owner
    payment_verified_by: Mapped[str] = mapped_column(String(80), default="")
    receipt_email: Mapped[str] = mapped_column(String(10), default="")  # a ReceiptEmail
    anonymised_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.position", cascade="all, delete-orphan")
    events: Mapped[list["OrderEvent"]] = relationship(order_by="OrderEvent.id", cascade="all, delete-orphan")
    attempts: Mapped[list["PaymentAttempt"]] = relationship(order_by="PaymentAttempt.id", back_populates="order")
    money: Mapped[list["LedgerEntry"]] = relationship(order_by="LedgerEntry.id", back_populates="order")
    offered_codes: Mapped[list["OfferedCode"]] = relationship(order_by="OfferedCode.id", back_populates="order")

    __table_args__ = (
        CheckConstraint(
            "subtotal - discount + delivery_fee = total AND total >= 0 AND discount <= subtotal", name="sum"
        ),
        CheckConstraint("payment IN ('awaiting','paid','review','expired','cancelled','refunded')", name="payment"),
        CheckConstraint("fulfilment IN ('unfulfilled','packed','sent','delivered','collected')", name="fulfilment"),
        Index("ix_orders_expiry", "payment", "expires_at"),
        Index("ix_orders_newest", "placed_at", "id"),
        Index("ix_orders_area", "area_name", "placed_at", "id"),
        Index("ix_orders_paid", "paid_at", "id"),
        Index("ix_orders_anonymise", "anonymised_at", "placed_at"),
        Index("ix_orders_refund_due", "refund_due"),
        Index("ix_orders_unverified", "total", sqlite_where=text(UNVERIFIED), postgresql_where=text(UNVERIFIED)),
        _tab_index("ix_orders_to_pack", TO_PACK),
        _tab_index("ix_orders_to_send", TO_SEND),
        _tab_index("ix_orders_to_collect", TO_COLLECT),
        _tab_index("ix_orders_waiting", WAITING),
        _tab_index("ix_orders_sent", SENT),
        _tab_index("ix_orders_done", DONE),
        _tab_index("ix_orders_warned", WARNED),
        _open_orders_index("ix_orders_open_of_phone", "phone_number"),
        _open_orders_index("ix_orders_open_of_email", func.lower(text("email"))),
    )

    @property
    def overdue(self) -> bool:
        """True when the order is due to expire and the worker has not expired it yet."""
        return self.payment == "awaiting" and self.expires_at <= utcnow()

    @property
    def money_here(self) -> int:
        """Received and not refunded, in whole shillings."""
        return self.received - self.refunded

    @property
    def to_pay(self) -> int:
        """The amount of the next payment in whole shillings: the requested rest, or the total."""
        return self.remaining_requested or self.total

    @property
    def payable(self) -> bool:
        """True when the buyer may pay it now."""
        return self.payment == Payment.AWAITING or (self.payment == Payment.REVIEW and self.remaining_requested > 0)

    @property
    def delivery_words(self) -> str:
        """When it arrives, in words: the days promised to a paid order, else the area's delivery time or ""."""
        if self.payment == Payment.PAID and self.deliver_from and self.deliver_by:
            return DeliveryDates(self.deliver_from, self.deliver_by).words(self.pickup)
        return self.area_delivery_time

    @property
    def ended(self) -> bool:
        """True when nothing is left to do: not sold after all, refunded, delivered or collected."""
        closed = self.payment in (Payment.EXPIRED, Payment.CANCELLED, Payment.REFUNDED)
        arrived = self.fulfilment in (Fulfilment.DELIVERED, Fulfilment.COLLECTED)
        return closed or (self.payment == Payment.PAID and arrived)

    @property
    def latest_attempt(self) -> "PaymentAttempt | None":
        """The newest payment attempt; None for an order with a total of 0."""
        return self.attempts[-1] if self.attempts else None

    @property
    def handed_to(self) -> tuple[str, str]:
        """Name and phone number of the person who receives it: the receiver, or the buyer."""
        if self.receiver_name:
            return self.receiver_name, self.receiver_phone
        return self.full_name, self.phone_number

    @property
    def card_only(self) -> bool:
        """True when its phone number is from another country, so that M-PESA cannot be used."""
        return bool(self.phone_number) and not is_kenyan_mobile(self.phone_number)

    def record(
        self,
        words: str,
        *,
        for_buyer: bool = False,
        warning: bool = False,
        actor: str = "",
        note: bool = False,
        idempotency_key: str | None = None,
    ) -> None:
        """Add a timeline entry; buyers see only entries with `for_buyer`.

        `actor` is the name of a user; "" for the shop, the buyer and Chpter. A warning stays open until it is resolved.
        A `note` was written by a user. A second entry with the same idempotency key raises IntegrityError.
        """
        if warning:
            self.open_warning = True
        self.events.append(
            OrderEvent(
                at=utcnow(),
                words=words[:500],
                for_buyer=for_buyer,
                warning=warning,
                actor=actor[:80],
                note=note,
                idempotency_key=idempotency_key,
            )
        )


class OrderLine(Model):
    """One SKU of an order, with the name and price of the day it was placed."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    sku: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    label: Mapped[str] = mapped_column(String(60))
    image: Mapped[str] = mapped_column(String(120))
    unit_price: Mapped[int]
    quantity: Mapped[int]
    refunded: Mapped[int] = mapped_column(default=0, server_default="0")  # pieces

    __table_args__ = (CheckConstraint("quantity > 0 AND unit_price >= 0", name="counts"),)

    @property
    def remaining(self) -> int:
        """Pieces that were not refunded."""
        return self.quantity - self.refunded

    @property
    def subtotal(self) -> int:
        """Whole shillings."""
        return self.unit_price * self.quantity


class OrderEvent(Model):
    """One entry of an order's timeline."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    words: Mapped[str] = mapped_column(Text)
    for_buyer: Mapped[bool] = mapped_column(default=False)
    warning: Mapped[bool] = mapped_column(default=False)
    actor: Mapped[str] = mapped_column(
        String(80), default=""
    )  # name of the user; "" for the shop, the buyer and Chpter
    note: Mapped[bool] = mapped_column(default=False)  # written by a user
    idempotency_key: Mapped[str | None] = mapped_column(String(40))  # of the form of a note

    __table_args__ = (Index("ix_order_event_idempotency_key", "idempotency_key", unique=True),)


class OrderSearchTerm(Model):
    """One word of an order in the search index, normalised by shop/orders/search_index.py."""

    word: Mapped[str] = mapped_column(binary_string(60), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)

    __table_args__ = (
        Index("ix_order_search_term_of_order", "order_id", "word"),
        {"sqlite_with_rowid": False},  # the key covers all columns
    )
