"""The categories that every page links to."""

from dataclasses import dataclass
from time import monotonic

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from shop.catalog.models import Category, Product, Variant
from shop.core.database import database_outage, db

CACHE_SECONDS = 5  # after a change, other processes may show the old categories for this long
CACHE = "category_links"  # key in app.extensions


@dataclass(frozen=True)
class CategoryLink:
    """A category with products for sale."""

    slug: str
    name: str


def category_links() -> tuple[CategoryLink, ...]:
    """The categories in the merchant's order, at most CACHE_SECONDS old; while the database is down, the last known."""
    last: tuple[float, tuple[CategoryLink, ...]] | None = current_app.extensions.get(CACHE)
    now = monotonic()
    if last and now - last[0] < CACHE_SECONDS:
        return last[1]
    try:
        links = _read()
    except SQLAlchemyError as error:  # error pages have these links too
        database_outage().failed(type(getattr(error, "orig", error)).__name__)
        links = last[1] if last else ()
    current_app.extensions[CACHE] = (now, links)
    return links


def clear_category_links() -> None:
    """Make `category_links` read the database next time. Call it after changing a category."""
    current_app.extensions.pop(CACHE, None)


def _read() -> tuple[CategoryLink, ...]:
    """Read with one query, on its own connection, because the session may be in use or broken."""
    for_sale = select(Product.id).where(Product.category_id == Category.id, Product.active)
    sold = for_sale.where(Product.variants.any(Variant.active)).exists()
    query = select(Category.slug, Category.name).where(Category.active, sold).order_by(Category.position)
    with db.engine.connect() as connection:
        return tuple(CategoryLink(slug, name) for slug, name in connection.execute(query))
