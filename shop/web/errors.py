"""Error pages: the right status, plain words, nothing about the inside."""

import logging
import traceback
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, make_response, render_template, request
from flask.globals import request_ctx
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError, ProgrammingError, TimeoutError
from werkzeug.exceptions import HTTPException

from shop.core.database import database_outage, db

log = logging.getLogger(__name__)
NO_SUCH_COLUMN, NO_SUCH_TABLE = "42703", "42P01"  # PostgreSQL's codes; SQLite reports both as OperationalError

WORDS = {
    400: ("We could not read that", "Go back, reload the page and try again."),
    403: (
        "Sent from another website",
        "This form was sent from another website. Open it on our own page and send it again.",
    ),
    404: ("We can't find that page", "The link may be old or cut short. The shop is still open."),
    405: ("Method not allowed", "Open the page again and use its buttons."),
    413: ("Too large", "What was sent is larger than we take. Send less and try again."),
    414: ("That address is too long", "Open the page again from the shop."),
    429: ("Too many requests", "You have tried too often in a short time. Wait a few minutes and try again."),
    500: ("Something broke on our side", "It is not your fault, and it has been reported. Try again in a minute."),
    503: ("Busy for a moment", "Nothing is lost. Wait a few seconds and try again."),
}
ADMIN = "/admin"
ADMIN_WORDS = {  # where the merchant's text differs from the buyer's
    400: ("We could not read that", "Nothing was saved. Go back, reload the page and try again."),
    404: ("We can't find that page", "The link may be old, or what it showed has been removed."),
    500: ("Something broke on our side", "It may not be saved. Go back and check before you press the button again."),
    503: (
        "Busy for a moment",
        "The database did not answer. Wait a few seconds, go back, and check whether your change is there before you "
        "press the button again.",
    ),
}


def error_page(status: int, text: tuple[str, str] | None = None) -> Response:
    """The page for a status, in the admin's layout below /admin. `text` is (title, words) instead of the usual ones.

    From 500 on it does not read the database, which may be the cause, except for the shop's settings.
    """
    if request_ctx.url_adapter is None:  # the Host header is no host name, so Flask matched no route
        request_ctx.url_adapter = current_app.url_map.bind("")
    in_admin = is_admin_path(request.path)
    known = {**WORDS, **(ADMIN_WORDS if in_admin else {})}
    title, words = text or known.get(status, known[400 if status < 500 else 500])
    g.without_database = status >= 500
    template = "admin/error.html" if in_admin else "errors/page.html"
    lost = status == 404 and text is None and request.method == "GET"  # a visitor, not a provider's callback
    came_from = _came_from() if in_admin else ""
    page = render_template(template, code=status, title=title, words=words, came_from=came_from, offers_products=lost)
    response = make_response(page, status)
    response.headers["Cache-Control"] = "no-store"
    return response


def is_admin_path(path: str) -> bool:
    """Whether a path is below /admin, whether or not such a page exists."""
    return path == ADMIN or path.startswith(f"{ADMIN}/")


def _came_from() -> str:
    """The admin page whose link or button led here; "" if unknown or if it is this page."""
    try:
        came_from = urlsplit(request.referrer or "")
    except ValueError:
        return ""
    address = came_from.path + (f"?{came_from.query}" if came_from.query else "")
    here = request.full_path.removesuffix("?")
    same_page = request.method == "GET" and address == here
    return address if came_from.netloc == request.host and is_admin_path(came_from.path) and not same_page else ""


def init_errors(app: Flask) -> None:
    """Answer every error with our own page. A bug is logged with its traceback, which no page shows."""

    @app.errorhandler(CSRFError)
    def stale_form(error: CSRFError) -> Response:
        return error_page(400)

    @app.errorhandler(HTTPException)
    def known(error: HTTPException) -> Response:
        if error.response is not None:
            return error.response  # type: ignore[return-value]
        if error.code is not None and error.code < 400:
            return error.get_response()  # type: ignore[return-value]
        page = error_page(error.code or 500)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                page.headers[name] = value
        return page

    @app.errorhandler(DataError)
    def unstorable_text(error: DataError) -> Response:
        # text that no row can hold, such as NUL: nothing in the shop has that name
        db.session.rollback()
        return error_page(404 if request.method in ("GET", "HEAD") else 400)

    @app.errorhandler(OperationalError)
    @app.errorhandler(TimeoutError)
    def database_busy(error: OperationalError | ProgrammingError | TimeoutError) -> Response:
        database_outage().failed(type(getattr(error, "orig", error)).__name__)
        page = error_page(503)
        page.headers["Retry-After"] = "5"
        return page

    @app.errorhandler(ProgrammingError)
    def tables_differ(error: ProgrammingError) -> Response:
        # for some seconds during an upgrade the tables are of another version than the code
        if getattr(error.orig, "sqlstate", None) not in (NO_SUCH_COLUMN, NO_SUCH_TABLE):
            return bug(error)
        return database_busy(error)

    @app.errorhandler(Exception)
    def bug(error: Exception) -> Response:
        log.error("unexpected %s at %s\n%s", type(error).__name__, request.endpoint, traceback_lines(error))
        return error_page(500)


def traceback_lines(error: BaseException) -> str:
    """The traceback of an error and the class of its cause; never its message, which may quote a buyer."""
    lines = "".join(traceback.format_tb(error.__traceback__))
    cause = error.__cause__ or error.__context__
    return f"{lines}{f'from {type(cause).__name__}' if cause else ''}".rstrip()
