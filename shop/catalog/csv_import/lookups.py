"""The parts of the catalogue that an import needs, read in a few queries; labels and images of its products."""

import re
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.catalog.csv_import.columns import category_names
from shop.catalog.csv_import.plan import ProductPlan, VariantPlan
from shop.catalog.images import serving
from shop.catalog.images.gallery import MAX_ALT_LENGTH, MAX_IMAGES
from shop.catalog.models import Category, Product, Variant
from shop.catalog.products import MAX_LABEL_LENGTH
from shop.catalog.slugs import label_of
from shop.core.database import db
from shop.core.text import typed_line
from shop.web.assets import STATIC


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


VALUES = ("value_1", "value_2", "value_3")


def name_variants(group: ProductPlan) -> None:
    """Set the label of each variant in the file, and report missing values and equal labels."""
    if not _options_in_order(group):
        return
    for one in group.variants:
        _set_label(one, group.options)
    planned = {one.sku for one in group.variants}
    others = [variant for variant in (group.product.variants if group.product else []) if variant.sku not in planned]
    first = group.variants[0].line
    for variant in others:
        values = [getattr(variant, name) for name in VALUES]
        if variant.active and any(option and not value for option, value in zip(group.options, values, strict=True)):
            words = f"{variant.sku} of this product has no value for it. Add its row to the file"
            first.problems.append(("Option 1", words))
    sold = [one for one in group.variants if one.final("active")]
    labels = Counter(str(one.final("label")) for one in sold)
    labels.update(variant.label for variant in others if variant.active)
    if sum(labels.values()) == 1:
        return
    column = "Value 1" if any(group.options) else "Label"
    for one in sold:
        label = str(one.final("label"))
        if not label:
            words = "It is empty. Of several variants each needs a name, like Large"
        elif labels[label] > 1:
            words = f"Another variant of this product is “{label}” too. Buyers could not tell them apart"
        else:
            continue
        if not one.line.problems:
            one.line.problems.append((column, words))


def _options_in_order(group: ProductPlan) -> bool:
    """False, with a problem reported, if an option is named while the one before it is not."""
    for number in (2, 3):
        if group.options[number - 1] and not group.options[number - 2]:
            words = f"Name Option {number - 1} first"
            group.variants[0].line.problems.append((f"Option {number}", words))
            return False
    return True


def _set_label(one: VariantPlan, options: tuple[str, str, str]) -> None:
    values = [str(one.final(name)) for name in VALUES]
    for number, (option, value) in enumerate(zip(options, values, strict=True), 1):
        if option and not value:
            one.line.problems.append((f"Value {number}", f"It is empty. Write the {option}"))
        if value and not option and f"value_{number}" in one.values:
            one.line.problems.append(
                (f"Value {number}", f"The product has no Option {number}. Name it, or leave this empty")
            )
    if any(options) and "label" in one.values:
        one.line.problems.append(("Label", "It follows from the values. Leave it empty"))
    label = label_of([value for option, value in zip(options, values, strict=True) if option])
    if not any(options):
        label = str(one.final("label"))
    if len(label) > MAX_LABEL_LENGTH:
        words = f"The values together have {len(label)} characters. Write {MAX_LABEL_LENGTH} or fewer"
        one.line.problems.append(("Value 1", words))
    elif label != (one.variant.label if one.variant else None):
        one.values["label"] = label


OWN_IMAGE = re.compile(r"img/products/[a-z0-9-]+\.(svg|jpg)", re.ASCII)  # a drawing or a photo of the demo shop


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
