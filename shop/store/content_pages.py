"""The public pages about the shop: who it is, and what it stores about its buyers."""

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request

from shop.config import Settings
from shop.store.settings import current_store

about = Blueprint("about", __name__)


@about.get("/about")
def about_page() -> Response:
    """Who we are, once the merchant has written it. The same for everybody, so that caches may keep it."""
    shop = current_store(seconds=0)  # a merchant who has just written the text looks at this page next
    if not shop.about:
        abort(404)
    page = make_response(render_template("store/about.html", paragraphs=shop.paragraphs))
    page.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
    page.add_etag()
    page.make_conditional(request)
    return page


privacy = Blueprint("privacy", __name__)


@privacy.get("/privacy")
def privacy_page() -> Response:
    """The same for everybody, so that any cache may keep it."""
    settings: Settings = current_app.config["SETTINGS"]
    page = Response(render_template("store/privacy.html", retention_months=settings.retention_months))
    page.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
    page.add_etag()
    page.make_conditional(request)
    return page
