"""Show a refused form again, filled in, for example after a login. Nothing is saved without a new submission.

The form's own view renders it, as with an invalid field: during the call every form is invalid
(shop/web/base_form.py) and the database is read-only (shop/core/database.py). If the view has no page, as for a button
in a list, a separate page shows the reason and the button.
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
    """The page of a form, filled in with `fields`, with these problems and this status.

    `address` is the address of the form, with its query; by default the request's.
    """
    page = own_page(problems, status, fields, address)
    if page is None:
        with _request_context(fields, address):
            page = _button_page(problems, fields)
        page.status_code = status
    return page


def own_page(
    problems: Problems, status: int, fields: MultiDict[str, str], address: str | None = None
) -> Response | None:
    """The same; None if the form's view has no page."""
    with _request_context(fields, address):
        page = _render_by_view(problems)
    if page is not None:
        page.status_code = status
    return page


def _render_by_view(problems: Problems) -> Response | None:
    """Call the form's own view; None if it returns no page."""
    if request_ctx.request.routing_exception is not None or request.endpoint is None:
        return None
    view = current_app.view_functions[request.endpoint]
    lead = problems[0][1]
    try:
        with read_only(), shown_again(problems):
            page = make_response(view(**(request.view_args or {})))
            if _is_page(page) and str(escape(lead)) not in page.get_data(as_text=True):
                flash(lead, "problem")  # the view did not show it: the page has several forms
                page = make_response(view(**(request.view_args or {})))
    except (ReadOnlyError, HTTPException):
        return None
    finally:
        db.session.rollback()
    return page if _is_page(page) else None


def _is_page(reply: Response) -> bool:
    return reply.mimetype == "text/html" and reply.status_code // 100 != 3


def _button_page(problems: Problems, fields: MultiDict[str, str]) -> Response:
    hidden = [(name, value) for name, value in fields.items(multi=True) if name != "csrf_token"]
    return make_response(
        render_template(
            "admin/form_replay.html",
            words=[words for _, words in problems],
            hidden=hidden,
            typed=_readable(typed_fields(fields)),
        )
    )


def _readable(fields: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name.replace("_", " ").replace("-", " ").capitalize(), value) for name, value in fields]


def _request_context(fields: MultiDict[str, str], address: str | None) -> RequestContext:
    """A request that posts these fields, with the current session."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return RequestContext(app, _environ(fields, address), session=request_ctx.session)


def _environ(fields: MultiDict[str, str], address: str | None) -> dict[str, object]:
    """The WSGI environment of a request that posts these fields."""
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
