"""Delivery areas and discount codes."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, Dialect, ForeignKey, String, select
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from shop.core.clock import NAIROBI
from shop.core.database import Model, UtcDateTime, db
from shop.core.money import shillings
from shop.pricing.delivery_dates import DeliveryCalendar
from shop.pricing.quote import DeliveryRate, Discount


class CalendarText(TypeDecorator[DeliveryCalendar]):
    """A delivery calendar, stored as its text; NULL is none."""

    impl = String(20)
    cache_ok = True

    def process_bind_param(self, value: DeliveryCalendar | None, _dialect: Dialect) -> str | None:
        """The text to store."""
        return str(value) if value else None

    def process_result_value(self, value: str | None, _dialect: Dialect) -> DeliveryCalendar | None:
        """The calendar of a stored text."""
        return DeliveryCalendar.read(value) if value else None


class DeliveryArea(Model):
    """A delivery area with its fee in whole shillings, or a pickup point."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    fee: Mapped[int]
    free_from: Mapped[int | None]  # whole shillings after the discount from which delivery is free; None: never
    delivery_time: Mapped[str] = mapped_column(String(40))  # in words: "1-2 days"; shown without a calendar
    calendar: Mapped[DeliveryCalendar | None] = mapped_column(CalendarText)
    pickup: Mapped[bool] = mapped_column(default=False)
    place: Mapped[str] = mapped_column(String(200), default="")  # address of a pickup point
    hours: Mapped[str] = mapped_column(String(80), default="")  # opening hours of a pickup point
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)  # of the demo shop: "Remove the demo" takes it out

    __table_args__ = (CheckConstraint("fee >= 0 AND free_from > 0", name="fee"),)

    @property
    def pickup_place(self) -> str:
        """Address and opening hours of a pickup point, in one line; "" for a delivery area."""
        return ", ".join(filter(None, (self.place, self.hours))) if self.pickup else ""

    @property
    def rate(self) -> DeliveryRate:
        """What delivery to it costs."""
        return DeliveryRate(self.fee, self.free_from)


class DiscountCode(Model):
    """A discount code. `uses` counts the orders that use it, unpaid ones included."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)  # upper case, no spaces
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[int]  # percent or whole shillings
    minimum_subtotal: Mapped[int] = mapped_column(default=0)  # whole shillings
    category_id: Mapped[int | None] = mapped_column(ForeignKey("category.id"), index=True)  # counts only there
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # valid until just before this time
    max_uses: Mapped[int | None]
    max_uses_per_buyer: Mapped[int | None]  # orders for one phone number
    uses: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)  # of the demo shop: "Remove the demo" takes it out

    __table_args__ = (
        CheckConstraint("kind IN ('percent', 'fixed')", name="kind"),
        CheckConstraint("value > 0 AND (kind = 'fixed' OR value <= 100)", name="value"),
        CheckConstraint("uses >= 0", name="uses"),
    )

    @property
    def as_discount(self) -> Discount:
        """The discount it gives."""
        kind: Literal["percent", "fixed"] = "percent" if self.kind == "percent" else "fixed"
        return Discount(kind, self.value, self.minimum_subtotal, self.category_id)

    def problem_with(self, subtotal: int, now: datetime) -> str | None:
        """Why it is not valid for this subtotal (whole shillings) at `now` (UTC), for the buyer; None if it is."""
        if not self.active:
            return not_known(self.code)
        if self.starts_at and self.starts_at > now:
            return f"Discount code {self.code} is valid from {self.starts_at.astimezone(NAIROBI):%-d %B %Y}"
        if self.expires_at and self.expires_at <= now:
            return f"Discount code {self.code} has expired"
        if self.max_uses is not None and self.uses >= self.max_uses:
            return f"Discount code {self.code} has been used up"
        if subtotal < self.minimum_subtotal:
            return f"Discount code {self.code} is for orders from {shillings(self.minimum_subtotal)}"
        return None


def not_known(code: str) -> str:
    """The message for an unknown code, which is the same for one that was switched off."""
    return f"Discount code {code} is not known. Check the spelling"


def delivery_areas() -> list[DeliveryArea]:
    """All active areas, in the merchant's order."""
    return list(db.session.scalars(select(DeliveryArea).where(DeliveryArea.active).order_by(DeliveryArea.position)))
