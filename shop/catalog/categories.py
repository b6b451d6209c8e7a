"""Changing the shelves of the shop: categories. Runs inside the caller's transaction."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select, update

from shop.catalog.images.paths import NO_IMAGE
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.catalog.slugs import free_names, keep_old_slug, search_text, tidy_slug
from shop.core.database import db

LONGEST_NAME = 60  # characters, as are the others
LONGEST_BLURB = 200
LONGEST_SLUG = 60
NEUTRAL = NO_IMAGE  # of a category that has chosen none: its page shows a image of its newest goods
MOST_IMAGES = 24  # to choose from


class StillInUse(Exception):
    """Goods for sale stand on it: `count` of them. Nothing was written."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} products for sale are in it")
        self.count = count


@dataclass(frozen=True)
class CategoryValues:
    """What a category says of itself. `slug` may be empty for a new one: it is made from the name."""

    name: str
    blurb: str = ""
    slug: str = ""
    image: str = NEUTRAL


def category_with(category_id: int) -> Category | None:
    """A category, archived or not."""
    return db.session.get(Category, category_id) if category_id < 2**31 else None


def category_named(name: str) -> Category | None:
    """The category of that name in any case, or None."""
    wanted = name.casefold()
    return next((one for one in db.session.scalars(select(Category)) if one.name.casefold() == wanted), None)


def category_at(slug: str) -> Category | None:
    """The category at this address, or None."""
    return db.session.scalar(select(Category).where(Category.slug == slug))


def add_category(shelf: CategoryValues) -> Category:
    """A new category, the last one. A slug that is taken breaks a UNIQUE constraint (IntegrityError)."""
    last = db.session.scalar(select(func.max(Category.position)))
    made = Category(
        slug=shelf.slug or _free_slug(shelf.name),
        name=shelf.name,
        blurb=shelf.blurb,
        image=shelf.image,
        position=0 if last is None else last + 1,
    )
    db.session.add(made)
    db.session.flush()
    return made


def change_category(category: Category, shelf: CategoryValues) -> None:
    """Change what a category says; its goods are found by its new name."""
    renamed = category.name != shelf.name
    category.name, category.blurb, category.slug, category.image = shelf.name, shelf.blurb, shelf.slug, shelf.image
    if renamed:
        _refresh_search(category)
    db.session.flush()


def archive_category(category: Category) -> None:
    """Take a category out of the shop. Raises StillInUse while goods for sale stand on it."""
    # locked, so that no product comes on to it meanwhile: `add_product` and `change_details` lock it too
    db.session.execute(select(Category.id).where(Category.id == category.id).with_for_update())
    count = db.session.scalar(select(func.count(Product.id)).where(Product.category_id == category.id, Product.active))
    if count:
        raise StillInUse(count)
    category.active = False


def restore_category(category: Category) -> None:
    """Show a category in the shop again."""
    category.active = True


def move_category(category: Category, up: bool) -> bool:
    """Change places with the neighbour above or below; False at the end of the row."""
    row = list(db.session.scalars(select(Category).order_by(Category.position, Category.id).with_for_update()))
    place = row.index(category)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(row):
        return False
    row[place], row[other] = row[other], row[place]
    for position, one in enumerate(row):
        one.position = position
    return True


def images_for(category: Category | None) -> list[tuple[str, str]]:
    """What a category may choose its image from: (path, whose), its own one first, a neutral one last."""
    if category is None:
        return [(NEUTRAL, "Its newest product")]
    query = (
        select(ProductImage.path, Product.name)
        .join(Product, Product.id == ProductImage.product_id)
        .where(Product.category_id == category.id, ProductImage.position == 0)
        .order_by(Product.active.desc(), Product.position)
        .limit(MOST_IMAGES)
    )
    found = dict(db.session.execute(query).all())
    now = {category.image: found.get(category.image, "As it is now")} if category.image != NEUTRAL else {}
    return list({**now, **found, NEUTRAL: "Its newest product"}.items())


def _free_slug(name: str) -> str:
    base = tidy_slug(name)[: LONGEST_SLUG - 6].strip("-") or "category"
    near = or_(Category.slug == base, Category.slug.startswith(f"{base}-"))
    taken = [*db.session.scalars(select(Category.slug).where(near)), *keep_old_slug(Category, base)]
    return free_names([base], taken)[0]


def _refresh_search(category: Category) -> None:
    skus: dict[int, list[str]] = {}
    found = select(Variant.product_id, Variant.sku).join(Product).where(Product.category_id == category.id)
    for product_id, sku in db.session.execute(found.order_by(Variant.position)):
        skus.setdefault(product_id, []).append(sku)
    goods = select(Product.id, Product.name, Product.description).where(Product.category_id == category.id)
    texts = [
        {"id": product_id, "search_text": search_text(name, category.name, skus.get(product_id, ()), description)}
        for product_id, name, description in db.session.execute(goods)
    ]
    if texts:
        db.session.execute(update(Product), texts)
