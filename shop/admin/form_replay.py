"""A form that was refused for no fault of what was typed is shown again, filled in. Nothing is done by itself.

Its own view shows it, as it does when something typed is wrong: its forms are told that they are not valid
(shop/web/base_form.py), and nothing may be written meanwhile (shop/core/database.py). Where a view has no page to show,
such as that of a button in a list, a page of its own says why and holds the button.
"""

from collections.abc import Iterable
from io import BytesIO
from urllib.parse import urlencode

from flask import Response, current_app, flash, make_response, render_template, request
from flask.ctx import RequestContext
from flask.globals import request_ctx
from markupsafe import escape
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from shop.accounts.kept_forms import typed_fields
from shop.core.database import ReadOnlyError, db, read_only
from shop.web.base_form import Problems, shown_again


def show_again(problems: Problems, status: int, fields: MultiDict[str, str], address: str | None = None) -> Response:
    """The page of a posted form, filled in with `fields`, with these problems and this status.

    `address` is where the form leads, with its query; left out it is the request's own.
    """
    page = own_page(problems, status, fields, address)
    if page is None:
        with _context(fields, address):
            page = _button_page(problems, fields)
        page.status_code = status
    return page


def own_page(
    problems: Problems, status: int, fields: MultiDict[str, str], address: str | None = None
) -> Response | None:
    """The same, but None where the form's view has no page to show."""
    with _context(fields, address):
        page = _shown_by_its_view(problems)
    if page is not None:
        page.status_code = status
    return page


def _shown_by_its_view(problems: Problems) -> Response | None:
    """What the form's own view shows; None if it shows no page."""
    if request_ctx.request.routing_exception is not None or request.endpoint is None:
        return None
    view = current_app.view_functions[request.endpoint]
    lead = problems[0][1]
    try:
        with read_only(), shown_again(problems):
            page = make_response(view(**(request.view_args or {})))
            if _is_page(page) and str(escape(lead)) not in page.get_data(as_text=True):
                flash(lead, "problem")  # a page with several forms, of which this one is no TypedForm
                page = make_response(view(**(request.view_args or {})))
    except (ReadOnlyError, HTTPException):
        return None
    finally:
        db.session.rollback()
    return page if _is_page(page) else None


def _is_page(reply: Response) -> bool:
    return reply.mimetype == "text/html" and reply.status_code // 100 != 3


def _button_page(problems: Problems, fields: MultiDict[str, str]) -> Response:
    carried = [(name, value) for name, value in fields.items(multi=True) if name != "csrf_token"]
    return make_response(
        render_template(
            "admin/form_replay.html",
            words=[words for _, words in problems],
            carried=carried,
            typed=_readable(typed_fields(fields)),
        )
    )


def _readable(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.replace("_", " ").replace("-", " ").capitalize(), value) for name, value in fields]


def _context(fields: MultiDict[str, str], address: str | None) -> RequestContext:
    """A request that posts these fields, in the session of this one."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return RequestContext(app, _posted(fields, address), session=request_ctx.session)


def _posted(fields: MultiDict[str, str], address: str | None) -> dict[str, object]:
    """The environment of a request that posts these fields."""
    body = urlencode(list(fields.items(multi=True))).encode()
    environ = {name: value for name, value in request.environ.items() if not name.startswith(("werkzeug.", "flask."))}
    if address is not None:
        environ["PATH_INFO"], _, environ["QUERY_STRING"] = address.partition("?")
    return {
        **environ,
        "REQUEST_METHOD": "POST",
        "CONTENT_TYPE": "application/x-www-form-urlencoded",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": BytesIO(body),
    }
