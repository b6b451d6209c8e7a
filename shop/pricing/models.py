"""Where we deliver and for how much, and the discount codes."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String, select
from sqlalchemy.orm import Mapped, mapped_column

from shop.core.clock import NAIROBI
from shop.core.database import Model, UtcDateTime, db
from shop.core.money import shillings
from shop.pricing.quote import Discount


class DeliveryArea(Model):
    """A place we bring orders to, by name, with its fee in whole shillings; or the place where they are picked up."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    fee: Mapped[int]
    delivery_time: Mapped[str] = mapped_column(String(40))  # in words: "1-2 days"
    pickup: Mapped[bool] = mapped_column(default=False)
    place: Mapped[str] = mapped_column(String(200), default="")  # of a pickup point: where it is
    hours: Mapped[str] = mapped_column(String(80), default="")  # and when it is open
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (CheckConstraint("fee >= 0", name="fee"),)

    @property
    def pickup_place(self) -> str:
        """Where and when it is picked up, in one line; "" for an area we bring orders to."""
        return ", ".join(filter(None, (self.place, self.hours))) if self.pickup else ""

    @property
    def note(self) -> str:
        """What a buyer should know before choosing it."""
        return ". ".join(filter(None, (self.delivery_time, self.pickup_place)))


class DiscountCode(Model):
    """A code a buyer may type. `used` counts the orders that hold or spent it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)  # upper case, no blanks
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[int]  # percent or whole shillings
    minimum_subtotal: Mapped[int] = mapped_column(default=0)  # whole shillings of goods
    starts_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)  # the first moment at which it no longer counts
    max_uses: Mapped[int | None]
    max_uses_per_buyer: Mapped[int | None]  # orders of one phone number
    uses: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        CheckConstraint("kind IN ('percent', 'fixed')", name="kind"),
        CheckConstraint("value > 0 AND (kind = 'fixed' OR value <= 100)", name="value"),
        CheckConstraint("uses >= 0", name="uses"),
    )

    @property
    def reduction(self) -> Discount:
        """What it takes off."""
        kind: Literal["percent", "fixed"] = "percent" if self.kind == "percent" else "fixed"
        return Discount(kind, self.value, self.minimum_subtotal)

    def problem_with(self, goods: int, now: datetime) -> str | None:
        """Why it does not count for these goods (whole shillings) at this moment (UTC), in words for the buyer."""
        if not self.active:
            return not_known(self.code)
        if self.starts_at and self.starts_at > now:
            return f"Discount code {self.code} counts from {self.starts_at.astimezone(NAIROBI):%-d %B %Y} on"
        if self.expires_at and self.expires_at <= now:
            return f"Discount code {self.code} has expired"
        if self.max_uses is not None and self.uses >= self.max_uses:
            return f"Discount code {self.code} has been used up"
        if goods < self.minimum_subtotal:
            return f"Discount code {self.code} is for orders from {shillings(self.minimum_subtotal)}"
        return None


def not_known(code: str) -> str:
    """What a buyer is told of a code that never was, or that the merchant has switched off: nobody learns which."""
    return f"Discount code {code} is not known. Check the spelling"


def delivery_areas() -> list[DeliveryArea]:
    """Every area on offer, in the merchant's order."""
    return list(db.session.scalars(select(DeliveryArea).where(DeliveryArea.active).order_by(DeliveryArea.position)))
