"""The query behind the admin's list of products. The number of statements does not grow with the number of products."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select

from shop.catalog.images.paths import NO_IMAGE
from shop.catalog.models import Category, Product, ProductImage, ProductStatus, Variant
from shop.catalog.queries import image_of_variant
from shop.core.database import db
from shop.core.text import one_line
from shop.web.pagination import Page, paginate

PER_PAGE = 25
MAX_SEARCH_LENGTH = 80  # characters
MAX_WORDS = 6
TABS = {
    "sale": "For sale",
    "drafts": "Drafts",
    "hidden": "Hidden",
    "low": "Low stock",
    "out": "Sold out",
    "archived": "Archived",
}
STATUSES = {  # of the tabs that list products
    "sale": ProductStatus.PUBLISHED,
    "drafts": ProductStatus.DRAFT,
    "hidden": ProductStatus.HIDDEN,
    "archived": ProductStatus.ARCHIVED,
}
left = Variant.on_hand - Variant.held
is_out = left <= 0
is_low = or_(left <= Variant.low_stock_threshold, is_out)


@dataclass(frozen=True)
class Row:
    """A product in the list. Prices are whole shillings; price and stock are those of the variants for sale."""

    id: int
    name: str
    category: str
    image: str
    variants: int
    lowest: int
    highest: int
    left: int
    held: int


@dataclass(frozen=True)
class ProductPage(Page):
    """One page of one tab. `rows` are products, or SKUs in the tabs about stock."""

    tab: str
    rows: Sequence[Any]
    counts: dict[str, int]

    @property
    def of_skus(self) -> bool:
        """Whether the rows are SKUs."""
        return self.tab not in STATUSES


def tidy_search(typed: str) -> str:
    """The search words on one line."""
    return one_line(typed[: 4 * MAX_SEARCH_LENGTH], MAX_SEARCH_LENGTH)


def list_products(tab: str, q: str, category_id: int | None, number: int) -> ProductPage:
    """A page of the products that match. An unknown tab is "For sale"; a page past the last one is the last one."""
    tab = tab if tab in TABS else "sale"
    fits = _fits(q, category_id)
    counts = _counts(fits)
    here = paginate(number, counts[tab], PER_PAGE)
    rows = _products(STATUSES[tab], fits, here.start) if tab in STATUSES else _skus(tab, fits, here.start)
    return ProductPage(here.number, here.total, PER_PAGE, tab, rows, counts)


def _fits(q: str, category_id: int | None) -> ColumnElement[bool]:
    words = q.lower().split()[:MAX_WORDS]
    conditions = [Product.search_text.contains(word, autoescape=True) for word in words]
    if category_id is not None:
        conditions.append(Product.category_id == category_id)
    return and_(Product.id.is_not(None), *conditions)


def _counts(fits: ColumnElement[bool]) -> dict[str, int]:
    counting = select(Product.status, func.count()).where(fits).group_by(Product.status)
    products = dict(db.session.execute(counting).all())
    watched = and_(Product.published, Variant.active, fits)
    variants = select(func.count(case((is_low, 1))), func.count(case((is_out, 1)))).select_from(Variant).join(Product)
    low, out = db.session.execute(variants.where(watched)).one()
    counts = {tab: products.get(status, 0) for tab, status in STATUSES.items()}
    return {**counts, "low": low, "out": out}


def _products(status: ProductStatus, fits: ColumnElement[bool], start: int) -> list[Row]:
    columns = (Product.id, Product.name, Category.name, ProductImage.path)
    query = (
        select(*columns)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(ProductImage, and_(ProductImage.product_id == Product.id, ProductImage.position == 0))
        .where(Product.status == status, fits)
        .order_by(Product.position, Product.id)
    )
    page = db.session.execute(query.limit(PER_PAGE).offset(start)).all()
    sums = select(
        Variant.product_id,
        func.count(),
        func.min(Variant.price),
        func.max(Variant.price),
        func.sum(left),
        func.sum(Variant.held),
    )
    ids = [row[0] for row in page]
    of_variants = sums.where(Variant.product_id.in_(ids), Variant.active).group_by(Variant.product_id)
    summed = {row[0]: [int(value) for value in row[1:]] for row in db.session.execute(of_variants)}
    return [
        Row(product_id, name, category, image or NO_IMAGE, *summed.get(product_id, [0] * 5))
        for product_id, name, category, image in page
    ]


def _skus(tab: str, fits: ColumnElement[bool], start: int) -> Sequence[Any]:
    columns = (
        Product.id.label("product_id"),
        Product.name,
        Variant.label,
        Variant.sku,
        left.label("left"),
        Variant.held,
        Variant.low_stock_threshold,
        func.coalesce(ProductImage.path, NO_IMAGE).label("image"),
    )
    query = (
        select(*columns)
        .select_from(Variant)
        .join(Product)
        .outerjoin(ProductImage, image_of_variant())
        .where(Product.published, Variant.active, is_out if tab == "out" else is_low, fits)
        .order_by(left, Product.name, Variant.position, Variant.id)
    )
    return db.session.execute(query.limit(PER_PAGE).offset(start)).all()
