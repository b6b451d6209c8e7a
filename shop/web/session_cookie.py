"""Sessions that keep away from pages any cache may keep."""

from flask import Flask, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin

# Blueprints whose answers are the same for everybody.
NOBODYS = ("catalog", "about", "assets", "health", "media", "privacy")


class CookielessCatalogSessions(SecureCookieSessionInterface):
    """Flask's signed cookie, except that answers which are the same for everybody neither set it nor vary by it.

    Libraries look into the session on every request; without this each catalogue page would say `Vary: Cookie`.
    """

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Write the cookie if this answer belongs to somebody."""
        if request.endpoint != "static" and request.blueprint not in NOBODYS:
            super().save_session(app, session, response)
