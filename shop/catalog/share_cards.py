"""The addresses and files of share cards. A card is drawn when first asked for.

It is kept until its text or image changes. The files may be deleted at any time: they are drawn again.
"""

import os
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from flask import current_app, url_for

from shop.catalog.images import serving
from shop.catalog.images.paths import files_of
from shop.config import Settings
from shop.core.money import shillings
from shop.store.settings import current_store
from shop.web.assets import STATIC

PHOTOS = (".jpg", ".jpeg", ".png", ".webp")


def card_price(price: int, varies: bool) -> str:
    """The price on a card, from whole shillings: "KSh 950", or "From KSh 950" if it varies."""
    return f"{'From ' if varies else ''}{shillings(price)}"


def card_version(name: str, price: str, image: str) -> str:
    """Twelve characters that change with everything the card shows."""
    shop = current_store()
    shown = "\n".join((name, price, image, shop.name, shop.colour))
    return sha256(shown.encode()).hexdigest()[:12]


def card_address(slug: str, name: str, price: str, image: str) -> str:
    """The full address of a product's card, for `og:image` and feeds."""
    settings: Settings = current_app.config["SETTINGS"]
    version = card_version(name, price, image)
    return settings.shop_url + url_for("catalog.share_card", slug=slug, version=version)


def card_file(product_id: int, name: str, price: str, image: str) -> Path:
    """The file of a product's card, drawn if it is missing; cards of earlier texts are deleted. Raises OSError."""
    folder = serving.folder() / "cards"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{product_id}-{card_version(name, price, image)}.jpg"
    if not file.is_file():
        from shop.catalog.images.share_card import share_card  # fonts take memory that few processes need

        card = share_card(photo_file(image), name, price, current_store().name, current_store().colour)
        with NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as new:
            new.write(card)
        os.replace(new.name, file)
        for old in folder.glob(f"{product_id}-*.jpg"):
            if old != file:
                old.unlink(missing_ok=True)
    return file


def photo_file(image: str) -> Path | None:
    """The file of a photo in its largest size; None for a drawing or no image."""
    names = files_of(image)
    file = serving.folder() / names[-1] if names else STATIC / image
    return file if file.suffix in PHOTOS and file.is_file() else None
