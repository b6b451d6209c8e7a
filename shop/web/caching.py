"""Pages that any cache may keep: their headers, and no session cookie."""

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

# the same for every visitor
PUBLIC_BLUEPRINTS = frozenset(
    ("back_in_stock", "browsing_hints", "catalog", "icons", "sitemap", "about", "assets", "health", "media", "privacy")
)


def make_cacheable(response: Response) -> Response:
    """Let shared caches keep a page for a minute, and let a browser ask whether its copy is current (304)."""
    response.headers["Cache-Control"] = "public, max-age=0, s-maxage=60, must-revalidate"
    response.add_etag()
    response.make_conditional(request)
    return response


class CookielessCatalogSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, except that public pages neither set it nor vary by it.

    Extensions read the session on every request, which would otherwise add `Vary: Cookie` to each catalogue page.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Set the cookie unless the page is public."""
        if request.endpoint != "static" and request.blueprint not in PUBLIC_BLUEPRINTS:
            super().save_session(app, session, response)
