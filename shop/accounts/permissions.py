"""Who may open which page of the admin: the blueprint, the roles of its views, and the guard in front of them.

A view says who may open it with `@may("staff")` or `@may("owner")`; a view that says nothing is closed to all.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, flash, redirect, request, session, url_for
from flask_security import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import login, staff_sessions
from shop.accounts.kept_forms import NOT_FRESH, SIGNED_OUT, keep_posted_form
from shop.config import Settings
from shop.web.errors import error_page

NOT_YOURS = ("Only an owner may do that", "Ask an owner of the shop to do it, or to make you one.")
Role = Literal["staff", "owner"]
View = TypeVar("View", bound=Callable[..., Any])

admin = Blueprint("admin", __name__, url_prefix="/admin")


def may(role: Role, *, freshly: bool = False, before_codes: bool = False) -> Callable[[View], View]:
    """Say who may open a view: everybody at the desk ("staff"), or its owners. `freshly`: who signed in just now.

    `before_codes`: an owner who still has to set up codes may open it too; all else is closed to them in production.
    """

    def mark(view: View) -> View:
        view.may, view.freshly, view.before_codes = role, freshly, before_codes  # type: ignore[attr-defined]
        return view

    return mark


def has_role(role: Role) -> bool:
    """Whether whoever sits at the desk may do what needs this role; an owner may do everything."""
    return bool(current_user.is_authenticated) and (current_user.has_role("owner") or current_user.has_role(role))


@admin.before_request
def guard() -> AnyResponse | None:
    """Send whoever is not signed in to the sign-in page, and back here afterwards; refuse what is not theirs to do."""
    if not current_user.is_authenticated:
        return _to_sign_in()
    view = current_app.view_functions[request.endpoint or ""]
    role: Role | None = getattr(view, "may", None)
    if role is None or not has_role(role):
        return error_page(403, NOT_YOURS)
    if must_set_up_two_factor() and not getattr(view, "before_codes", False):
        flash("Owners sign in with a code from their phone as well. Set it up, then the desk opens", "problem")
        return redirect(url_for("admin.me_codes"), 303)
    if getattr(view, "freshly", False) and not login.fresh(request.method):
        return _to_confirm()
    staff_sessions.touch(current_user.id)
    return None


def must_set_up_two_factor() -> bool:
    """Whether whoever sits here is an owner without a second factor, in a shop that real buyers come to."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.production and has_role("owner") and not staff_sessions.current_session().second_factor


@admin.after_app_request
def no_store(response: Response) -> Response:
    """Nothing of the desk is for a cache or a search engine."""
    if request.path.startswith("/admin"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _to_confirm() -> AnyResponse:
    if request.method in ("GET", "HEAD"):
        wanted = _asked_for()
    else:
        flash("Nothing has been done yet. Show that it is you, then press the button once more", "problem")
        came_from = urlsplit(request.referrer or "")
        wanted = keep_posted_form(NOT_FRESH) or (
            login.admin_address(came_from.path) if came_from.netloc == request.host else ""
        )
    return redirect(url_for("admin.confirm", next=wanted or None), 303)


def _to_sign_in() -> AnyResponse:
    wanted = _asked_for() if request.method == "GET" else ""
    if session.get(staff_sessions.TOKEN):
        if request.method == "POST":
            wanted = keep_posted_form(SIGNED_OUT) or ""
        login.log_out()
        words = "You were signed out. Sign in again to go on"
        flash(f"{words}: what you typed is kept" if wanted and request.method == "POST" else words, "problem")
    return redirect(url_for("security.login", next=wanted or None), 303)


def _asked_for() -> str:
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    return login.admin_address(request.path + query)
