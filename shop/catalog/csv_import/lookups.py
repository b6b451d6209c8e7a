"""The parts of the catalogue that an import needs, read in a few queries; the images of a cell."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.catalog.csv_import.columns import category_names
from shop.catalog.images import serving
from shop.catalog.images.gallery import MAX_ALT_LENGTH, MAX_IMAGES
from shop.catalog.models import Category, Product, Variant
from shop.core.database import db
from shop.core.text import typed_line
from shop.web.assets import STATIC

OWN_IMAGE = re.compile(r"img/products/[a-z0-9-]+\.(svg|jpg)", re.ASCII)  # a drawing or a photo of the demo shop


@dataclass(frozen=True)
class CatalogRows:
    """Products by slug, variants by SKU, and categories by name and slug."""

    products: dict[str, Product]
    variants: dict[str, Variant]
    categories: dict[str, int]  # ids by slug and by case-folded name, if no other has it
    category_names: dict[int, str]  # names in the file, by id
    archived: set[int]  # ids of archived categories
    owners: dict[str, Product]  # the product of each SKU


def read_catalog_rows(slugs: Collection[str], skus: Collection[str], *, lock: bool = False) -> CatalogRows:
    """The products with these slugs or SKUs, whole; `lock` locks them until the transaction ends.

    Locks are taken on products, then on variants by SKU, as orders take them, then on categories.
    """
    owners = select(Variant.product_id).where(Variant.sku.in_(skus))
    touched = select(Product.id).where(Product.slug.in_(slugs) | Product.id.in_(owners))
    ids = list(db.session.scalars(touched.order_by(Product.id)))
    if lock:
        for model, column, order in ((Product, Product.id, Product.id), (Variant, Variant.product_id, Variant.sku)):
            db.session.scalars(select(model).where(column.in_(ids)).order_by(order).with_for_update()).all()
    loaded = selectinload(Product.variants), selectinload(Product.images)
    products = db.session.scalars(select(Product).where(Product.id.in_(ids)).options(*loaded)).all()
    listed = select(Category).order_by(Category.id)  # locked, because products may move to any of them
    categories = list(db.session.scalars(listed.with_for_update(read=True) if lock else listed))
    file_names = category_names(categories)
    names = {category.slug.casefold(): category.id for category in categories}
    names |= {words.casefold(): number for number, words in file_names.items()}
    return CatalogRows(
        {product.slug: product for product in products},
        {variant.sku: variant for product in products for variant in product.variants},
        names,
        file_names,
        {category.id for category in categories if not category.active},
        {variant.sku: product for product in products for variant in product.variants},
    )


def wanted_images(cell: str, product: Product | None) -> tuple[list[tuple[str, str]] | None, str]:
    """The images as (path, alt), or None if they do not change; and a warning if they cannot be used."""
    own = {image.path: image.alt for image in product.images} if product else {}
    wanted: dict[str, str] = {}
    for line in filter(str.strip, cell.replace("\r", "\n").split("\n")):
        path, _, alt = line.strip().partition(" ")
        alt = typed_line(alt)
        if path in wanted:
            return None, f"{path[:80]} is there twice"
        if path not in own and not _exists(path):
            return None, f"the shop has no image {path[:80]}. Add it on the product’s page"
        if len(alt) > MAX_ALT_LENGTH:
            return None, f"what {path[:80]} shows must be {MAX_ALT_LENGTH} characters or fewer"
        wanted[path] = alt or own.get(path, "")
    if len(wanted) > MAX_IMAGES:
        return None, f"a product has at most {MAX_IMAGES}"
    images = list(wanted.items())
    same = product is not None and images == [(image.path, image.alt) for image in product.images]
    return (None if same else images), ""


def _exists(path: str) -> bool:
    if OWN_IMAGE.fullmatch(path):
        return (STATIC / path).is_file()
    return serving.is_stored(path)
