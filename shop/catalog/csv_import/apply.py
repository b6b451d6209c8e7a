"""Writing an import plan to the database, inside the caller's transaction."""

from sqlalchemy import func, select

from shop.catalog.csv_import.plan import Plan, ProductPlan, VariantPlan
from shop.catalog.images import gallery
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.catalog.product_history import begin_locked_edit, end_edit, images_of, note_images
from shop.catalog.search_index import index_products
from shop.catalog.slugs import search_text
from shop.catalog.stock import record_stock_move
from shop.core.database import db

REASON = "Import"  # in the stock ledger


def apply_plan(plan: Plan, actor: str) -> None:
    """Write a plan from `planner.plan(lock=True)`. `actor` is the user's name."""
    categories = {category.id: category.name for category in db.session.scalars(select(Category))}
    new = [group for group in plan.products if group.product is None]
    existing = [group for group in plan.products if group.product is not None]
    front = db.session.scalar(select(func.min(Product.position))) or 0
    for position, group in enumerate(new, front - len(new)):
        group.product = Product(slug=group.slug, position=position, description="", search_text="", active=True)
        db.session.add(group.product)
    with db.session.no_autoflush:
        for group in [*new, *existing]:  # recording an edit flushes, so the new products must be complete by then
            _change(group, categories, actor)
    db.session.flush()
    index_products(group.product.id for group in plan.products if group.product is not None)
    for groups, record in ((new, False), (existing, True)):
        for group in groups:
            if group.images is not None and group.product is not None:
                before = images_of(group.product)
                _set_images(group.product, group.images)
                if record:
                    note_images(group.product, before, actor)


def _change(group: ProductPlan, categories: dict[int, str], actor: str) -> None:
    product = group.product
    if product is None or not (group.values or any(one.values for one in group.variants)):
        return
    edited = group.values or any(
        one.values.keys() - {"on_hand"} for one in group.variants
    )  # the stock ledger records stock
    before = begin_locked_edit(product) if product.id and edited else None
    for name, value in group.values.items():
        setattr(product, name, value)
    place = max((variant.position for variant in product.variants), default=-1)
    for one in group.variants:
        if one.variant is None:
            place += 1
            one.variant = Variant(sku=one.sku, position=place, on_hand=0, held=0)
            product.variants.append(one.variant)
        _change_variant(one, one.variant, actor)
    skus = [variant.sku for variant in sorted(product.variants, key=lambda variant: variant.position)]
    product.search_text = search_text(product.name, categories[product.category_id], skus, product.description)
    if before is not None:
        end_edit(product, before, actor, index=False)


def _change_variant(one: VariantPlan, variant: Variant, actor: str) -> None:
    """Set the changed values. A CHECK constraint refuses a stock below what is held."""
    record_stock_move(
        one.sku, on_hand=one.values.get("on_hand", variant.on_hand) - variant.on_hand, reason=REASON, actor=actor
    )
    for name, value in one.values.items():
        setattr(variant, name, value)


def _set_images(product: Product, wanted: list[tuple[str, str]]) -> None:
    """Give a product these images in this order: its own, and others of the shop."""
    if not product.images:
        product.images = [
            ProductImage(position=place, path=path, alt=alt or product.name) for place, (path, alt) in enumerate(wanted)
        ]
        return
    own = {image.path: image for image in product.images}
    paths = {path for path, _ in wanted}
    for path, image in own.items():
        if path not in paths:
            product.images.remove(image)
            db.session.delete(image)
    db.session.flush()
    images = []
    for path, alt in wanted:
        image = own.get(path) or ProductImage(product_id=product.id, path=path, position=0)
        image.alt = alt or product.name
        images.append(image)
    for place, image in enumerate(images):
        image.position = -1 - place
        db.session.add(image)
    gallery.set_order(images)
