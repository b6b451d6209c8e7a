"""An export has no formulas and loses nothing when it is imported, whatever the texts are."""

from itertools import cycle

from sqlalchemy import delete, select

from shop.catalog.csv_import.columns import catalogue_lines
from shop.catalog.models import Product, ProductImage, ProductStatus, Variant
from shop.catalog.slugs import label_of
from shop.core.database import db, write
from shop.core.text import typed_line, typed_text
from tests.csv_sheets import imported, planned, rows_of
from tests.malicious_input import STRINGS

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
MORE = (
    "'=1",
    "''=1",
    "'",
    "''",
    "'Mkeka'",
    '"',
    '""',
    ",",
    ";",
    "a;=1",
    "a,b",
    "yes",
    "NULL",
    "0",
    "1e5",
    "００",
    "-5",
)
TEXTS = [line for line in (typed_line(text)[:40].strip() for text in (*MORE, *STRINGS)) if line]


def fill(texts):
    """Give every product and variant other values, with texts as the forms would store them."""
    texts = cycle(texts)
    for place, product in enumerate(db.session.scalars(select(Product).order_by(Product.id))):
        product.name, product.status = next(texts), list(ProductStatus)[place % 4]
        product.search_words, product.featured = next(texts), place % 2 == 0
        product.description = typed_text("\n".join((next(texts), "", next(texts))))
        if place % 3 == 0:
            product.option_1, product.option_2 = "=Size", "'Colour"
        for image in product.images:
            image.alt = next(texts)
        for number, variant in enumerate(product.variants):
            variant.label = f"{next(texts)}{number or ''}"
            variant.price, variant.on_hand, variant.low_stock_threshold = 100 + place, 50 + number, place
            variant.was_price = 500 + place if number else None
            variant.active = number != 1
            if product.options:
                variant.value_1, variant.value_2 = next(texts), f"Red {number}"
                variant.label = label_of((variant.value_1, variant.value_2))


def exported():
    return "".join(catalogue_lines())


def test_an_export_has_no_formulas_and_brings_back_its_values_and_products(app):
    with app.app_context():
        write(lambda: fill(TEXTS))
        file = exported()
        assert [cell for row in rows_of(file.encode()) for cell in row.values() if cell.startswith(FORMULAS)] == []
        assert {line.outcome for line in planned(file).lines} == {"same"}

        write(lambda: fill(TEXTS[5:] + TEXTS[:5]))
        assert exported() != file
        imported(file)
        assert exported() == file

        write(lambda: [db.session.execute(delete(model)) for model in (Variant, ProductImage, Product)])
        imported(file)
        assert exported() == file
