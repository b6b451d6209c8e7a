"""Which pictures a product has, and in which order. Everything here runs inside the caller's transaction.

The product's row is locked first, so of two people who arrange the same pictures one comes after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from shop.catalog.models import Picture, Product
from shop.core.database import db

MOST_PICTURES = 12  # of one product
LONGEST_ALT = 200  # characters


class TooManyPictures(Exception):
    """The product would have more than MOST_PICTURES. Nothing was written."""


class PictureGone(Exception):
    """Somebody has removed the picture, or its product, meanwhile. Nothing was written."""


def order_shown(product: Product) -> dict[str, str]:
    """What a page shows of the order of a product's pictures."""
    return {"order": " ".join(str(picture.id) for picture in product.pictures)}


def variants_shown(picture: Picture) -> dict[str, str]:
    """What a page shows of the variants that a picture is of."""
    return {"variants": " ".join(str(one) for one in sorted(variant.id for variant in picture.variants))}


def locked(product_id: int) -> Product:
    """The product, kept from others until the transaction ends. Raises PictureGone."""
    product = db.session.scalar(select(Product).where(Product.id == product_id).with_for_update())
    if product is None:
        raise PictureGone
    return product


def add(product: Product, paths: Sequence[str], alt: str) -> None:
    """Put pictures after those there are. Raises TooManyPictures."""
    there = len(product.pictures)
    if there + len(paths) > MOST_PICTURES:
        raise TooManyPictures
    product.pictures += [
        Picture(position=place, path=path, alt=alt[:LONGEST_ALT] or product.name)
        for place, path in enumerate(paths, there)
    ]


def move(product: Product, picture_id: int, by: int) -> int:
    """Move a picture by so many places, at most to either end; its new place. Raises PictureGone."""
    wanted = _of(product, picture_id)
    rest = [picture for picture in product.pictures if picture is not wanted]
    place = min(max(product.pictures.index(wanted) + by, 0), len(rest))
    lay_out([*rest[:place], wanted, *rest[place:]])
    return place


def describe(product: Product, picture_id: int, alt: str) -> None:
    """Say in words what a picture shows; without words it bears the product's name. Raises PictureGone."""
    _of(product, picture_id).alt = alt[:LONGEST_ALT] or product.name


@dataclass(frozen=True)
class Shows:
    """Variants that a picture may show: all with one value of an option, or a single one. `key` is the form's."""

    key: str
    label: str
    variants: frozenset[int]


def what_it_may_show(product: Product) -> list[Shows]:
    """Every choice there is for a picture of a product with several variants; none for one of a single variant."""
    if len(product.variants) < 2:
        return []
    choices = []
    for place, option in enumerate(product.options):
        of_value: dict[str, set[int]] = {}
        for variant in product.variants:
            of_value.setdefault("".join(variant.values[place : place + 1]), set()).add(variant.id)
        choices += [Shows(f"{place}:{value}", f"{option}: {value}", frozenset(of)) for value, of in of_value.items()]
    if len(product.options) != 1:
        single = [(one, frozenset({one.id})) for one in product.variants]
        choices += [Shows(f"sku:{one.sku}", one.label or one.sku, of) for one, of in single]
    return choices


def shows(product: Product, picture_id: int) -> str | None:
    """The key of what a picture shows; "" for the product as a whole, None for what none of the choices says."""
    here = frozenset(variant.id for variant in product.variants if variant.picture_id == picture_id)
    return next((one.key for one in what_it_may_show(product) if one.variants == here), None) if here else ""


def show_variants(product: Product, picture_id: int, key: str) -> None:
    """Let a picture show the variants of a choice, or "" the product as a whole. Raises PictureGone."""
    picture = _of(product, picture_id)
    chosen = next((one.variants for one in what_it_may_show(product) if one.key == key), frozenset())
    for variant in product.variants:
        if variant.id in chosen:
            variant.picture_id = picture.id
        elif variant.picture_id == picture.id:
            variant.picture_id = None


def take_away(product: Product, picture_id: int) -> str:
    """Remove a picture, the others close up; its path: its files stay, orders may show it. Raises PictureGone."""
    wanted = _of(product, picture_id)
    rest = [picture for picture in product.pictures if picture is not wanted]
    path = wanted.path
    db.session.delete(wanted)
    lay_out(rest)
    return path


def lay_out(pictures: Sequence[Picture]) -> None:
    """Give the pictures of a product the places 0, 1, 2... in this order."""
    for place, picture in enumerate(pictures):
        picture.position = -1 - place  # out of the way first: no two may have one place, not even for a moment
    db.session.flush()
    for place, picture in enumerate(pictures):
        picture.position = place
    db.session.flush()


def _of(product: Product, picture_id: int) -> Picture:
    for picture in product.pictures:
        if picture.id == picture_id:
            return picture
    raise PictureGone
