"""What a browser may do for the pages of the shop: fetch a page when its link is pointed at, and show a page of ours
when it is offline.

The rules for links are a file of their own, named by a header, because a browser keeps the file for a day and no page
grows by it ("Speculation Rules", WICG). Only pages of the catalogue are fetched: they are the same for
every visitor, and asking for them changes nothing.
"""

from flask import Blueprint, Flask, Response, current_app, json, request

from shop.web.caching import make_cacheable

A_DAY = 86_400
CATALOGUE = ("/", "/products", "/products/*", "/categories/*", "/pages/*")
HINTED = frozenset(("catalog", "about"))  # blueprints whose pages name the rules
RULES = {
    "prefetch": [
        {
            "where": {
                "and": [
                    {"href_matches": list(CATALOGUE)},
                    {"not": {"selector_matches": "[rel~=nofollow]"}},  # the filters of a list: too many pages
                ]
            },
            "eagerness": "moderate",
        }
    ]
}

browsing_hints = Blueprint("browsing_hints", __name__)


@browsing_hints.get("/prefetch.json")
def prefetch_rules() -> Response:
    """Which links to fetch in advance; none for a visitor who saves data."""
    saves_data = request.headers.get("Save-Data", "").lower() == "on"
    response = Response(json.dumps({} if saves_data else RULES), mimetype="application/speculationrules+json")
    response.vary.add("Save-Data")
    return _for_a_day(response)


@browsing_hints.get("/service-worker.js")
def service_worker() -> Response:
    """The script with the offline page. It must be at the top of the shop to serve all of it."""
    return _for_a_day(current_app.send_static_file("js/service-worker.js"))


def init_browsing_hints(app: Flask) -> None:
    """Name the rules on every page of the catalogue."""
    app.register_blueprint(browsing_hints)

    @app.after_request
    def name_rules(response: Response) -> Response:
        if request.blueprint in HINTED and response.status_code == 200 and response.mimetype == "text/html":
            response.headers["Speculation-Rules"] = '"/prefetch.json"'
        return response


def _for_a_day(response: Response) -> Response:
    make_cacheable(response)
    response.headers["Cache-Control"] = f"public, max-age={A_DAY}"
    return response
