"""The columns of the catalogue's file: their names, what stands in them, and how a cell is read.

What is empty in a file stays as it is in the shop. So a column may be left out, and nothing is wiped by accident.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.catalog.products import (
    MAX_DESCRIPTION_LENGTH,
    MAX_LABEL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_OPTION_LENGTH,
    MAX_PRICE,
)
from shop.catalog.stock import MAX_STOCK
from shop.core.csv_files import BOM, csv_line
from shop.core.database import db
from shop.core.money import AmountError, read_shillings
from shop.core.text import typed_line, typed_text

PRODUCT_COLUMNS = {  # name: attribute of the product; written in the first row of each product only
    "Name": "name",
    "Category": "category_id",
    "Description": "description",
    "Option 1": "option_1",
    "Option 2": "option_2",
    "Option 3": "option_3",
    "Archived": "active",
    "Images": "images",
}
VARIANT_COLUMNS = {
    "Value 1": "value_1",
    "Value 2": "value_2",
    "Value 3": "value_3",
    "Label": "label",
    "Price": "price",
    "Stock": "on_hand",
    "Low at": "low_stock_threshold",
    "For sale": "active",
}
SLUG, SKU = "Slug", "SKU"
STOCK, SEEN_STOCK = "Stock", "Stock when exported"  # the second is only compared: it says which stock a row was made at
COLUMNS = (SLUG, *PRODUCT_COLUMNS, SKU, *VARIANT_COLUMNS, SEEN_STOCK)

SLUG_FORM = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
NUMBER = re.compile(r"([0-9]{1,3}(?:[, ][0-9]{3}){1,4}|[0-9]{1,9})(?:\.0{1,2})?", re.ASCII)
YES, NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")


class WrongCell(ValueError):
    """A cell cannot be read. Its message says why, and what to write."""


def yes_no(value: bool) -> str:
    """How the file says it."""
    return "yes" if value else "no"


def images_cell(images: Sequence[ProductImage]) -> str:
    """One line for each image: its path, a space, what it shows."""
    return "\n".join(f"{image.path} {image.alt}" for image in images)


def options_of(product: Product) -> tuple[str, str, str]:
    """What its variants differ in."""
    return product.option_1, product.option_2, product.option_3


def product_cells(product: Product, category: str) -> dict[str, str]:
    """A product as the file says it. `category` is how the file calls its category."""
    return {
        "Name": product.name,
        "Category": category,
        "Description": product.description,
        "Option 1": product.option_1,
        "Option 2": product.option_2,
        "Option 3": product.option_3,
        "Archived": yes_no(not product.active),
        "Images": images_cell(product.images),
    }


def variant_cells(variant: Variant, options: Sequence[str]) -> dict[str, str]:
    """A variant as the file says it. With options its label follows from its values and is left out."""
    return {
        "Value 1": variant.value_1,
        "Value 2": variant.value_2,
        "Value 3": variant.value_3,
        "Label": "" if any(options) else variant.label,
        "Price": str(variant.price),
        "Stock": str(variant.on_hand),
        "Low at": str(variant.low_stock_threshold),
        "For sale": yes_no(variant.active),
        SEEN_STOCK: str(variant.on_hand),
    }


def _text(longest: int, tidy: Callable[[str], str] = typed_line) -> Callable[[str], str]:
    def read(cell: str) -> str:
        text = tidy(cell)
        if len(text) > longest:
            raise WrongCell(f"has {len(text)} characters. Write {longest} or fewer")
        return text

    return read


def _number(most: int, unit: str) -> Callable[[str], int]:
    def read(cell: str) -> int:
        found = NUMBER.fullmatch(cell.strip())
        if not found:
            raise WrongCell(f"“{shortened(cell)}” is no number. Write {unit}, like 1250")
        return _within(int(re.sub("[, ]", "", found[1])), 0, most)

    return read


def _price(cell: str) -> int:
    try:
        price = read_shillings(cell)
    except AmountError:
        raise WrongCell(f"“{shortened(cell)}” is no price. Write whole shillings, like 1250") from None
    return _within(price, 1, MAX_PRICE)


def _within(number: int, least: int, most: int) -> int:
    if number > most:
        raise WrongCell(f"{number:,} is too high. Write {most:,} or less")
    if number < least:
        raise WrongCell(f"{number:,} is too low. Write {least:,} or more")
    return number


def _yes_or_no(cell: str) -> bool:
    word = cell.strip().lower()
    if word not in YES + NO:
        raise WrongCell(f"“{shortened(cell)}” is neither. Write yes or no")
    return word in YES


def shortened(text: str, longest: int = 40) -> str:
    """A text as a message quotes it."""
    text = typed_line(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


READERS: dict[str, Callable[[str], str | int | bool]] = {
    "Name": _text(MAX_NAME_LENGTH),
    "Description": _text(MAX_DESCRIPTION_LENGTH, typed_text),
    **dict.fromkeys(("Option 1", "Option 2", "Option 3"), _text(MAX_OPTION_LENGTH)),
    "Archived": lambda cell: not _yes_or_no(cell),
    **dict.fromkeys(("Value 1", "Value 2", "Value 3", "Label"), _text(MAX_LABEL_LENGTH)),
    "Price": _price,
    "Stock": _number(MAX_STOCK, "how many there are"),
    "Low at": _number(MAX_STOCK, "a number of pieces"),
    SEEN_STOCK: _number(MAX_STOCK, "the stock the file was exported at, or nothing"),
    "For sale": _yes_or_no,
}


def category_words(categories: list[Category]) -> dict[int, str]:
    """How the file calls each category: by its name, or by its slug where two are named alike."""
    names = [category.name.casefold() for category in categories]
    return {
        category.id: category.name if names.count(category.name.casefold()) == 1 else category.slug
        for category in categories
    }


def catalogue_lines() -> Iterator[str]:
    """The lines of the file, in the order of the shelf."""
    called = category_words(list(db.session.scalars(select(Category))))
    loaded = selectinload(Product.variants), selectinload(Product.images)
    products = db.session.scalars(select(Product).options(*loaded).order_by(Product.position, Product.id))
    yield BOM + csv_line(COLUMNS)
    for product in products:
        options = options_of(product)
        words = product_cells(product, called[product.category_id])
        for variant in product.variants:
            cells = {SLUG: product.slug, **words, SKU: variant.sku, **variant_cells(variant, options)}
            yield csv_line([cells.get(name, "") for name in COLUMNS])
            words = {}
