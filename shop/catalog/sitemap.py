"""For search engines: robots.txt (RFC 9309), and the sitemap of all public pages (sitemaps.org, protocol 0.9)."""

from collections.abc import Iterable
from xml.sax.saxutils import escape

from flask import Blueprint, Response, abort, current_app, url_for
from sqlalchemy import func, select

from shop.catalog.models import Category, Product
from shop.catalog.search_query import for_sale_conditions
from shop.config import Settings
from shop.core.database import db
from shop.store.content_pages import page_links
from shop.store.settings import current_store
from shop.web.caching import make_cacheable

PER_FILE = 10_000  # addresses; the protocol allows 50,000
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
# personal pages, and pages that are made for one person
DISALLOWED = ("/admin", "/c/", "/cart", "/checkout", "/chpter", "/d/", "/orders")

sitemap = Blueprint("sitemap", __name__)


@sitemap.get("/robots.txt")
def robots() -> Response:
    """Keep robots out of personal pages, and tell them where the sitemap is."""
    rules = "".join(f"Disallow: {path}\n" for path in DISALLOWED)
    text = f"User-agent: *\n{rules}\nSitemap: {_shop_url()}{url_for('sitemap.index')}\n"
    return make_cacheable(Response(text, mimetype="text/plain"))


@sitemap.get("/sitemap.xml")
def index() -> Response:
    """The sitemap index: a file of pages and categories, and one for each PER_FILE products."""
    products = db.session.scalar(select(func.count(Product.id)).where(*for_sale_conditions())) or 0
    files = [url_for("sitemap.pages")]
    files += [url_for("sitemap.products", part=part + 1) for part in range(-(-products // PER_FILE))]
    return _xml("sitemapindex", "sitemap", files)


@sitemap.get("/sitemap-pages.xml")
def pages() -> Response:
    """The home page, the list of all products, the categories and the owner's pages."""
    paths = [url_for("catalog.home"), url_for("catalog.products"), url_for("privacy.privacy_page")]
    slugs = db.session.scalars(select(Category.slug).where(Category.active).order_by(Category.position))
    paths += [url_for("catalog.category", slug=slug) for slug in slugs]
    paths += [url_for("about.content_page", slug=page.slug) for page in page_links.value()]
    if current_store().about:
        paths.append(url_for("about.about_page"))
    return _xml("urlset", "url", paths)


@sitemap.get("/sitemap-products-<int(max=9999):part>.xml")
def products(part: int) -> Response:
    """One file of products, from number 1."""
    query = select(Product.slug).where(*for_sale_conditions()).order_by(Product.id)
    slugs = db.session.scalars(query.offset((part - 1) * PER_FILE).limit(PER_FILE)).all() if part else []
    if not slugs:
        abort(404)
    return _xml("urlset", "url", [url_for("catalog.product", slug=slug) for slug in slugs])


def _shop_url() -> str:
    settings: Settings = current_app.config["SETTINGS"]
    return settings.shop_url


def _xml(root: str, item: str, paths: Iterable[str]) -> Response:
    items = "".join(f"<{item}><loc>{escape(_shop_url() + path)}</loc></{item}>\n" for path in paths)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{root} xmlns="{NAMESPACE}">\n{items}</{root}>\n'
    return make_cacheable(Response(text, mimetype="application/xml"))
