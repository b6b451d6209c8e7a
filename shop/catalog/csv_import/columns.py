"""The columns of the catalogue file: names, values, and how a cell is read. The export.

An empty cell changes nothing, so a column may be left out and nothing is deleted by accident.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from shop.catalog.models import Category, Product, ProductStatus, Variant
from shop.catalog.products import (
    MAX_DESCRIPTION_LENGTH,
    MAX_LABEL_LENGTH,
    MAX_NAME_LENGTH,
    MAX_OPTION_LENGTH,
    MAX_PRICE,
    MAX_SEARCH_WORDS_LENGTH,
)
from shop.catalog.stock import MAX_STOCK
from shop.core.csv_files import BOM, csv_line
from shop.core.database import db
from shop.core.money import AmountError, read_shillings
from shop.core.text import typed_line, typed_text

PRODUCT_COLUMNS = {  # {column: attribute of the product}; filled in the first row of each product only
    "Name": "name",
    "Category": "category_id",
    "Description": "description",
    "Option 1": "option_1",
    "Option 2": "option_2",
    "Option 3": "option_3",
    "Search words": "search_words",
    "Featured": "featured",
    "Status": "status",
    "Images": "images",
}
VARIANT_COLUMNS = {
    "Value 1": "value_1",
    "Value 2": "value_2",
    "Value 3": "value_3",
    "Label": "label",
    "Price": "price",
    "Price before": "was_price",
    "Stock": "on_hand",
    "Low at": "low_stock_threshold",
    "For sale": "active",
}
SLUG, SKU = "Slug", "SKU"
STOCK, SEEN_STOCK = "Stock", "Stock when exported"  # the second is only compared
COLUMNS = (SLUG, *PRODUCT_COLUMNS, SKU, *VARIANT_COLUMNS, SEEN_STOCK)

SLUG_PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)

YES, NO = ("yes", "y", "true", "1"), ("no", "n", "false", "0")


class WrongCell(ValueError):
    """A cell cannot be read. The message says why, and what to write."""


def yes_no(value: bool) -> str:
    """A boolean as the file writes it."""
    return "yes" if value else "no"


def options_of(product: Product) -> tuple[str, str, str]:
    """The names of its three options, "" if unused."""
    return product.option_1, product.option_2, product.option_3


def values_of(variant: Variant) -> tuple[str, str, str]:
    """Its values of the three options, "" if unused."""
    return variant.value_1, variant.value_2, variant.value_3


def product_cells(product: Product, category: str) -> dict[str, str]:
    """The cells of a product. `category` is its category's name in the file."""
    return {
        "Name": product.name,
        "Category": category,
        "Description": product.description,
        "Option 1": product.option_1,
        "Option 2": product.option_2,
        "Option 3": product.option_3,
        "Search words": product.search_words,
        "Featured": yes_no(product.featured),
        "Status": product.status,
        "Images": "\n".join(f"{image.path} {image.alt}" for image in product.images),
    }


def variant_cells(variant: Variant) -> dict[str, str]:
    """The cells of a variant. With options, the label is derived from the values and left empty."""
    return {
        "Value 1": variant.value_1,
        "Value 2": variant.value_2,
        "Value 3": variant.value_3,
        "Label": "" if variant.product.options else variant.label,
        "Price": str(variant.price),
        "Price before": str(variant.was_price or ""),
        "Stock": str(variant.on_hand),
        "Low at": str(variant.low_stock_threshold),
        "For sale": yes_no(variant.active),
        SEEN_STOCK: str(variant.on_hand),
    }


def _text(max_length: int, tidy: Callable[[str], str] = typed_line) -> Callable[[str], str]:
    def read(cell: str) -> str:
        text = tidy(cell)
        if len(text) > max_length:
            raise WrongCell(f"It has {len(text)} characters. Write {max_length} or fewer")
        return text

    return read


def _number(least: int, most: int, kind: str, cure: str) -> Callable[[str], int]:
    def read(cell: str) -> int:
        try:
            number = read_shillings(cell)
        except AmountError:
            raise WrongCell(f"“{shortened(cell)}” is no {kind}. Write {cure}, like 1250") from None
        if number > most:
            raise WrongCell(f"{number:,} is too high. Write {most:,} or less")
        if number < least:
            raise WrongCell(f"{number:,} is too low. Write {least:,} or more")
        return number

    return read


def _yes_or_no(cell: str) -> bool:
    word = cell.strip().lower()
    if word not in YES + NO:
        raise WrongCell(f"“{shortened(cell)}” is neither. Write yes or no")
    return word in YES


def _price_before(cell: str) -> int | None:
    return _number(0, MAX_PRICE, "price", "the price before the sale, or 0 to end the sale")(cell) or None


def _status(cell: str) -> str:
    word = cell.strip().lower()
    if word not in list(ProductStatus):
        raise WrongCell(f"“{shortened(cell)}” is no status. Write one of: {', '.join(ProductStatus)}")
    return word


def shortened(text: str, max_length: int = 40) -> str:
    """A text on one line, cut to be quoted in a message."""
    text = typed_line(text)
    return text if len(text) <= max_length else f"{text[: max_length - 1]}…"


READERS: dict[str, Callable[[str], Any]] = {
    "Name": _text(MAX_NAME_LENGTH),
    "Description": _text(MAX_DESCRIPTION_LENGTH, typed_text),
    **dict.fromkeys(("Option 1", "Option 2", "Option 3"), _text(MAX_OPTION_LENGTH)),
    "Search words": _text(MAX_SEARCH_WORDS_LENGTH),
    "Featured": _yes_or_no,
    "Status": _status,
    **dict.fromkeys(("Value 1", "Value 2", "Value 3", "Label"), _text(MAX_LABEL_LENGTH)),
    "Price": _number(1, MAX_PRICE, "price", "whole shillings"),
    "Price before": _price_before,
    "Stock": _number(0, MAX_STOCK, "number", "how many there are"),
    "Low at": _number(0, MAX_STOCK, "number", "a number of pieces"),
    SEEN_STOCK: _number(0, MAX_STOCK, "number", "the stock the file was exported at, or nothing"),
    "For sale": _yes_or_no,
}


def category_names(categories: list[Category]) -> dict[int, str]:
    """{id: name in the file} of each category: its name, or its slug if two have the same name."""
    names = [category.name.casefold() for category in categories]
    return {
        category.id: category.name if names.count(category.name.casefold()) == 1 else category.slug
        for category in categories
    }


def catalogue_lines() -> Iterator[str]:
    """The lines of the exported file, products in the merchant's order."""
    names = category_names(list(db.session.scalars(select(Category))))
    loaded = selectinload(Product.variants), selectinload(Product.images)
    products = db.session.scalars(select(Product).options(*loaded).order_by(Product.position, Product.id))
    yield BOM + csv_line(COLUMNS)
    for product in products:
        first_row = product_cells(product, names[product.category_id])
        for variant in product.variants:
            cells = {SLUG: product.slug, **first_row, SKU: variant.sku, **variant_cells(variant)}
            yield csv_line([cells.get(column, "") for column in COLUMNS])
            first_row = {}
