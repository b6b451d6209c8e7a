"""Product lists for shoppers. They select columns, because a list needs no object per row."""

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Subquery, and_, case, func, select
from sqlalchemy.orm import aliased, joinedload, selectinload

from shop.catalog.filters import OptionFilter, ProductFilter, option_filters
from shop.catalog.images.paths import NO_IMAGE
from shop.catalog.models import Category, Product, ProductImage, Variant, stock_word
from shop.catalog.reviews import Rating
from shop.catalog.search_query import for_sale_conditions, read_query
from shop.core.database import db
from shop.web.cached_reads import CachedRead
from shop.web.pagination import Page, paginate

NEAR_CARDS = 4  # products on a page that finds nothing
PAGE_SIZE = 12

_in_stock = Variant.on_hand > Variant.held
_buyable = case((_in_stock, Variant.price))
_was_price = case((_in_stock, Variant.was_price))
# Prices of the variants in stock, or of all if none is.
_price = func.coalesce(func.min(_buyable), func.min(Variant.price))
_highest = func.coalesce(func.max(_buyable), func.max(Variant.price))
NEWEST, BEST = "newest", "best"  # BEST is offered for searches only
SORTS: dict[str, tuple[str, tuple[Any, ...]]] = {
    "newest": ("Newest first", (Product.position, Product.id)),
    "price": ("Price, low to high", (_price, Product.position, Product.id)),
    "price-down": ("Price, high to low", (_price.desc(), Product.position, Product.id)),
    "name": ("Name", (func.lower(Product.name), Product.id)),
}


def image_of_variant() -> ColumnElement[bool]:
    """The condition that joins a variant to its image: its own, or else the first of its product."""
    first = aliased(ProductImage)
    of_product = select(first.id).where(first.product_id == Variant.product_id, first.position == 0).scalar_subquery()
    return ProductImage.id == func.coalesce(Variant.image_id, of_product)


@dataclass(frozen=True)
class ProductCard:
    """A product in a list. `price` is its lowest, in whole shillings; `varies` if its variants' prices differ.

    `on_sale` if one of the variants in stock is; `was` is the price before the sale when it is true of all of them.
    """

    slug: str
    name: str
    price: int
    varies: bool
    left: int
    image: str
    alt: str
    on_sale: bool
    was: int | None
    rating: Rating

    @property
    def stock(self) -> str:
        """ "in", "low" or "out", for all variants together."""
        return stock_word(self.left)


@dataclass(frozen=True)
class ProductList(Page):
    """One page of products, with the options by which the whole list can be filtered."""

    cards: list[ProductCard]
    options: list[OptionFilter] = field(default_factory=list)
    corrected: str = ""  # of a search: the words that were searched instead of mistyped ones
    some_words: bool = False  # of a search: no product has all words, these have some


@dataclass(frozen=True)
class CategoryTile:
    """A category on the home page. Without its own image it shows its newest product's."""

    slug: str
    name: str
    image: str


def categories() -> list[CategoryTile]:
    """The active categories in the merchant's order."""
    newest_image = (
        select(ProductImage.path)
        .join(Product, Product.id == ProductImage.product_id)
        .where(Product.category_id == Category.id, Product.published, ProductImage.position == 0)
        .order_by(Product.position)
        .limit(1)
        .scalar_subquery()
    )
    image = case((Category.image == NO_IMAGE, func.coalesce(newest_image, NO_IMAGE)), else_=Category.image)
    query = select(Category.slug, Category.name, image).where(Category.active).order_by(Category.position)
    return [CategoryTile(*row) for row in db.session.execute(query)]


def newest(limit: int, category_id: int | None = None) -> list[ProductCard]:
    """The first `limit` products, newest first, of all or of one category."""
    wanted = [] if category_id is None else [Product.category_id == category_id]
    return _cards(_card_query(*wanted).order_by(Product.position).limit(limit))


def _read_newest(connection: Connection) -> list[ProductCard]:
    return _cards(_card_query().order_by(Product.position).limit(NEAR_CARDS), connection)


newest_cards = CachedRead[list[ProductCard]]("newest_cards", _read_newest, [])  # for pages that find nothing


