"""How the admin answers a form that it does not carry out: filled in again, with words for what is in the way."""

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

STALE = "You signed in again after this page was opened, so nothing is saved yet. Check it and press the button again"
SIGNED_OUT = ("You are signed out", "Nothing was saved. Sign in, open the page again and send it once more.")
BUSY = "The database did not answer, so this may not be saved. Look whether it is there, then press the button again"
GONE = "What you typed is no longer kept: it was kept for two hours"
AGAIN = "That was saved already, so it counts once"


@admin.errorhandler(StaleForm)
def changed_meanwhile(error: StaleForm) -> Response:
    """The form with what others changed, to look at and send again."""
    db.session.rollback()
    return show_again(error.problems, 409, error.typed)


@admin.errorhandler(CSRFError)
def stale_token(_error: CSRFError) -> Response:
    """A form opened before the last sign-in, with a token of the session that this browser has now.

    Who may not send it any more is told so. What another site sent is not shown.
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
    """The form with all that was typed, when the database has no time for it."""
    database_outage().failed(type(getattr(error, "orig", error)).__name__)
    page = _filled_in() if request.method == "POST" else None
    page = page or error_page(503)
    page.headers["Retry-After"] = "5"
    return page


def _filled_in() -> Response | None:
    """None when the database cannot even be read, or for a button without a form."""
    try:
        db.session.rollback()
        return own_page([("main", BUSY)], 503, MultiDict(request.form))
    except (OperationalError, TimeoutError):
        db.session.rollback()
        return None


@admin.before_request
def lead_to_what_was_made() -> AnyResponse | None:
    """A form that made something and is sent again leads to it."""
    return _made_before() if request.method == "POST" else None


@admin.after_request
def lead_to_what_was_just_made(response: Response) -> AnyResponse:
    """So does one that was sent twice at the same moment: what it asks for is taken by its own first sending."""
    refused = request.method == "POST" and response.status_code in (409, 422)
    return (refused and _made_before()) or response


@admin.get("/kept-form")
@may("staff")
def kept_form() -> AnyResponse:
    """The form that was refused, filled in."""
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
    if getattr(view, "freshly", False) and not login.is_fresh("GET"):
        return redirect(url_for("admin.confirm", next=url_for("admin.kept_form")), 303)
    return show_again([("main", kept.message)], 200, kept.fields, kept.address)


def _made_before() -> AnyResponse | None:
    address = earlier_result()
    if not address:
        return None
    flash(AGAIN, "good")
    return redirect(address, 303)
