"""What of the catalogue an import may touch, read in a handful of queries however many rows there are."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.admin.importing.exporting import category_words
from shop.catalog.models import Category, Product, Variant
from shop.database import db


@dataclass(frozen=True)
class Shelf:
    """Products by slug, variants by SKU, and the ids of categories by every name they may be called."""

    products: dict[str, Product]
    variants: dict[str, Variant]
    categories: dict[str, int]  # by lower-case name, where only one bears it, and by slug
    called: dict[int, str]  # how the file calls each
    archived: set[int]  # those that are not in the shop
    owners: dict[str, Product]  # the product of each SKU


def read_shelf(slugs: Collection[str], skus: Collection[str], *, keep: bool = False) -> Shelf:
    """What these name, and the whole of every product touched; `keep` keeps it from others until the transaction ends.

    Locks are taken products first, then variants by SKU, as orders take theirs, then categories.
    """
    owners = select(Variant.product_id).where(Variant.sku.in_(skus))
    touched = select(Product.id).where(Product.slug.in_(slugs) | Product.id.in_(owners))
    ids = list(db.session.scalars(touched.order_by(Product.id)))
    if keep:
        for model, column, order in ((Product, Product.id, Product.id), (Variant, Variant.product_id, Variant.sku)):
            db.session.scalars(select(model).where(column.in_(ids)).order_by(order).with_for_update()).all()
    loaded = selectinload(Product.variants), selectinload(Product.pictures)
    products = db.session.scalars(select(Product).where(Product.id.in_(ids)).options(*loaded)).all()
    shelves = select(Category).order_by(Category.id)  # goods may come on to any: nobody archives one meanwhile
    categories = list(db.session.scalars(shelves.with_for_update(read=True) if keep else shelves))
    called = category_words(categories)
    names = {category.slug.casefold(): category.id for category in categories}
    names |= {words.casefold(): number for number, words in called.items()}
    return Shelf(
        {product.slug: product for product in products},
        {variant.sku: variant for product in products for variant in product.variants},
        names,
        called,
        {category.id for category in categories if not category.active},
        {variant.sku: product for product in products for variant in product.variants},
    )
