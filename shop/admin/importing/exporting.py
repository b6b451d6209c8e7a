"""The catalogue as a CSV file: one row for each variant, what belongs to the product in its first row only."""

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.admin.importing.columns import COLUMNS, SKU, SLUG, options_of, product_cells, variant_cells
from shop.catalog.models import Category, Product
from shop.csv_cells import BOM, csv_line
from shop.database import db


def category_words(categories: list[Category]) -> dict[int, str]:
    """How the file calls each category: by its name, or by its slug where two are named alike."""
    names = [category.name.casefold() for category in categories]
    return {
        category.id: category.name if names.count(category.name.casefold()) == 1 else category.slug
        for category in categories
    }


def catalogue_lines() -> Iterator[str]:
    """The lines of the file, in the order of the shelf."""
    called = category_words(list(db.session.scalars(select(Category))))
    loaded = selectinload(Product.variants), selectinload(Product.pictures)
    products = db.session.scalars(select(Product).options(*loaded).order_by(Product.position, Product.id))
    yield BOM + csv_line(COLUMNS)
    for product in products:
        options = options_of(product)
        words = product_cells(product, called[product.category_id])
        for variant in product.variants:
            cells = {SLUG: product.slug, **words, SKU: variant.sku, **variant_cells(variant, options)}
            yield csv_line([cells.get(name, "") for name in COLUMNS])
            words = {}
