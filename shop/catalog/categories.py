"""Changing categories. Runs inside the caller's transaction."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from shop.catalog.images.paths import NO_IMAGE
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.catalog.search_index import index_products
from shop.catalog.slugs import free_slug, search_text
from shop.core.database import db

MAX_NAME_LENGTH = 60  # characters, like the others
MAX_BLURB_LENGTH = 200
MAX_SLUG_LENGTH = 60
NEWEST_PRODUCT = NO_IMAGE  # stored for a category without its own image, which shows its newest product's
MAX_IMAGES = 24  # to choose from


class CategoryInUse(Exception):
    """The category has `count` products for sale. Nothing was written."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} products for sale are in it")
        self.count = count


@dataclass(frozen=True)
class CategoryValues:
    """The values of a category. An empty `slug` is derived from the name."""

    name: str
    blurb: str = ""
    slug: str = ""
    image: str = NEWEST_PRODUCT


def category_by_id(category_id: int) -> Category | None:
    """A category, archived or not."""
    return db.session.get(Category, category_id) if category_id < 2**31 else None


def category_by_name(name: str) -> Category | None:
    """The category with this name, ignoring case, or None."""
    wanted = name.casefold()
    return next((one for one in db.session.scalars(select(Category)) if one.name.casefold() == wanted), None)


def add_category(values: CategoryValues) -> Category:
    """Add a category as the last one. A slug in use breaks a UNIQUE constraint (IntegrityError)."""
    last = db.session.scalar(select(func.max(Category.position)))
    made = Category(
        slug=values.slug or free_slug(Category, values.name, MAX_SLUG_LENGTH),
        name=values.name,
        blurb=values.blurb,
        image=values.image,
        position=0 if last is None else last + 1,
    )
    db.session.add(made)
    db.session.flush()
    return made


def change_category(category: Category, values: CategoryValues) -> None:
    """Change a category, and the search texts of its products if its name changes."""
    renamed = category.name != values.name
    category.name, category.blurb, category.slug, category.image = values.name, values.blurb, values.slug, values.image
    category.demo = False  # what the owner has changed is theirs: "Remove the demo" leaves it
    if renamed:
        _refresh_search(category)
    db.session.flush()


def archive_category(category: Category) -> None:
    """Archive a category. Raises CategoryInUse while it has products for sale."""
    # the lock keeps `add_product` and `change_details`, which also take it, from adding a product at the same time
    db.session.execute(select(Category.id).where(Category.id == category.id).with_for_update())
    count = db.session.scalar(
        select(func.count(Product.id)).where(Product.category_id == category.id, Product.published)
    )
    if count:
        raise CategoryInUse(count)
    category.active = False


def move_category(category: Category, up: bool) -> bool:
    """Move a category up or down by one; False if it is the first or last already."""
    ordered = list(db.session.scalars(select(Category).order_by(Category.position, Category.id).with_for_update()))
    place = ordered.index(category)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(ordered):
        return False
    ordered[place], ordered[other] = ordered[other], ordered[place]
    for position, one in enumerate(ordered):
        one.position = position
    return True


def images_for(category: Category | None) -> list[tuple[str, str]]:
    """The images a category can use, as (path, product name): its current one first, NEWEST_PRODUCT last."""
    if category is None:
        return [(NEWEST_PRODUCT, "Its newest product")]
    query = (
        select(ProductImage.path, Product.name)
        .join(Product, Product.id == ProductImage.product_id)
        .where(Product.category_id == category.id, ProductImage.position == 0)
        .order_by(Product.published.desc(), Product.position)
        .limit(MAX_IMAGES)
    )
    found = dict(db.session.execute(query).all())
    now = {category.image: found.get(category.image, "As it is now")} if category.image != NEWEST_PRODUCT else {}
    return list({**now, **found, NEWEST_PRODUCT: "Its newest product"}.items())


def _refresh_search(category: Category) -> None:
    skus: dict[int, list[str]] = {}
    found = select(Variant.product_id, Variant.sku).join(Product).where(Product.category_id == category.id)
    for product_id, sku in db.session.execute(found.order_by(Variant.position)):
        skus.setdefault(product_id, []).append(sku)
    products = select(Product.id, Product.name, Product.description).where(Product.category_id == category.id)
    texts: list[dict[str, Any]] = [
        {"id": product_id, "search_text": search_text(name, category.name, skus.get(product_id, ()), description)}
        for product_id, name, description in db.session.execute(products)
    ]
    if texts:
        db.session.execute(update(Product), texts)
        index_products(text["id"] for text in texts)
