"""The demo shop: loads seed.toml into the database, and takes it out again.

Safe to repeat: rows that exist are not changed.
"""

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from shop.catalog.models import (
    Category,
    OldSlug,
    Product,
    ProductEdit,
    ProductImage,
    ProductSearchTerm,
    ProductStatus,
    Variant,
)
from shop.catalog.search_index import index_products
from shop.catalog.slugs import search_text
from shop.catalog.stock import OPENING, record_stock_move
from shop.core.database import db, updated
from shop.orders.models import Order, OrderLine
from shop.pricing.delivery_dates import DeliveryCalendar
from shop.pricing.models import DeliveryArea, DiscountCode
from shop.store.content_pages import starter_pages
from shop.store.models import ContentPage, HomeSection
from shop.store.settings import store_settings_row

SEED = Path(__file__).parent / "seed.toml"


def seed_shop(live_codes: bool) -> int:
    """Add the missing demo data, inside the caller's transaction, and return how many products were added.

    Its discount codes are public, so they are switched off unless `live_codes`.
    """
    seed = tomllib.loads(SEED.read_text(encoding="utf-8"))
    categories = _categories(seed["category"])
    known = set(db.session.scalars(select(Product.slug)))
    new = [(position, entry) for position, entry in enumerate(seed["product"]) if entry["slug"] not in known]
    for position, entry in new:
        db.session.add(_product(entry, position, categories[entry["category"]]))
        for variant in entry["variant"]:
            record_stock_move(variant["sku"], on_hand=variant["stock"], reason=OPENING)
    index_products(db.session.scalars(select(Product.id)))
    if not known:
        _storefront(seed)
    _areas(seed["area"])
    _discounts(seed["discount"], live_codes)
    return len(new)


def _categories(entries: list[dict[str, Any]]) -> dict[str, Category]:
    categories = {category.slug: category for category in db.session.scalars(select(Category))}
    for position, entry in enumerate(entries):
        if entry["slug"] not in categories:
            categories[entry["slug"]] = Category(**entry, position=position, demo=True)
            db.session.add(categories[entry["slug"]])
    db.session.flush()
    return categories


def _product(entry: dict[str, Any], position: int, category: Category) -> Product:
    skus = [variant["sku"] for variant in entry["variant"]]
    images = [
        ProductImage(position=place, path=image["file"], alt=image["alt"])
        for place, image in enumerate(entry["images"])
    ]
    return Product(
        slug=entry["slug"],
        name=entry["name"],
        description=entry["description"].strip(),
        search_words=entry.get("search_words", ""),
        search_text=search_text(entry["name"], category.name, skus, entry["description"]),
        category_id=category.id,
        position=position,
        status=ProductStatus.PUBLISHED,
        demo=True,
        images=images,
        variants=[
            Variant(
                sku=variant["sku"],
                label=variant["label"],
                price=variant["price"],
                was_price=variant.get("was_price"),
                on_hand=variant["stock"],
                position=place,
                image=images[variant["image"] - 1] if "image" in variant else None,
            )
            for place, variant in enumerate(entry["variant"])
        ],
    )


def _storefront(seed: dict[str, Any]) -> None:
    """The demo's home page, tagline and pages, in a shop that has none of its own."""
    settings = store_settings_row()
    settings.tagline = settings.tagline or seed["tagline"]
    settings.logo = settings.logo or seed["logo"]
    if db.session.scalar(select(HomeSection.id).limit(1)) is None:
        blank = dict.fromkeys(("heading", "text", "image", "alt", "button", "link"), "")
        db.session.add_all(
            HomeSection(position=place, demo=True, **{**blank, **entry}) for place, entry in enumerate(seed["section"])
        )
    if db.session.scalar(select(ContentPage.id).limit(1)) is None:
        starters = starter_pages()
        db.session.add_all(
            ContentPage(slug=name, title=starters[name][0], text=starters[name][1], position=place, demo=True)
            for place, name in enumerate(seed["pages"])
        )


