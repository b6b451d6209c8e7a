"""The shop's icon: its logo, or its first letter in its colour; and the manifest that phones read (W3C "Web Application
Manifest").

iPhones and old browsers show no SVG, so the icon is also a PNG: of the logo if that is a photo, else of the letter.
"""

from functools import lru_cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

from flask import Blueprint, Response, jsonify, redirect, send_file, url_for
from werkzeug.wrappers import Response as AnyResponse

from shop.catalog.images.paths import image_at
from shop.catalog.share_cards import photo_file
from shop.store.palette import palette
from shop.store.settings import current_store
from shop.web.caching import make_cacheable

TOUCH_ICON_SIZE = 180  # pixels, what iPhones ask for

icons = Blueprint("icons", __name__)


def icon_address(width: int = 160) -> str:
    """The address of the icon, for templates. A logo comes at least `width` pixels wide, if it is that large."""
    shop = current_store()
    if shop.logo:
        return image_at(shop.logo, width)
    return url_for("icons.letter", v=_version())


def touch_icon_address() -> str:
    """The address of the icon as a PNG, for templates."""
    return url_for("icons.touch_icon", v=_version())


def _version() -> str:
    shop = current_store()
    return sha256(f"{shop.name[:1]}{shop.colour}{shop.logo}".encode()).hexdigest()[:8]


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


@icons.get("/apple-touch-icon.png")
def touch_icon() -> Response:
    """The icon as a PNG, where phones look for it by themselves."""
    shop = current_store()
    png = _png(photo_file(shop.logo), shop.name[:1].upper(), shop.colour)
    response = send_file(BytesIO(png), mimetype="image/png", etag=_version())
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


@lru_cache(maxsize=4)
def _png(logo: Path | None, letter: str, colour: str) -> bytes:
    """The logo on white, or the letter on the shop's colour."""
    from PIL import Image, ImageDraw, ImageFont, ImageOps  # fonts take memory that few processes need

    size = (TOUCH_ICON_SIZE, TOUCH_ICON_SIZE)
    if logo is not None:
        with Image.open(logo) as opened:
            icon = ImageOps.pad(opened.convert("RGB"), size, color="white")
    else:
        scheme = palette(colour).light
        icon = Image.new("RGB", size, scheme.brand)
        font = ImageFont.load_default(110)
        middle = TOUCH_ICON_SIZE / 2
        ImageDraw.Draw(icon).text((middle, middle), letter, font=font, fill=scheme.on_brand, anchor="mm")
    written = BytesIO()
    icon.save(written, "PNG", optimize=True)
    return written.getvalue()


@icons.get("/favicon.ico")
def favicon() -> AnyResponse:
    """Where browsers look for an icon by themselves."""
    return redirect(touch_icon_address(), 302)


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
            "icons": [
                {"src": icon_address(640), "sizes": "any"},
                {"src": touch_icon_address(), "sizes": f"{TOUCH_ICON_SIZE}x{TOUCH_ICON_SIZE}", "type": "image/png"},
            ],
        }
    )
    response.mimetype = "application/manifest+json"
    return make_cacheable(response)
