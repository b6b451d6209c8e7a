"""The images of a product, and their order. Everything runs inside the caller's transaction.

The product's row is locked first, so that two users cannot arrange its images at the same time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shop.catalog.models import Product, ProductImage
from shop.core.database import db

MAX_IMAGES = 12  # per product
MAX_ALT_LENGTH = 200  # characters


class TooManyImages(Exception):
    """The product would have more than MAX_IMAGES. Nothing was written."""


class ImageNotFound(Exception):
    """The image or its product has been removed. Nothing was written."""


def order_shown(product: Product) -> dict[str, str]:
    """The order of a product's images, for a fingerprint."""
    return {"order": " ".join(str(image.id) for image in product.images)}


def variants_shown(image: ProductImage) -> dict[str, str]:
    """The variants that an image shows, for a fingerprint."""
    return {"variants": " ".join(str(one) for one in sorted(variant.id for variant in image.variants))}


def lock_product(product_id: int) -> Product:
    """The product, its row locked until the transaction ends. Raises ImageNotFound."""
    product = db.session.scalar(select(Product).where(Product.id == product_id).with_for_update())
    if product is None:
        raise ImageNotFound
    return product


def image_of(product: Product, image_id: int) -> ProductImage:
    """One of the images of a product. Raises ImageNotFound."""
    for image in product.images:
        if image.id == image_id:
            return image
    raise ImageNotFound


def add(product: Product, paths: Sequence[str], alt: str) -> None:
    """Add images after the existing ones. Raises TooManyImages."""
    there = len(product.images)
    if there + len(paths) > MAX_IMAGES:
        raise TooManyImages
    product.images += [
        ProductImage(position=place, path=path, alt=alt[:MAX_ALT_LENGTH] or product.name)
        for place, path in enumerate(paths, there)
    ]


def move(product: Product, image_id: int, steps: int) -> int:
    """Move an image by `steps`, at most to either end, and return its new place. Raises ImageNotFound."""
    wanted = image_of(product, image_id)
    rest = [image for image in product.images if image is not wanted]
    place = min(max(product.images.index(wanted) + steps, 0), len(rest))
    set_order([*rest[:place], wanted, *rest[place:]])
    return place


def describe(product: Product, image_id: int, alt: str) -> None:
    """Set the alt text of an image; if empty, the product's name. Raises ImageNotFound."""
    image_of(product, image_id).alt = alt[:MAX_ALT_LENGTH] or product.name


@dataclass(frozen=True)
class ImageChoice:
    """Variants that an image can show: all with one value of an option, or a single one. `key` is the form's value."""

    key: str
    label: str
    variants: frozenset[int]


def image_choices(product: Product) -> list[ImageChoice]:
    """The variants that an image can be assigned to; empty for a product with one variant."""
    if len(product.variants) < 2:
        return []
    choices = []
    for place, option in enumerate(product.options):
        of_value: dict[str, set[int]] = {}
        for variant in product.variants:
            of_value.setdefault("".join(variant.values[place : place + 1]), set()).add(variant.id)
        choices += [
            ImageChoice(f"{place}:{value}", f"{option}: {value}", frozenset(of)) for value, of in of_value.items()
        ]
    if len(product.options) != 1:
        single = [(one, frozenset({one.id})) for one in product.variants]
        choices += [ImageChoice(f"sku:{one.sku}", one.label or one.sku, of) for one, of in single]
    return choices


def shown_choice(product: Product, image_id: int) -> str | None:
    """The key of what an image shows; "" for the whole product, None if it is none of the choices."""
    here = frozenset(variant.id for variant in product.variants if variant.image_id == image_id)
    return next((one.key for one in image_choices(product) if one.variants == here), None) if here else ""


def show_variants(product: Product, image_id: int, key: str) -> None:
    """Assign an image to the variants of a choice, or with "" to the whole product. Raises ImageNotFound."""
    image = image_of(product, image_id)
    chosen = next((one.variants for one in image_choices(product) if one.key == key), frozenset())
    for variant in product.variants:
        if variant.id in chosen:
            variant.image_id = image.id
        elif variant.image_id == image.id:
            variant.image_id = None


def remove(product: Product, image_id: int) -> str:
    """Remove an image and return its path; its files stay, since orders may show it. Raises ImageNotFound."""
    wanted = image_of(product, image_id)
    rest = [image for image in product.images if image is not wanted]
    path = wanted.path
    db.session.delete(wanted)
    set_order(rest)
    return path


def set_order(images: Sequence[ProductImage]) -> None:
    """Give the images of a product the positions 0, 1, 2... in this order."""
    for place, image in enumerate(images):
        image.position = -1 - place  # two images may never have the same position, even for a moment
    db.session.flush()
    for place, image in enumerate(images):
        image.position = place
    db.session.flush()
