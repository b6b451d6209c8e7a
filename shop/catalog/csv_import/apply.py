"""Writing an import to the database, inside the caller's transaction."""

from collections.abc import Iterable

from sqlalchemy import func, select

from shop.catalog.csv_import.parser import Row
from shop.catalog.csv_import.plan import Plan, plan
from shop.catalog.csv_import.row_reader import ProductRows
from shop.catalog.images import gallery
from shop.catalog.models import Category, Product, ProductImage
from shop.catalog.product_history import begin_locked_edit, differences, end_edit, images_of, note_images, state_of
from shop.catalog.search_index import index_products
from shop.catalog.slugs import search_text
from shop.catalog.stock import record_stock_move
from shop.core.database import db

REASON = "Import"  # in the stock ledger


class PlanChanged(Exception):
    """The file would change other things than the preview showed, or has errors. The caller must roll back."""


def apply_rows(rows: Iterable[Row], seen: str, actor: str) -> Plan:
    """Import the rows of a file if they change what the preview with the digest `seen` showed. Raises PlanChanged.

    `actor` is the user's name. A CHECK constraint refuses a stock below what is held.
    """
    made = plan(rows, lock=True)
    if made.counts["error"] or made.digest != seen:
        raise PlanChanged
    categories = {category.id: category.name for category in db.session.scalars(select(Category))}
    new = [item.product for item in made.products if item.new]
    front = db.session.scalar(select(func.min(Product.position))) or 0
    for position, product in enumerate(new, front - len(new)):
        product.position = position
    for item in made.products:
        product = item.product
        skus = [variant.sku for variant in product.variants]
        product.search_text = search_text(product.name, categories[product.category_id], skus, product.description)
        for line, _ in item.rows:
            record_stock_move(line.sku, on_hand=line.stock_change, reason=REASON, actor=actor)
    db.session.add_all(new)
    db.session.flush()
    index_products(item.product.id for item in made.products)
    for item in made.products:
        if not item.new:
            _record_edit(item, actor)
        if item.images is not None:
            before = images_of(item.product)
            _set_images(item.product, item.images)
            if not item.new:
                note_images(item.product, before, actor)
    return made


def _record_edit(item: ProductRows, actor: str) -> None:
    """Write the history of an existing product. The stock ledger records its stock."""
    product = item.product
    words = differences(product, item.before, state_of(product))
    if item.changed("Status"):
        words.append(product.status)
    if words:
        begin_locked_edit(product)
        end_edit(product, item.before, actor, "; ".join(words), index=False)


def _set_images(product: Product, wanted: list[tuple[str, str]]) -> None:
    """Give a product these images in this order: its own, and others of the shop."""
    own = {image.path: image for image in product.images}
    for path in own.keys() - dict(wanted).keys():
        db.session.delete(own[path])
    images = []
    for place, (path, alt) in enumerate(wanted):
        image = own.get(path) or ProductImage(product_id=product.id, path=path, position=place)
        image.alt = alt or product.name
        images.append(image)
    if own:
        db.session.flush()
    db.session.add_all(images)
    if own:
        gallery.set_order(images)
