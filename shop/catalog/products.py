"""Changing products and their variants. Runs inside the caller's transaction.

A SKU never changes, because orders, carts and the stock ledger refer to it. A product is archived, never deleted.
`product_history` records edits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from shop.catalog.models import LOW_STOCK, Category, Product, Variant
from shop.catalog.search_index import index_products
from shop.catalog.slugs import free_slug, label_of, search_text
from shop.catalog.stock import OPENING, record_stock_move
from shop.core.database import db

MAX_NAME_LENGTH = 120  # characters, like the others
MAX_DESCRIPTION_LENGTH = 3000
MAX_OPTION_LENGTH = 40
MAX_SEARCH_WORDS_LENGTH = 200
MAX_LABEL_LENGTH = 60  # all values of a variant together
MAX_PRICE = 1_000_000  # whole shillings; the largest cart must fit the column of an order's total
MAX_VARIANTS = 100  # of one product


class CategoryArchived(Exception):
    """The chosen category is archived. Nothing was written."""


@dataclass(frozen=True)
class ProductValues:
    """The values of a product. An empty `slug` of a new product is derived from the name."""

    name: str
    category_id: int
    description: str = ""
    slug: str = ""
    options: tuple[str, ...] = ()
    search_words: str = ""
    featured: bool = False


@dataclass(frozen=True)
class NewVariant:
    """A variant to add. `price` in whole shillings; a value for each option, or a `label` if there are none."""

    sku: str
    price: int
    stock: int = 0
    low_stock_threshold: int = LOW_STOCK
    values: tuple[str, ...] = ()
    label: str = ""


@dataclass(frozen=True)
class VariantEdit:
    """The new values of a variant. `was_price` is its price before a sale, in whole shillings; None: not on sale."""

    price: int
    low_stock_threshold: int
    active: bool
    was_price: int | None = None
    values: tuple[str, ...] = ()
    label: str = ""


def product_with_variants(product_id: int) -> Product | None:
    """A product, archived or not, with all its variants."""
    if product_id >= 2**31:
        return None  # too large for the column
    whole = (selectinload(Product.variants), selectinload(Product.category), selectinload(Product.images))
    return db.session.scalar(select(Product).where(Product.id == product_id).options(*whole))


def add_product(details: ProductValues, variant: NewVariant, actor: str, *, needs_options: bool = False) -> Product:
    """Add a product as a draft, the first of the list.

    Raises CategoryArchived. A SKU or slug in use breaks a UNIQUE constraint (IntegrityError).
    """
    lock_active_category(details.category_id)
    first = db.session.scalar(select(func.min(Product.position)))
    product = Product(
        slug=details.slug or free_slug(Product, details.name),
        name=details.name,
        description=details.description,
        search_text="",
        category_id=details.category_id,
        search_words=details.search_words,
        featured=details.featured,
        position=(first or 0) - 1,
        needs_options=needs_options,
    )
    db.session.add(product)
    db.session.flush()
    add_variants(product, [variant], actor)
    return product


def add_variants(product: Product, variants: Sequence[NewVariant], actor: str) -> None:
    """Add variants after the existing ones. A SKU in use breaks a UNIQUE constraint (IntegrityError)."""
    place = max((variant.position for variant in product.variants), default=-1) + 1
    for position, one in enumerate(variants, place):
        made = Variant(
            sku=one.sku,
            price=one.price,
            on_hand=one.stock,
            position=position,
            low_stock_threshold=one.low_stock_threshold,
        )
        set_values(made, one.values, one.label)
        made.image_id = _image_of_same_value(product, one.values)
        product.variants.append(made)
        record_stock_move(one.sku, on_hand=one.stock, reason=OPENING, actor=actor)
    db.session.flush()
    refresh_search(product)


def change_details(product: Product, details: ProductValues) -> None:
    """Change a product's name, slug, category, description and option names. Raises CategoryArchived."""
    if details.category_id != product.category_id:
        lock_active_category(details.category_id)
    product.name, product.slug = details.name, details.slug
    product.category_id, product.description = details.category_id, details.description
    product.search_words, product.featured = details.search_words, details.featured
    set_options(product, details.options)
    db.session.flush()
    db.session.expire(product, ["category"])
    refresh_search(product)


def set_options(product: Product, names: Sequence[str]) -> None:
    """Set the names of a product's options, at most three."""
    product.option_1, product.option_2, product.option_3 = (*names, "", "", "")[:3]
    product.needs_options = product.needs_options and not names


def change_variant(variant: Variant, edit: VariantEdit) -> None:
    """Change a variant. Its stock changes only through the ledger, its SKU never."""
    variant.price, variant.was_price = edit.price, edit.was_price
    variant.low_stock_threshold, variant.active = edit.low_stock_threshold, edit.active
    set_values(variant, edit.values, edit.label)


def set_values(variant: Variant, values: Sequence[str], label: str = "") -> None:
    """Set a variant's value of each option, and its label: the values, or `label` if there are none."""
    variant.value_1, variant.value_2, variant.value_3 = (*values, "", "", "")[:3]
    variant.label = label_of(values) or label


def lock_active_category(category_id: int) -> None:
    """Lock a category, so that it cannot be archived until the transaction ends. Raises CategoryArchived."""
    if not db.session.scalar(select(Category.active).where(Category.id == category_id).with_for_update(read=True)):
        raise CategoryArchived


def _image_of_same_value(product: Product, values: Sequence[str]) -> int | None:
    """The image shared by all variants with one of these values: a new size of a white product looks white."""
    for place, value in enumerate(values):
        images = {one.image_id for one in product.variants if one.values[place : place + 1] == (value,)}
        if len(images) == 1 and None not in images:
            return images.pop()
    return None


def refresh_search(product: Product) -> None:
    """Write the words by which a product is found."""
    index_products([product.id])
    skus = [variant.sku for variant in product.variants]
    product.search_text = search_text(product.name, product.category.name, skus, product.description)
