"""The pictures a file wants for a product: only such as the shop already has."""

import re

from shop.assets import STATIC
from shop.catalog import media
from shop.catalog.arranging import LONGEST_ALT, MOST_PICTURES
from shop.catalog.models import Product
from shop.checkout.forms import one_line

DRAWING = re.compile(r"img/products/[a-z0-9-]+\.svg", re.ASCII)


def wanted_pictures(cell: str, product: Product | None) -> tuple[list[tuple[str, str]] | None, str]:
    """(path, alt) of each, or None when they are those there are; and a warning, when they cannot be had."""
    own = {picture.path: picture.alt for picture in product.pictures} if product else {}
    wanted: dict[str, str] = {}
    for line in filter(str.strip, cell.replace("\r", "\n").split("\n")):
        path, _, alt = line.strip().partition(" ")
        alt = one_line(alt)
        if path in wanted:
            return None, f"{path[:80]} stands there twice"
        if path not in own and not _known(path):
            return None, f"the shop has no picture {path[:80]}. Add it on the product’s page"
        if len(alt) > LONGEST_ALT:
            return None, f"what {path[:80]} shows must be {LONGEST_ALT} characters or fewer"
        wanted[path] = alt or own.get(path, "")
    if len(wanted) > MOST_PICTURES:
        return None, f"a product has at most {MOST_PICTURES}"
    pictures = list(wanted.items())
    same = product is not None and pictures == [(picture.path, picture.alt) for picture in product.pictures]
    return (None if same else pictures), ""


def _known(path: str) -> bool:
    if DRAWING.fullmatch(path):
        return (STATIC / path).is_file()
    return media.is_kept(path)
