"""Categories, products, images, variants (SKU, price, stock), the stock ledger, reviews and back-in-stock requests."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship

from shop.core.database import Model, UtcDateTime, binary_string

LOW_STOCK = 3  # at or below this, a page says how many are left


def stock_word(left: int) -> str:
    """The state of a stock: "in", "low" or "out"."""
    if left <= 0:
        return "out"
    return "low" if left <= LOW_STOCK else "in"


class ProductStatus(StrEnum):
    """Whether buyers see a product."""

    DRAFT = "draft"  # not published yet
    PUBLISHED = "published"
    HIDDEN = "hidden"  # taken out for a while
    ARCHIVED = "archived"  # no longer sold, kept for old orders


class Category(Model):
    """A category of products."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(60))
    blurb: Mapped[str] = mapped_column(String(200))
    image: Mapped[str] = mapped_column(String(120))  # path under static/
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)  # False: archived, without products for sale
    demo: Mapped[bool] = mapped_column(default=False)  # of the demo shop: "Remove the demo" takes it out


class Product(Model):
    """A product, sold in one or more variants."""

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text)
    search_text: Mapped[str] = mapped_column(Text)  # lower-case name, category, SKUs and description
    search_words: Mapped[str] = mapped_column(String(200), default="")  # the merchant's own, for the search
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    position: Mapped[int]  # newest first
    status: Mapped[str] = mapped_column(String(10), default=ProductStatus.DRAFT)
    demo: Mapped[bool] = mapped_column(default=False)  # of the demo shop: "Remove the demo" takes it out
    featured: Mapped[bool] = mapped_column(default=False)  # shown in the home page's section of featured products
    option_1: Mapped[str] = mapped_column(
        String(40), default=""
    )  # the options its variants differ in: "Size", "Colour"
    option_2: Mapped[str] = mapped_column(String(40), default="")
    option_3: Mapped[str] = mapped_column(String(40), default="")
    needs_options: Mapped[bool] = mapped_column(default=False)  # announced, and not added yet
    version: Mapped[int] = mapped_column(default=0)  # counts its edits, to detect two at the same time
    review_count: Mapped[int] = mapped_column(default=0)  # of its shown reviews, like their stars
    review_stars: Mapped[int] = mapped_column(default=0)

    category: Mapped[Category] = relationship()
    images: Mapped[list["ProductImage"]] = relationship(order_by="ProductImage.position")
    variants: Mapped[list["Variant"]] = relationship(order_by="Variant.position", back_populates="product")

    __table_args__ = (
        Index("ix_product_shelf", "category_id", "status", "position"),
        Index("ix_product_newest", "status", "position", "id"),
        CheckConstraint("status IN ('draft', 'published', 'hidden', 'archived')", name="status"),
    )

    @hybrid_property
    def published(self) -> bool:
        """Whether buyers see it and can buy it."""
        return self.status == ProductStatus.PUBLISHED

    @property
    def options(self) -> tuple[str, ...]:
        """The names of its options, none to three."""
        return tuple(filter(None, (self.option_1, self.option_2, self.option_3)))


class ProductSearchTerm(Model):
    """A word by which a product is found, with its English stem. `weight`: of its best place (search_index.py)."""

    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), primary_key=True)
    word: Mapped[str] = mapped_column(binary_string(40), primary_key=True)
    stem: Mapped[str] = mapped_column(binary_string(40))
    weight: Mapped[int]

    __table_args__ = (
        Index("ix_product_search_term_word", "word", "product_id", "weight"),
        Index("ix_product_search_term_stem", "stem", "product_id", "weight"),
    )


class ProductEdit(Model):
    """One edit of a product, in words. Rows are only ever added."""

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    version: Mapped[int]  # the version before the edit
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor: Mapped[str] = mapped_column(String(80))
    words: Mapped[str] = mapped_column(Text)

    __table_args__ = (Index("ix_product_edit_version", "product_id", "version", unique=True),)


class ProductImage(Model):
    """An image of a product; position 0 is the one on its card."""

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    position: Mapped[int]
    path: Mapped[str] = mapped_column(String(120))  # under static/
    alt: Mapped[str] = mapped_column(String(200))

    variants: Mapped[list["Variant"]] = relationship(
        back_populates="image"
    )  # the variants it shows; they stay when it is deleted

    __table_args__ = (Index("ix_product_image_place", "product_id", "position", unique=True),)


