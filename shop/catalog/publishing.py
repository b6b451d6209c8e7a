"""Showing a product to buyers, hiding it and archiving it. Runs inside the caller's transaction."""

from collections.abc import Iterable

from sqlalchemy import update

from shop.catalog.models import Product, ProductStatus
from shop.catalog.products import lock_active_category
from shop.core.database import db, updated


class NothingForSale(Exception):
    """The product has no variant for sale. Nothing was written."""


def missing_parts(product: Product) -> list[str]:
    """What buyers would miss of a product, by name."""
    missing = ["its options, like size or colour"] if product.needs_options else []
    return missing if product.images else [*missing, "a photo"]


def publish(product: Product) -> bool:
    """Show a product to buyers. False if that was done before. Raises CategoryArchived or NothingForSale."""
    lock_active_category(product.category_id)
    if not any(variant.active for variant in product.variants):
        raise NothingForSale
    return _move(product, ProductStatus.PUBLISHED)


def hide(product: Product) -> bool:
    """Take a published product out of the shop for a while. False if it is not published."""
    return _move(product, ProductStatus.HIDDEN, [ProductStatus.PUBLISHED])


def archive(product: Product) -> bool:
    """Archive a product, which orders keep and carts drop. False if that was done before."""
    return _move(product, ProductStatus.ARCHIVED)


def _move(product: Product, to: ProductStatus, origins: Iterable[ProductStatus] = ProductStatus) -> bool:
    possible = Product.status.in_([one for one in origins if one != to])
    moved = bool(updated(update(Product).where(Product.id == product.id, possible).values(status=to)))
    db.session.expire(product)  # the row is locked now; older values may be out of date
    return moved
