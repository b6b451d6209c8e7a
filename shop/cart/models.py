"""The cart of each visitor, and carts that were shared by a link."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.database import Model, UtcDateTime


class Cart(Model):
    """One visitor's cart. The session cookie holds a random token, of which a hash is kept here."""

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    area: Mapped[str] = mapped_column(String(12), default="")  # the id of the delivery area chosen, as it was sent
    code: Mapped[str] = mapped_column(String(40), default="")  # the discount code typed, tidied
    typed: Mapped[str] = mapped_column(Text, default="")  # JSON: the checkout form as it was sent; kept for a day
    typed_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)


class CartLine(Model):
    """One SKU of a cart. Lines stand in the order of their ids: as they were added."""

    id: Mapped[int] = mapped_column(primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("cart.id", ondelete="CASCADE"))
    sku: Mapped[str] = mapped_column(String(40))
    quantity: Mapped[int]  # 0: removed, and can be put back
    removed: Mapped[int] = mapped_column(default=0)  # how many there were of it, until something else is changed
    shown_price: Mapped[int]  # whole shillings: what one cost when the buyer last saw it

    __table_args__ = (
        CheckConstraint("quantity >= 0 AND removed >= 0", name="counts"),
        Index("ix_cart_line_sku", "cart_id", "sku", unique=True),
    )


class SharedCart(Model):
    """What /c/<code> puts into a cart: SKUs and counts. Prices are those of the day it is opened."""

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(7), unique=True)
    title: Mapped[str] = mapped_column(String(80), default="")  # the merchant's own name for it
    actor: Mapped[str] = mapped_column(String(80), default="")  # who of the desk made it; "" for a buyer
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    uses: Mapped[int] = mapped_column(default=0)  # how often it was put into a cart
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
