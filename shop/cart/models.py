"""Carts somebody shared by a link."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.database import Model, UtcDateTime


class SharedCart(Model):
    """What /c/<code> puts into a cart: SKUs and counts. Prices are those of the day it is opened."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(7), unique=True)
    title: Mapped[str] = mapped_column(String(80), default="")  # the merchant's own name for it
    by: Mapped[str] = mapped_column(String(80), default="")  # who of the desk made it; "" for a buyer
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    used: Mapped[int] = mapped_column(default=0)  # how often it was put into a cart
    active: Mapped[bool] = mapped_column(default=True)

    lines: Mapped[list["SharedLine"]] = relationship(order_by="SharedLine.position", cascade="all, delete-orphan")


class SharedLine(Model):
    """One SKU of a shared cart."""

    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("shared_cart.id", ondelete="CASCADE"), index=True)
    position: Mapped[int]
    sku: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[int]

    __table_args__ = (CheckConstraint("quantity > 0", name="quantity"),)