class OldSlug(Model):
    """A former slug of a product or category. `item_id` is the id in the table `kind`."""

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))  # product or category
    slug: Mapped[str] = mapped_column(String(80))
    item_id: Mapped[int]

    __table_args__ = (Index("ix_old_slug_address", "kind", "slug", unique=True),)


class Variant(Model):
    """What is bought: one SKU with its prices (whole shillings) and stock. Unpaid orders hold `held` pieces."""

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"), index=True)
    sku: Mapped[str] = mapped_column(String(40), unique=True)
    label: Mapped[str] = mapped_column(String(60))  # "Large", or "" for a product's only variant
    price: Mapped[int]
    was_price: Mapped[int | None]  # before a sale; None: not on sale
    on_hand: Mapped[int]
    held: Mapped[int] = mapped_column(default=0)
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    value_1: Mapped[str] = mapped_column(String(60), default="")  # of the product's option_1: "Large"
    value_2: Mapped[str] = mapped_column(String(60), default="")
    value_3: Mapped[str] = mapped_column(String(60), default="")
    low_stock_threshold: Mapped[int] = mapped_column(default=LOW_STOCK)  # at or below this it is on the low-stock list

    image_id: Mapped[int | None] = mapped_column(ForeignKey("product_image.id"), index=True)

    product: Mapped[Product] = relationship(back_populates="variants")
    # without one, the product's first image is shown
    image: Mapped[ProductImage | None] = relationship(back_populates="variants")

    __table_args__ = (
        CheckConstraint("0 <= held AND held <= on_hand", name="stock"),
        CheckConstraint("price >= 0", name="price"),
        CheckConstraint("was_price > price", name="was_price"),
    )

    @property
    def values(self) -> tuple[str, ...]:
        """Its value of each of the product's options."""
        return tuple(filter(None, (self.value_1, self.value_2, self.value_3)))

    @property
    def left(self) -> int:
        """How many pieces can still be sold."""
        return self.on_hand - self.held

    @property
    def stock(self) -> str:
        """ "in", "low" or "out"."""
        return stock_word(self.left)


class StockEntry(Model):
    """An entry of the stock ledger: by how much a SKU's stock changed, and why. Rows are never changed."""

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    sku: Mapped[str] = mapped_column(String(40))
    on_hand: Mapped[int]  # the signed change
    held: Mapped[int]  # the signed change
    reason: Mapped[str] = mapped_column(String(200))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="SET NULL"), index=True)
    actor: Mapped[str] = mapped_column(String(80), default="")  # the user who did it; "" for the shop itself
    idempotency_key: Mapped[str | None] = mapped_column(String(32))  # of the form, which counts once if sent twice

    __table_args__ = (
        Index("ix_stock_entry_newest", "sku", "id"),
        Index("ix_stock_entry_idempotency_key", "idempotency_key", unique=True),
    )


class ReviewState(StrEnum):
    """Whether a review is on the product page."""

    WAITING = "waiting"
    SHOWN = "shown"
    HIDDEN = "hidden"


class Review(Model):
    """What the buyer of an order says about one of its products. `name` is shown, `reply` is the merchant's."""

    id: Mapped[int] = mapped_column(primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("product.id", ondelete="CASCADE"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    stars: Mapped[int]  # 1 to 5
    name: Mapped[str] = mapped_column(String(60))
    text: Mapped[str] = mapped_column(Text)
    reply: Mapped[str] = mapped_column(String(300), default="")
    state: Mapped[str] = mapped_column(String(8), default=ReviewState.WAITING)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=0)  # counts its changes, to detect two at the same time

    product: Mapped[Product] = relationship()

    __table_args__ = (
        CheckConstraint("1 <= stars AND stars <= 5", name="stars"),
        CheckConstraint("state IN ('waiting', 'shown', 'hidden')", name="state"),
        Index("ix_review_of_order", "order_id", "product_id", unique=True),  # one of each product of an order
        Index("ix_review_of_product", "product_id", "state", "id"),
        Index("ix_review_state", "state", "id"),
    )


class BackInStockRequest(Model):
    """A buyer who waits for a sold-out variant. `contact` is an email address in lower case, or 2547XXXXXXXX."""

    id: Mapped[int] = mapped_column(primary_key=True)
    variant_id: Mapped[int] = mapped_column(ForeignKey("variant.id", ondelete="CASCADE"))
    contact: Mapped[str] = mapped_column(String(254), index=True)
    by_email: Mapped[bool]
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)

    __table_args__ = (
        Index("ix_back_in_stock_request_once", "variant_id", "contact", unique=True),
        Index("ix_back_in_stock_request_kind", "by_email", "variant_id"),
    )
