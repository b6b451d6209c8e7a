"""What search engines read in a page: JSON-LD in the words of schema.org, with full addresses."""

from typing import Any

from flask import current_app, url_for

from shop.catalog.reviews import MAX_STARS, Rating
from shop.config import Settings
from shop.store.settings import Store


def absolute(path: str) -> str:
    """The full address of a path of this shop."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.shop_url + path


def organisation(shop: Store, logo: str) -> dict[str, Any]:
    """The shop as a store, with what it says about itself. `logo` is the address of its logo."""
    known = {"telephone": shop.phone, "email": shop.email, "address": shop.address, "description": shop.tagline}
    return {
        "@context": "https://schema.org",
        "@type": "Store",
        "name": shop.name,
        "url": absolute(url_for("catalog.home")),
        "logo": absolute(logo),
        **{name: value for name, value in known.items() if value},
        "potentialAction": {
            "@type": "SearchAction",
            "target": f"{absolute(url_for('catalog.search'))}?q={{search_term_string}}",
            "query-input": "required name=search_term_string",
        },
    }


def breadcrumbs(*trail: tuple[str, str]) -> dict[str, Any]:
    """The trail to a page as (name, path), the home page first."""
    return {
        "@context": "https://schema.org",
        "@type": "BreadcrumbList",
        "itemListElement": [
            {"@type": "ListItem", "position": place, "name": name, "item": absolute(path)}
            for place, (name, path) in enumerate(trail, 1)
        ],
    }


def product(
    name: str,
    description: str,
    path: str,
    images: list[str],
    offers: list[tuple[str, int, bool]],
    rating: Rating,
) -> dict[str, Any]:
    """A product with an offer for each variant: (SKU, price in whole shillings, whether it is in stock).

    Its rating is left out while it has no review, which search engines would call an error.
    """
    rated = {
        "@type": "AggregateRating",
        "ratingValue": rating.average,
        "reviewCount": rating.count,
        "bestRating": MAX_STARS,
        "worstRating": 1,
    }
    return {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": name,
        "description": description or name,
        "url": absolute(path),
        "image": [absolute(image) for image in images],
        **({"aggregateRating": rated} if rating.count else {}),
        "offers": [
            {
                "@type": "Offer",
                "sku": sku,
                "url": absolute(path),
                "price": str(price),
                "priceCurrency": "KES",
                "itemCondition": "https://schema.org/NewCondition",
                "availability": f"https://schema.org/{'InStock' if in_stock else 'OutOfStock'}",
            }
            for sku, price, in_stock in offers
        ],
    }
