"""The shop's icon: its logo, or its first letter in its colour; and the manifest that phones read (W3C "Web Application
Manifest").
"""

from hashlib import sha256
from xml.sax.saxutils import escape

from flask import Blueprint, Response, jsonify, redirect, url_for
from werkzeug.wrappers import Response as AnyResponse

from shop.catalog.images.paths import image_at
from shop.store.palette import palette
from shop.store.settings import current_store
from shop.web.caching import make_cacheable

icons = Blueprint("icons", __name__)


def icon_address(width: int = 160) -> str:
    """The address of the icon, for templates. A logo comes at least `width` pixels wide, if it is that large."""
    shop = current_store()
    if shop.logo:
        return image_at(shop.logo, width)
    return url_for("icons.letter", v=sha256(f"{shop.name[:1]}{shop.colour}".encode()).hexdigest()[:8])


@icons.get("/icon.svg")
def letter() -> Response:
    """The first letter of the shop's name, for a shop without a logo."""
    shop = current_store()
    scheme = palette(shop.colour).light
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96" width="96" height="96">'
        f'<rect width="96" height="96" rx="18" fill="{scheme.brand}"/>'
        f'<text x="48" y="67" font-family="Georgia, serif" font-size="56" font-weight="700" text-anchor="middle" '
        f'fill="{scheme.on_brand}">{escape(shop.name[:1].upper())}</text></svg>'
    )
    return make_cacheable(Response(svg, mimetype="image/svg+xml"))


@icons.get("/favicon.ico")
@icons.get("/apple-touch-icon.png")
def favicon() -> AnyResponse:
    """Where browsers and phones look for an icon by themselves."""
    return redirect(icon_address(), 302)


@icons.get("/manifest.webmanifest")
def manifest() -> Response:
    """Name, colours and icon, for a phone that puts the shop on its home screen."""
    shop = current_store()
    response = jsonify(
        {
            "name": shop.name,
            "short_name": shop.name[:12],
            "description": shop.tagline,
            "start_url": url_for("catalog.home"),
            "display": "browser",
            "background_color": "#fdfdfb",
            "theme_color": shop.colour,
            "icons": [{"src": icon_address(640), "sizes": "any"}],
        }
    )
    response.mimetype = "application/manifest+json"
    return make_cacheable(response)
