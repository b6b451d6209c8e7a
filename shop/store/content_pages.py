"""The public pages about the shop: who it is, and what it stores about its buyers."""

from flask import Blueprint, Response, abort, current_app, make_response, render_template

from shop.config import Settings
from shop.store.settings import current_store
from shop.web.caching import make_cacheable

about = Blueprint("about", __name__)
privacy = Blueprint("privacy", __name__)


@about.get("/about")
def about_page() -> Response:
    """The merchant's text about the shop; 404 while there is none."""
    shop = current_store(seconds=0)  # the merchant opens this page right after saving the text
    if not shop.about:
        abort(404)
    return make_cacheable(make_response(render_template("store/about.html", paragraphs=shop.paragraphs)))


@privacy.get("/privacy")
def privacy_page() -> Response:
    """What the shop stores about a buyer, and for how long."""
    settings: Settings = current_app.config["SETTINGS"]
    page = render_template("store/privacy.html", retention_months=settings.retention_months)
    return make_cacheable(make_response(page))
