"""The page on which the shop says who it is."""

from flask import Blueprint, Response, abort, make_response, render_template, request

from shop.details import details

about = Blueprint("about", __name__)


@about.get("/about")
def show() -> Response:
    """Who we are, once the merchant has written it. The same for everybody, so that caches may keep it."""
    shop = details(seconds=0)  # a merchant who has just written the text looks at this page next
    if not shop.about:
        abort(404)
    page = make_response(render_template("about.html", paragraphs=shop.paragraphs))
    page.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
    page.add_etag()
    page.make_conditional(request)
    return page
