"""Carts of visitors, and carts shared by a link."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.database import Model, UtcDateTime


class Cart(Model):
    """One visitor's cart. The session cookie holds a random token, this row its SHA-256 hash."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    area: Mapped[str] = mapped_column(String(12), default="")  # id of the chosen delivery area, as it was sent
    code: Mapped[str] = mapped_column(String(40), default="")  # the discount code, normalised
    answers: Mapped[str] = mapped_column(Text, default="")  # JSON: what was typed at the checkout; deleted after a day
    answers_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class CartLine(Model):
    """One SKU of a cart, in the order of the ids."""

    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("cart.id", ondelete="CASCADE"))
    sku: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[int]  # 0: removed, can be put back
    removed: Mapped[int] = mapped_column(default=0)  # its quantity before it was removed, until the next change
    shown_price: Mapped[int]  # whole shillings for one, when the buyer last saw it

    __table_args__ = (
        CheckConstraint("quantity >= 0 AND removed >= 0", name="counts"),
        Index("ix_cart_line_sku", "cart_id", "sku", unique=True),
    )


class SharedCart(Model):
    """SKUs and quantities behind the link /c/<code>. Prices are read when it is opened."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(7), unique=True)
    title: Mapped[str] = mapped_column(String(80), default="")  # for the merchant
    actor: Mapped[str] = mapped_column(String(80), default="")  # the user who made it; "" for a buyer
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    uses: Mapped[int] = mapped_column(default=0)  # how often it was added to a cart
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
