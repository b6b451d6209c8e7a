"""Changing what is sold: products and their variants. Runs inside the caller's transaction.

A variant keeps its SKU for good: orders, carts and the stock ledger know it by nothing else. What is sold no more is
archived, never deleted. `history.py` keeps what an edit changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import selectinload

from shop.catalog.models import LOW_STOCK, Category, Product, Variant
from shop.catalog.slugs import free_slug, label_of, search_text
from shop.catalog.stock import OPENING, record_stock_move
from shop.core.database import db, updated

LONGEST_NAME = 120  # characters, as are the others
LONGEST_DESCRIPTION = 3000
LONGEST_OPTION = 40
LONGEST_LABEL = 60  # all values of a variant together
HIGHEST_PRICE = 1_000_000  # shillings; the dearest cart must still fit the column of an order's total
MOST_VARIANTS = 100  # of one product


class CategoryArchived(Exception):
    """The category chosen was taken out of the shop a moment ago. Nothing was written."""


@dataclass(frozen=True)
class Details:
    """What a product says of itself. `slug` may be empty for a new product: it is made from the name."""

    name: str
    category_id: int
    description: str = ""
    slug: str = ""
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class NewVariant:
    """A variant to add. `price` in whole shillings; `values` one for each option, or a `label` where there are none."""

    sku: str
    price: int
    stock: int = 0
    low_stock_threshold: int = LOW_STOCK
    values: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class VariantEdit:
    """What a variant shall be from now on."""

    price: int
    low_stock_threshold: int
    active: bool
    values: tuple[str, ...] = ()
    label: str = ""


def product_with_variants(product_id: int) -> Product | None:
    """A product, archived or not, with all its variants."""
    if product_id >= 2**31:
        return None  # more than its column holds
    whole = (selectinload(Product.variants), selectinload(Product.category), selectinload(Product.images))
    return db.session.scalar(select(Product).where(Product.id == product_id).options(*whole))


def add_product(details: Details, variant: NewVariant, actor: str) -> Product:
    """A new product, first on its shelf.

    Raises CategoryArchived. A SKU or slug that is taken breaks a UNIQUE constraint (IntegrityError).
    """
    _keep_on_sale(details.category_id)
    first = db.session.scalar(select(func.min(Product.position)))
    product = Product(
        slug=details.slug or free_slug(details.name),
        name=details.name,
        description=details.description,
        search_text="",
        category_id=details.category_id,
        position=(first or 0) - 1,
    )
    db.session.add(product)
    db.session.flush()
    add_variants(product, [variant], actor)
    return product


def add_variants(product: Product, fresh: Sequence[NewVariant], actor: str) -> None:
    """More variants, behind those there are. A SKU that is taken breaks a UNIQUE constraint (IntegrityError)."""
    place = max((variant.position for variant in product.variants), default=-1) + 1
    for position, one in enumerate(fresh, place):
        made = Variant(
            sku=one.sku,
            label=label_of(one.values) or one.label,
            price=one.price,
            on_hand=one.stock,
            position=position,
            low_stock_threshold=one.low_stock_threshold,
        )
        _set_values(made, one.values)
        made.image_id = _image_of_its_like(product, one.values)
        product.variants.append(made)
        record_stock_move(one.sku, on_hand=one.stock, reason=OPENING, actor=actor)
    db.session.flush()
    _refresh_search(product)


def change_details(product: Product, details: Details) -> None:
    """Give a product its name, address, category, description and the names of its options. Raises CategoryArchived."""
    if details.category_id != product.category_id:
        _keep_on_sale(details.category_id)
    product.name, product.slug = details.name, details.slug
    product.category_id, product.description = details.category_id, details.description
    name_options(product, details.options)
    db.session.flush()
    db.session.expire(product, ["category"])
    _refresh_search(product)


def name_options(product: Product, names: Sequence[str]) -> None:
    """Name what its variants differ in, at most three things."""
    product.option_1, product.option_2, product.option_3 = (*names, "", "", "")[:3]


def change_variant(variant: Variant, edit: VariantEdit) -> None:
    """Set what may change in a variant. Its stock changes by the ledger only, its SKU never."""
    variant.price, variant.low_stock_threshold, variant.active = edit.price, edit.low_stock_threshold, edit.active
    revalue(variant, edit.values, edit.label)


def revalue(variant: Variant, values: Sequence[str], label: str = "") -> None:
    """Give a variant its value of each option, and the label that follows from them."""
    _set_values(variant, values)
    variant.label = label_of(values) or label


def archive(product: Product) -> bool:
    """Take a product out of the shop. Orders keep it, carts drop it. False if somebody had done so before."""
    return _set_active(product, to=False)


def restore(product: Product) -> bool:
    """Put an archived product on sale again. False if it is there already."""
    return _set_active(product, to=True)


def _keep_on_sale(category_id: int) -> None:
    """Nobody archives the category until the caller's transaction ends; see `archive_category`."""
    if not db.session.scalar(select(Category.active).where(Category.id == category_id).with_for_update(read=True)):
        raise CategoryArchived


def _set_active(product: Product, *, to: bool) -> bool:
    moved = bool(updated(update(Product).where(Product.id == product.id, Product.active != to).values(active=to)))
    db.session.expire(product)  # locked now: what was read before may have changed
    return moved


def _set_values(variant: Variant, values: Sequence[str]) -> None:
    variant.value_1, variant.value_2, variant.value_3 = (*values, "", "", "")[:3]


def _image_of_its_like(product: Product, values: Sequence[str]) -> int | None:
    """The image that all variants with one of these values have: a new size of what is white looks white."""
    for place, value in enumerate(values):
        like = {one.image_id for one in product.variants if one.values[place : place + 1] == (value,)}
        if len(like) == 1 and None not in like:
            return like.pop()
    return None


def _refresh_search(product: Product) -> None:
    skus = [variant.sku for variant in product.variants]
    product.search_text = search_text(product.name, product.category.name, skus, product.description)
