"""The page that says what the shop keeps of its buyers, why, for whom and for how long."""

from flask import Blueprint, Response, current_app, render_template, request

from shop.config import Settings

privacy = Blueprint("privacy", __name__)


@privacy.get("/privacy")
def show() -> Response:
    """The same for everybody, so that any cache may keep it."""
    settings: Settings = current_app.config["SETTINGS"]
    page = Response(render_template("privacy.html", retention_months=settings.retention_months))
    page.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
    page.add_etag()
    page.make_conditional(request)
    return page
