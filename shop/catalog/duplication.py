"""Copying a product. Runs inside the caller's transaction."""

from sqlalchemy import func, select

from shop.catalog.models import Product, ProductImage, Variant
from shop.catalog.products import MAX_NAME_LENGTH, refresh_search
from shop.catalog.slugs import MAX_SKU_LENGTH, free_skus, free_slug
from shop.core.database import db

COPY = " (copy)"  # ends the name
NUMBER_LENGTH = 4  # characters that make a copied SKU unique: "-2"


def duplicate(product: Product) -> Product:
    """Copy a product with its options, variants and images, as a draft without stock.

    The copy shows the same image files. A SKU taken at the same moment breaks a UNIQUE constraint (IntegrityError).
    """
    name = product.name[: MAX_NAME_LENGTH - len(COPY)] + COPY
    images = {
        image.id: ProductImage(position=image.position, path=image.path, alt=image.alt) for image in product.images
    }
    copy = Product(
        slug=free_slug(Product, name),
        name=name,
        description=product.description,
        search_text="",
        search_words=product.search_words,
        category_id=product.category_id,
        position=(db.session.scalar(select(func.min(Product.position))) or 0) - 1,
        option_1=product.option_1,
        option_2=product.option_2,
        option_3=product.option_3,
        needs_options=product.needs_options,
        images=list(images.values()),
    )
    skus = free_skus([variant.sku[: MAX_SKU_LENGTH - NUMBER_LENGTH].strip("-") for variant in product.variants])
    copy.variants = [
        Variant(
            sku=sku,
            label=variant.label,
            price=variant.price,
            was_price=variant.was_price,
            on_hand=0,
            position=variant.position,
            active=variant.active,
            value_1=variant.value_1,
            value_2=variant.value_2,
            value_3=variant.value_3,
            low_stock_threshold=variant.low_stock_threshold,
            image=images[variant.image_id] if variant.image_id else None,
        )
        for variant, sku in zip(product.variants, skus, strict=True)
    ]
    db.session.add(copy)
    db.session.flush()
    refresh_search(copy)
    return copy
