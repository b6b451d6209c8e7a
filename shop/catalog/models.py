"""Categories, products, their pictures, and the variants that carry SKU, price and stock."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.database import Model

LOW_STOCK = 3  # from here down a page says how many are left


def stock_word(left: int) -> str:
    """How a page speaks of stock: "in", "low" or "out"."""
    if left <= 0:
        return "out"
    return "low" if left <= LOW_STOCK else "in"


class Category(Model):
    """A shelf of the shop."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    blurb: Mapped[str] = mapped_column(String(200))
    picture: Mapped[str] = mapped_column(String(120))  # path under static/
    position: Mapped[int]


class Product(Model):
    """A thing we sell, in one or more variants."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)  # lower-case name, category, SKUs and description
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    position: Mapped[int]  # newest first
    active: Mapped[bool] = mapped_column(default=True)

    category: Mapped[Category] = relationship()
    pictures: Mapped[list["Picture"]] = relationship(order_by="Picture.position")
    variants: Mapped[list["Variant"]] = relationship(order_by="Variant.position", back_populates="product")

    __table_args__ = (Index("ix_product_shelf", "category_id", "active", "position"),)


class Picture(Model):
    """A picture of a product; position 0 is the one on its card."""

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    position: Mapped[int]
    path: Mapped[str] = mapped_column(String(120))  # under static/
    alt: Mapped[str] = mapped_column(String(200))

    __table_args__ = (Index("ix_picture_place", "product_id", "position", unique=True),)


class Variant(Model):
    """What is bought: one SKU with its price (whole shillings) and stock. `held` is promised to unpaid orders."""

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    sku: Mapped[str] = mapped_column(String(40), unique=True)
    label: Mapped[str] = mapped_column(String(60))  # "Large", or "" for a product's only variant
    price: Mapped[int]
    on_hand: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)

    product: Mapped[Product] = relationship(back_populates="variants")

    __table_args__ = (
        CheckConstraint("0 <= held AND held <= on_hand", name="stock"),
        CheckConstraint("price >= 0", name="price"),
    )

    @property
    def left(self) -> int:
        """How many can still be sold."""
        return self.on_hand - self.held

    @property
    def stock(self) -> str:
        """One of in, low and out."""
        return stock_word(self.left)