def _areas(entries: list[dict[str, Any]]) -> None:
    known = set(db.session.scalars(select(DeliveryArea.code)))
    for position, entry in enumerate(entries):
        if entry["code"] not in known:
            calendar = DeliveryCalendar.read(entry["calendar"])
            db.session.add(DeliveryArea(**{**entry, "calendar": calendar}, position=position, demo=True))


def _discounts(entries: list[dict[str, Any]], active: bool) -> None:
    known = set(db.session.scalars(select(DiscountCode.code)))
    for entry in entries:
        if entry["code"] not in known:
            expires: date | None = entry.get("expires")
            db.session.add(
                DiscountCode(
                    code=entry["code"],
                    active=active,
                    demo=True,
                    kind=entry["kind"],
                    value=entry["value"],
                    minimum_subtotal=entry.get("minimum_subtotal", 0),
                    max_uses=entry.get("max_uses"),
                    expires_at=datetime.combine(expires, time(), UTC) if expires else None,
                )
            )


@dataclass(frozen=True)
class RemovedDemo:
    """What "Remove the demo" did."""

    deleted: int  # products that were never ordered
    archived: int  # products that an order names: they are kept, but no longer sold
    areas_left: bool  # the demo's delivery areas stay until the owner has added one


def remove_demo() -> RemovedDemo:
    """Take the demo out of the shop, inside the caller's transaction: products, categories, codes, areas, home page.

    What the owner has changed is no longer of the demo, and stays. So do the pages: their texts fit any shop.
    """
    of_demo = select(Product.id).where(Product.demo)
    # an order that is being placed holds one of these rows: it is seen below, or finds the product gone
    locked = select(Variant.id).where(Variant.product_id.in_(of_demo)).order_by(Variant.sku).with_for_update()
    db.session.execute(locked)
    ordered = (
        select(Variant.product_id).join(OrderLine, OrderLine.sku == Variant.sku).where(Variant.product_id.in_(of_demo))
    )
    sold = list(db.session.scalars(ordered.distinct()))
    unsold = list(db.session.scalars(of_demo.where(Product.id.not_in(sold))))
    _delete_products(unsold)
    archived = updated(update(Product).where(Product.id.in_(sold)).values(status=ProductStatus.ARCHIVED, demo=False))
    own_codes = select(DiscountCode.category_id).where(~DiscountCode.demo, DiscountCode.category_id.is_not(None))
    kept = select(Product.category_id).union(own_codes)
    db.session.execute(delete(Category).where(Category.demo, Category.id.not_in(kept)))
    without_sales = Category.id.not_in(select(Product.category_id).where(Product.published))
    db.session.execute(update(Category).where(Category.demo, without_sales).values(active=False, demo=False))
    used = select(Order.discount_code_id).where(Order.discount_code_id.is_not(None))
    db.session.execute(delete(DiscountCode).where(DiscountCode.demo, DiscountCode.id.not_in(used)))
    db.session.execute(update(DiscountCode).where(DiscountCode.demo).values(active=False, demo=False))
    own_area = db.session.scalar(select(DeliveryArea.id).where(~DeliveryArea.demo, DeliveryArea.active).limit(1))
    if own_area is not None:
        db.session.execute(delete(DeliveryArea).where(DeliveryArea.demo))
    db.session.execute(delete(HomeSection).where(HomeSection.demo))
    settings = store_settings_row()
    seed = tomllib.loads(SEED.read_text(encoding="utf-8"))
    for name in ("tagline", "logo"):
        if getattr(settings, name) == seed[name]:
            setattr(settings, name, "")
    return RemovedDemo(len(unsold), archived, own_area is None)


def _delete_products(ids: list[int]) -> None:
    """Delete products with everything that belongs to them. Their stock ledger stays."""
    db.session.execute(update(Variant).where(Variant.product_id.in_(ids)).values(image_id=None))
    for table in (Variant, ProductImage, ProductSearchTerm, ProductEdit):
        db.session.execute(delete(table).where(table.product_id.in_(ids)))
    db.session.execute(delete(OldSlug).where(OldSlug.kind == "product", OldSlug.item_id.in_(ids)))
    db.session.execute(delete(Product).where(Product.id.in_(ids)))
