"""Static files with a fingerprint in their address, so that a browser can keep them for a year.

Style sheets are written as many small files. The shop's pages hold them inline, because over 3G a request costs
more than its bytes; the admin, whose user opens many pages, loads them as bundles.
"""

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from flask import Blueprint, Flask, Response, abort, g, request, url_for
from markupsafe import Markup

STATIC = Path(__file__).parents[2] / "static"
A_YEAR = 31_536_000
BUNDLES = {  # name: (folder, file patterns in order)
    "site.css": ("css", ("tokens.css", "base.css", "layout.css", "components/*.css")),
    "admin.css": ("css/admin", ("*.css",)),
}

COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
SPACE_AROUND = re.compile(r"\s*([{};,])\s*|(:)\s+")  # a space before ":" means something in a selector

assets = Blueprint("assets", __name__)


@lru_cache
def bundle_text(name: str) -> str:
    """The style sheets of one bundle in cascade order, without comments and needless spaces."""
    folder, patterns = BUNDLES[name]
    files = [file for pattern in patterns for file in sorted((STATIC / folder).glob(pattern))]
    text = COMMENT.sub("", "".join(file.read_text() for file in files))
    return SPACE_AROUND.sub(r"\1\2", text).replace(";}", "}").strip()


@lru_cache(maxsize=1024)  # more than there are files
def fingerprint(path: str) -> str:
    """Ten characters that change with the static file or bundle. Raises FileNotFoundError."""
    return sha256(asset_bytes(path)).hexdigest()[:10]


def asset_bytes(path: str) -> bytes:
    """The content of a static file or bundle. Raises FileNotFoundError."""
    return bundle_text(path).encode() if path in BUNDLES else (STATIC / path).read_bytes()


def asset_path() -> str | None:
    """The static file or bundle that the request asks for, whether or not it exists; None for any other request."""
    # an OPTIONS request is not checked against the files, so its path may be anything
    if request.endpoint not in ("static", "assets.bundle") or request.method == "OPTIONS":
        return None
    names = request.view_args or {}
    return str(names.get("filename") or names.get("name", ""))


def asset(path: str) -> str:
    """The address of a static file or bundle, for templates: asset('js/order-page.js')."""
    if path in BUNDLES:
        return url_for("assets.bundle", name=path, v=fingerprint(path))
    return url_for("static", filename=path, v=fingerprint(path))


def inline_styles(*styles: str) -> Markup:
    """Style sheets as <style> elements, for templates. The response's Content-Security-Policy allows exactly these."""
    used = tuple(filter(None, styles))
    g.inline_styles = used
    return Markup("").join(Markup(f"<style>{style}</style>") for style in used)  # noqa: S704  # nosec B704 - our own CSS


@assets.get("/assets/<name>")
def bundle(name: str) -> Response:
    """One bundle of style sheets."""
    if name not in BUNDLES:
        abort(404)
    response = Response(bundle_text(name), mimetype="text/css")
    response.add_etag()
    response.make_conditional(request)
    return response


def init_assets(app: Flask) -> None:
    """Serve the bundles, and make files with the right fingerprint cacheable for a year."""
    app.register_blueprint(assets)
    app.jinja_env.globals.update(asset=asset, inline_styles=inline_styles, bundle_text=bundle_text)
    if app.debug:
        app.before_request(_clear_caches)

    @app.after_request
    def set_cache_control(response: Response) -> Response:
        path = asset_path()
        if path is not None and response.status_code in (200, 304):
            fresh = request.args.get("v") == fingerprint(path)
            response.headers["Cache-Control"] = (
                f"public, max-age={A_YEAR}, immutable" if fresh else "public, max-age=300"
            )
            response.vary.discard("Cookie")
        return response


def _clear_caches() -> None:
    bundle_text.cache_clear()
    fingerprint.cache_clear()
