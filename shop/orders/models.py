"""Orders, their lines (names and prices frozen when they were placed) and their timeline."""

from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.clock import utcnow
from shop.database import Model, UtcDateTime
from shop.orders.states import Fulfilment, Payment

if TYPE_CHECKING:
    from shop.payments.models import OfferedCode, PaymentAttempt


class Order(Model):
    """A buyer's order. Sums are whole shillings, moments UTC. `payment` and `fulfilment` move by guarded UPDATEs."""

    __tablename__ = "orders"

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(12), unique=True)  # eight random digits, said over the phone
    token: Mapped[str] = mapped_column(String(40), unique=True)  # unguessable: it opens the order page
    checkout_key: Mapped[str] = mapped_column(String(40), unique=True)  # one form makes one order
    payment: Mapped[str] = mapped_column(String(12), default=Payment.AWAITING)
    fulfilment: Mapped[str] = mapped_column(String(12), default=Fulfilment.UNFULFILLED)
    late: Mapped[bool] = mapped_column(default=False)  # paid after it had expired
    refund_due: Mapped[bool] = mapped_column(default=False)  # money that this order does not need: due_back > 0
    received: Mapped[int] = mapped_column(default=0)  # all that came for it and counts
    given_back: Mapped[int] = mapped_column(default=0)  # of what was received
    due_back: Mapped[int] = mapped_column(default=0)  # of what was received and is still here: not the order's
    short: Mapped[int] = mapped_column(default=0)  # how much less than its total was taken for payment
    attempts_opened: Mapped[int] = mapped_column(default=0)

    full_name: Mapped[str] = mapped_column(String(120))
    phone_number: Mapped[str] = mapped_column(String(12), index=True)  # 2547XXXXXXXX or 2541XXXXXXXX
    email: Mapped[str] = mapped_column(String(254), index=True)
    location: Mapped[str] = mapped_column(String(250))
    note: Mapped[str] = mapped_column(String(500))
    area_name: Mapped[str] = mapped_column(String(80))
    area_days: Mapped[str] = mapped_column(String(40))
    pickup: Mapped[bool]

    goods: Mapped[int]
    discount: Mapped[int]
    delivery: Mapped[int]
    total: Mapped[int]
    discount_code: Mapped[str] = mapped_column(String(40), default="")
    discount_code_id: Mapped[int | None] = mapped_column(ForeignKey("discount_code.id"))

    placed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    returned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the buyer came back from the payment page
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    lines: Mapped[list["OrderLine"]] = relationship(order_by="OrderLine.position", cascade="all, delete-orphan")
    events: Mapped[list["OrderEvent"]] = relationship(order_by="OrderEvent.id", cascade="all, delete-orphan")
    attempts: Mapped[list["PaymentAttempt"]] = relationship(order_by="PaymentAttempt.id", back_populates="order")
    offered_codes: Mapped[list["OfferedCode"]] = relationship(order_by="OfferedCode.id", back_populates="order")

    __table_args__ = (
        CheckConstraint("goods - discount + delivery = total AND total >= 0 AND discount <= goods", name="sum"),
        CheckConstraint("payment IN ('awaiting','paid','review','expired','cancelled','refunded')", name="payment"),
        CheckConstraint("fulfilment IN ('unfulfilled','packed','sent','delivered','collected')", name="fulfilment"),
        Index("ix_orders_expiry", "payment", "expires_at"),
        Index("ix_orders_newest", "placed_at", "id"),
        Index("ix_orders_refund_due", "refund_due"),
    )

    @property
    def money_here(self) -> int:
        """Whole shillings that came for it and have not been given back."""
        return self.received - self.given_back

    @property
    def latest_attempt(self) -> "PaymentAttempt | None":
        """The newest try to pay, or None for an order that cost nothing."""
        return self.attempts[-1] if self.attempts else None

    def record(self, words: str, *, for_buyer: bool = False, warning: bool = False, by: str = "") -> None:
        """Add a line to the timeline: what happened, in words; buyers see only what is for them.

        `by` names who of the desk did it; empty for the shop itself, the buyer and Chpter.
        """
        self.events.append(OrderEvent(at=utcnow(), words=words[:500], for_buyer=for_buyer, warning=warning, by=by[:80]))


class OrderLine(Model):
    """One SKU of an order, as it was when the order was placed."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    sku: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(120))
    label: Mapped[str] = mapped_column(String(60))
    picture: Mapped[str] = mapped_column(String(120))
    unit_price: Mapped[int]
    quantity: Mapped[int]

    __table_args__ = (CheckConstraint("quantity > 0 AND unit_price >= 0", name="counts"),)

    @property
    def subtotal(self) -> int:
        """Whole shillings."""
        return self.unit_price * self.quantity


class OrderEvent(Model):
    """One line of an order's timeline."""

    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    words: Mapped[str] = mapped_column(Text)
    for_buyer: Mapped[bool] = mapped_column(default=False)
    warning: Mapped[bool] = mapped_column(default=False)
    by: Mapped[str] = mapped_column(String(80), default="")  # who of the desk did it
