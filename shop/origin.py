"""Whether a form was sent from our own pages.

Catalogue pages carry no token, so that any cache may keep them; the forms on them are guarded by what the browser
itself says about where the request comes from. All others are too: the answer to a form of another site would bring a
fresh session cookie, and with it an empty cart.
"""

from urllib.parse import urlsplit

from flask import Flask, abort, current_app, request

from shop.config import Settings

CHPTER = "payments.callback"  # the one address to which others post: Chpter's server
SAFE = ("GET", "HEAD", "OPTIONS")


def init_origin(app: Flask) -> None:
    """Refuse every form that another site sent, before anything looks at it."""
    app.before_request(_refuse_other_sites)


def _refuse_other_sites() -> None:
    if request.method not in SAFE and request.endpoint not in (None, CHPTER) and from_elsewhere():
        abort(403)


def from_elsewhere() -> bool:
    """True when the browser says that another site sent this. A client that says nothing is no browser: False."""
    site = request.headers.get("Sec-Fetch-Site")
    if site not in (None, "same-origin", "none"):
        return True
    if site == "same-origin" and request.headers.get("Origin") == "null":
        return False  # a browser that keeps the origin to itself, and says whose page sent it: no page can forge that
    for header in ("Origin", "Referer"):
        value = request.headers.get(header)
        if value:
            return not _ours(value)
    return False


def _ours(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    settings: Settings = current_app.config["SETTINGS"]
    ours = {settings.shop_url}
    if not settings.production:  # where any Host is answered, as hosts.py has it
        ours |= {f"{scheme}://{request.host.lower()}" for scheme in ("http", "https")}
    return f"{parts.scheme}://{parts.netloc}".lower() in ours
