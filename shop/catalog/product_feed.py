"""The product feed for WhatsApp, Facebook and Google: one row for each variant, as CSV or XML.

Columns and values follow Meta's "Catalog field specifications" and Google's "Product data specification"; both read
the same names. The address is secret, because a feed tells the whole catalogue at once, with what is in stock.
"""

import csv
import hmac
import io
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from flask import url_for
from sqlalchemy import func, select

from shop.catalog.images.paths import MAX_WIDTH, NO_IMAGE, image_at, shown
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.catalog.queries import image_of_variant
from shop.catalog.share_cards import card_address, card_price
from shop.catalog.structured_data import absolute
from shop.config import Settings
from shop.core.database import db
from shop.core.text import one_line
from shop.store.settings import current_store

COLUMNS = (
    *(
        "id",
        "item_group_id",
        "title",
        "description",
        "availability",
        "condition",
        "price",
        "sale_price",
        "link",
        "image_link",
    ),
    *("brand", "product_type", "identifier_exists"),
)
MAX_TITLE, MAX_DESCRIPTION = 150, 5000  # characters, of Google's specification
BATCH = 500  # rows read from the database at once


def feed_token(settings: Settings, key: str | None = None) -> str:
    """The secret part of the feed's address. It follows from SECRET_KEY, and changes with it."""
    return hmac.new((key or settings.secret_key).encode(), b"product feed", sha256).hexdigest()[:32]


def is_feed_token(settings: Settings, token: str) -> bool:
    """Whether a token opens the feed: one of the current key or of a key that is still listed."""
    return any(hmac.compare_digest(feed_token(settings, key).encode(), token.encode()) for key in settings.secret_keys)


def feed_rows(settings: Settings) -> Iterator[dict[str, str]]:
    """The active variants of all products for sale, in the order of the catalogue."""
    columns: tuple[Any, ...] = (
        *(Variant.sku, Variant.label, Variant.price, Variant.was_price, Variant.on_hand > Variant.held),
        *(Product.slug, Product.name, Product.description, Category.name),
        func.coalesce(ProductImage.path, NO_IMAGE),
    )
    query = (
        select(*columns)
        .join(Product, Product.id == Variant.product_id)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(ProductImage, image_of_variant())
        .where(Variant.active, Product.published)
        .order_by(Product.position, Product.id, Variant.position)
    )
    brand = current_store().name
    for sku, label, price, was, left, slug, name, description, category, image in db.session.execute(
        query.execution_options(yield_per=BATCH)
    ):
        yield {
            "id": sku,
            "item_group_id": slug,
            "title": (f"{name}, {label}" if label else name)[:MAX_TITLE],
            "description": one_line(description or name, MAX_DESCRIPTION)[:MAX_DESCRIPTION],
            "availability": "in stock" if left else "out of stock",
            "condition": "new",
            "price": f"{was or price}.00 KES",
            "sale_price": f"{price}.00 KES" if was else "",
            "link": settings.shop_url + url_for("catalog.product", slug=slug),
            "image_link": _image_link(slug, name, price, image),
            "brand": brand,
            "product_type": category,
            "identifier_exists": "no",
        }


def _image_link(slug: str, name: str, price: int, image: str) -> str:
    """The photo itself, because catalogues refuse pictures with text; the card of a drawing, which they cannot read."""
    photo = image_at(image, MAX_WIDTH)
    return absolute(photo) if shown(image).jpeg else card_address(slug, name, card_price(price, varies=False), image)


def as_csv(rows: Iterator[dict[str, str]]) -> Iterator[str]:
    """The feed as CSV, line by line."""
    for row in ({name: name for name in COLUMNS}, *rows):
        line = io.StringIO()
        csv.writer(line, lineterminator="\r\n").writerow([row[name] for name in COLUMNS])
        yield line.getvalue()


def as_xml(rows: Iterator[dict[str, str]], settings: Settings) -> Iterator[str]:
    """The feed as RSS 2.0 with Google's namespace."""
    shop = escape(current_store().name)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<rss version={quoteattr('2.0')} xmlns:g={quoteattr('http://base.google.com/ns/1.0')}><channel>\n"
    yield f"<title>{shop}</title><link>{escape(settings.shop_url)}</link><description>{shop}</description>\n"
    for row in rows:
        fields = "".join(f"<g:{name}>{escape(_clean(row[name]))}</g:{name}>" for name in COLUMNS if row[name])
        yield f"<item>{fields}</item>\n"
    yield "</channel></rss>\n"


def _clean(text: str) -> str:
    """The text without characters that XML does not allow."""
    return "".join(character for character in text if character.isprintable())
