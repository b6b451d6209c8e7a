"""The public pages about the shop: those that the owner writes, and what the shop stores about its buyers."""

from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, url_for
from sqlalchemy import Connection, select
from werkzeug.wrappers import Response as AnyResponse

from shop.config import Settings
from shop.core.database import db
from shop.store.markup import rendered
from shop.store.models import ContentPage
from shop.store.settings import current_store
from shop.web.cached_reads import CachedRead
from shop.web.caching import make_cacheable

STARTERS = Path(__file__).parent / "starter_pages"

about = Blueprint("about", __name__)
privacy = Blueprint("privacy", __name__)


@dataclass(frozen=True)
class PageLink:
    """A page that the footer links to."""

    slug: str
    title: str


@about.get("/about")
def about_page() -> Response:
    """The merchant's text about the shop; 404 while there is none."""
    shop = current_store(seconds=0)  # the merchant opens this page right after saving the text
    if not shop.about:
        abort(404)
    return make_cacheable(make_response(render_template("store/about.html", paragraphs=shop.paragraphs)))


@about.get("/pages/<slug>")
def content_page(slug: str) -> AnyResponse:
    """A page that the owner has written; 404 while it is hidden."""
    page = db.session.scalar(select(ContentPage).where(ContentPage.slug == slug.lower(), ContentPage.active))
    if page is None:
        abort(404)
    if page.slug != slug:
        return redirect(url_for("about.content_page", slug=page.slug), 301)
    shown = render_template("store/content_page.html", page=page, text=rendered(page.text))
    return make_cacheable(make_response(shown))


@privacy.get("/privacy")
def privacy_page() -> Response:
    """What the shop stores about a buyer, and for how long."""
    settings: Settings = current_app.config["SETTINGS"]
    page = render_template("store/privacy.html", retention_months=settings.retention_months)
    return make_cacheable(make_response(page))


def _read_links(connection: Connection) -> tuple[PageLink, ...]:
    shown = select(ContentPage.slug, ContentPage.title).where(ContentPage.active)
    query = shown.order_by(ContentPage.position, ContentPage.id)
    return tuple(PageLink(slug, title) for slug, title in connection.execute(query))


page_links = CachedRead[tuple[PageLink, ...]]("page_links", _read_links, ())


def starter_pages() -> dict[str, tuple[str, str]]:
    """The texts to start a page from, as {name: (title, text)}. A file's first line is the title."""
    found = {}
    for file in sorted(STARTERS.glob("*.md")):
        title, _, text = file.read_text(encoding="utf-8").partition("\n")
        found[file.stem] = (title.lstrip("# ").strip(), text.strip())
    return found
