"""The categories that every page links to."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from shop.catalog.models import Category, Product, Variant
from shop.web.cached_reads import CachedRead


@dataclass(frozen=True)
class CategoryLink:
    """A category with products for sale."""

    slug: str
    name: str


def _read(connection: Connection) -> tuple[CategoryLink, ...]:
    for_sale = select(Product.id).where(Product.category_id == Category.id, Product.published)
    sold = for_sale.where(Product.variants.any(Variant.active)).exists()
    query = select(Category.slug, Category.name).where(Category.active, sold).order_by(Category.position)
    return tuple(CategoryLink(slug, name) for slug, name in connection.execute(query))


category_links = CachedRead[tuple[CategoryLink, ...]]("category_links", _read, ())
