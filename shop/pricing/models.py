"""Where we deliver and for how much, and the discount codes."""

from datetime import datetime
from typing import Literal

from sqlalchemy import CheckConstraint, String, func, select
from sqlalchemy.orm import Mapped, mapped_column

from shop.database import Model, UtcDateTime, db
from shop.money import shillings
from shop.pricing.quote import Reduction


class DeliveryArea(Model):
    """A place we bring orders to, by name, with its fee in whole shillings; or the place where they are picked up."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    fee: Mapped[int]
    days: Mapped[str] = mapped_column(String(40))  # in words: "1-2 days"
    pickup: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (CheckConstraint("fee >= 0", name="fee"),)


class DiscountCode(Model):
    """A code a buyer may type. `used` counts the orders that hold or spent it."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(40), unique=True)  # upper case, no blanks
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[int]  # percent or whole shillings
    minimum: Mapped[int] = mapped_column(default=0)  # whole shillings of goods
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    max_uses: Mapped[int | None]
    used: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (
        CheckConstraint("kind IN ('percent', 'fixed')", name="kind"),
        CheckConstraint("value > 0 AND (kind = 'fixed' OR value <= 100)", name="value"),
        CheckConstraint("used >= 0", name="used"),
    )

    @property
    def reduction(self) -> Reduction:
        """What it takes off."""
        kind: Literal["percent", "fixed"] = "percent" if self.kind == "percent" else "fixed"
        return Reduction(kind, self.value, self.minimum)

    def problem_with(self, goods: int, now: datetime) -> str | None:
        """Why it does not count for these goods (whole shillings) at this moment (UTC), in words for the buyer."""
        if not self.active:
            return f"Discount code {self.code} is not known. Check the spelling"
        if self.expires_at and self.expires_at <= now:
            return f"Discount code {self.code} has expired"
        if self.max_uses is not None and self.used >= self.max_uses:
            return f"Discount code {self.code} has been used up"
        if goods < self.minimum:
            return f"Discount code {self.code} is for orders from {shillings(self.minimum)}"
        return None


def delivery_areas() -> list[DeliveryArea]:
    """Every area on offer, in the merchant's order."""
    return list(db.session.scalars(select(DeliveryArea).where(DeliveryArea.active).order_by(DeliveryArea.position)))


def cheapest_delivery() -> int | None:
    """The lowest fee to have something brought, in whole shillings; None when we only hand over at the workshop."""
    return db.session.scalar(
        select(func.min(DeliveryArea.fee)).where(DeliveryArea.active, DeliveryArea.pickup.is_(False))
    )