def featured(limit: int) -> list[ProductCard]:
    """The products that the owner has marked as featured, newest first."""
    return _cards(_card_query(Product.featured.is_(True)).order_by(Product.position).limit(limit))


def more_like(product: Product, limit: int = 4) -> list[ProductCard]:
    """Other products of the same category."""
    here = and_(Product.category_id == product.category_id, Product.id != product.id)
    return _cards(_card_query(here).order_by(Product.position).limit(limit))


def everything(chosen: ProductFilter, sort: str, page: int) -> ProductList:
    """One page of all products. An unknown sort means "newest", a page out of range the nearest."""
    return _listing([], chosen, sort, page)


def in_category(category: Category, chosen: ProductFilter, sort: str, page: int) -> ProductList:
    """One page of a category."""
    return _listing([Product.category_id == category.id], chosen, sort, page)


def search(typed: str, chosen: ProductFilter, sort: str, page: int) -> ProductList:
    """One page of the products that a search finds, the best first unless another sort is chosen."""
    query = read_query(typed)
    if query is None:
        return ProductList(1, 0, PAGE_SIZE, [])
    found = _listing([], chosen, sort, page, query.scores)
    return replace(found, corrected=query.corrected, some_words=query.some)


def product_by_slug(slug: str) -> Product | None:
    """A product that is for sale, or None."""
    loaded = (
        joinedload(Product.category),
        selectinload(Product.images),
        selectinload(Product.variants).joinedload(Variant.image),
    )
    for_sale = Product.published & Product.variants.any(Variant.active)
    return db.session.scalar(select(Product).where(Product.slug == slug, for_sale).options(*loaded))


def category_by_slug(slug: str) -> Category | None:
    """A category that is not archived, or None."""
    return db.session.scalar(select(Category).where(Category.slug == slug, Category.active))


def _listing(
    conditions: list[ColumnElement[bool]], chosen: ProductFilter, sort: str, page: int, scores: Subquery | None = None
) -> ProductList:
    if scores is not None:
        conditions = [*conditions, Product.id.in_(select(scores.c.product_id))]
    filtered = [*conditions, chosen.condition()] if chosen else conditions
    total = db.session.scalar(select(func.count(Product.id)).where(*for_sale_conditions(), *filtered)) or 0
    current = paginate(page, total, PAGE_SIZE)
    query = _card_query(*filtered)
    if scores is not None and sort == BEST:
        query = query.join(scores, scores.c.product_id == Product.id)
        query = query.order_by(func.max(scores.c.score).desc(), Product.position, Product.id)
    else:
        query = query.order_by(*SORTS.get(sort, SORTS[NEWEST])[1])
    cards = _cards(query.limit(PAGE_SIZE).offset(current.start))
    return ProductList(current.number, total, PAGE_SIZE, cards, option_filters(*conditions))


def _card_query(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    left = func.sum(Variant.on_hand - Variant.held)
    return (
        select(
            Product.slug,
            Product.name,
            _price.label("low"),
            _highest.label("high"),
            left.label("left"),
            func.min(ProductImage.path).label("image"),
            func.min(ProductImage.alt).label("alt"),
            Product.review_count,
            Product.review_stars,
            func.count(_buyable).label("in_stock"),
            func.count(_was_price).label("on_sale"),
            func.min(_was_price).label("was"),
        )
        .join(Variant, and_(Variant.product_id == Product.id, Variant.active))
        .outerjoin(ProductImage, and_(ProductImage.product_id == Product.id, ProductImage.position == 0))
        .where(Product.published, *conditions)
        .group_by(Product.id, Product.slug, Product.name, Product.position, Product.review_count, Product.review_stars)
    )


def _cards(query: Select[*tuple[Any, ...]], connection: Connection | None = None) -> list[ProductCard]:
    return [_card(row) for row in (connection or db.session).execute(query)]


def _card(row: Any) -> ProductCard:
    all_on_sale = row.on_sale == row.in_stock and row.low == row.high
    return ProductCard(
        slug=row.slug,
        name=row.name,
        price=row.low,
        varies=row.high > row.low,
        left=int(row.left),
        image=row.image or NO_IMAGE,
        alt=row.alt or row.name,
        on_sale=row.on_sale > 0,
        was=row.was if all_on_sale else None,
        rating=Rating(row.review_count, row.review_stars),
    )
