"""Responses to admin forms that are refused: the form is shown again, filled in, with the reason."""

from flask import Response, current_app, flash, redirect, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, TimeoutError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import login
from shop.accounts.kept_forms import form_kept_here
from shop.accounts.permissions import NOT_YOURS, admin, has_role, may
from shop.admin.form_replay import own_page, show_again
from shop.core.database import database_outage, db
from shop.web.errors import error_page
from shop.web.fingerprints import StaleForm
from shop.web.idempotency import earlier_result

STALE = "Nothing was saved: you signed in again after you opened this page. Check it and press the button again"
SIGNED_OUT = ("You are signed out", "Nothing was saved. Sign in, open the page again and send it once more.")
BUSY = "The database did not answer, so this may not be saved. Check whether it is there, then press the button again"
GONE = "What you typed was kept for two hours and is now deleted"
SAVED = "That was saved already, so it is not saved again"


@admin.errorhandler(StaleForm)
def changed_meanwhile(error: StaleForm) -> Response:
    """Show the form again, with what another user changed."""
    db.session.rollback()
    return show_again(error.problems, 409, error.typed)


@admin.errorhandler(CSRFError)
def stale_token(_error: CSRFError) -> Response:
    """The form was opened before the last sign-in: show it again, to users who may send it.

    A form that another site sent is not shown.
    """
    if not current_user.is_authenticated:
        return error_page(400, SIGNED_OUT)
    if not has_role(getattr(current_app.view_functions[request.endpoint or ""], "may", "owner")):
        return error_page(403, NOT_YOURS)
    if not request.form:
        return error_page(400)
    return show_again([("main", STALE)], 400, MultiDict(request.form))


@admin.errorhandler(OperationalError)
@admin.errorhandler(TimeoutError)
def busy(error: OperationalError | TimeoutError) -> Response:
    """The database did not answer: show the form again, if the page can be read."""
    database_outage().failed(type(getattr(error, "orig", error)).__name__)
    page = _form_again() if request.method == "POST" else None
    page = page or error_page(503)
    page.headers["Retry-After"] = "5"
    return page


def _form_again() -> Response | None:
    """None if the database cannot be read, or for a button without a page."""
    try:
        db.session.rollback()
        return own_page([("main", BUSY)], 503, MultiDict(request.form))
    except (OperationalError, TimeoutError):
        db.session.rollback()
        return None


@admin.before_request
def redirect_resubmission() -> AnyResponse | None:
    """Redirect a form that was submitted before to what it made."""
    return _redirect_to_made() if request.method == "POST" else None


@admin.after_request
def redirect_double_submission(response: Response) -> AnyResponse:
    """Redirect a form that was submitted twice at the same time: the first submission made its name or code unique."""
    refused = request.method == "POST" and response.status_code in (409, 422)
    return (refused and _redirect_to_made()) or response


@admin.get("/kept-form")
@may("staff")
def kept_form() -> AnyResponse:
    """The form that was kept during the login, filled in."""
    kept = form_kept_here()
    if kept is None:
        flash(GONE, "problem")
        return redirect(url_for("admin.orders"), 303)
    try:
        endpoint, _ = current_app.url_map.bind("").match(kept.address.partition("?")[0], "POST")
    except HTTPException:
        return error_page(404)
    view = current_app.view_functions[endpoint]
    if not has_role(getattr(view, "may", "owner")):
        return error_page(403, NOT_YOURS)
    if getattr(view, "recent_login", False) and not login.is_fresh("GET"):
        return redirect(url_for("admin.confirm", next=url_for("admin.kept_form")), 303)
    return show_again([("main", kept.message)], 200, kept.fields, kept.address)


def _redirect_to_made() -> AnyResponse | None:
    address = earlier_result()
    if not address:
        return None
    flash(SAVED, "good")
    return redirect(address, 303)
