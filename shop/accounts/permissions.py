"""Who may open which page of the admin: the blueprint, the role of each view, and the check before each request.

A view declares its role with `@may("staff")` or `@may("owner")`. A view without a role is closed to all users.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts import login, staff_sessions
from shop.accounts.kept_forms import NOT_FRESH, SIGNED_OUT, keep_posted_form
from shop.config import Settings
from shop.web.errors import error_page

NOT_YOURS = ("Only an owner may do that", "Ask an owner of the shop to do it, or to give you the role Owner.")
Role = Literal["staff", "owner"]
View = TypeVar("View", bound=Callable[..., Any])

admin = Blueprint("admin", __name__, url_prefix="/admin")


def may(role: Role, *, recent_login: bool = False, before_two_factor: bool = False) -> Callable[[View], View]:
    """Declare who may open a view: all users ("staff") or owners only.

    `recent_login`: only with the password given recently. `before_two_factor`: also for an owner who must set up
    two-factor codes first; all other views are closed to them in production.
    """

    def mark(view: View) -> View:
        view.may, view.recent_login, view.before_two_factor = role, recent_login, before_two_factor  # type: ignore[attr-defined]
        return view

    return mark


def has_role(role: Role) -> bool:
    """Whether the signed-in user has this role; owners have both."""
    return bool(current_user.is_authenticated) and current_user.role in (role, "owner")


@admin.before_request
def check_permission() -> AnyResponse | None:
    """Send visitors to the login page and back here afterwards; refuse users without the view's role."""
    if not current_user.is_authenticated:
        return _to_login()
    view = current_app.view_functions[request.endpoint or ""]
    role: Role | None = getattr(view, "may", None)
    if role is None or not has_role(role):
        return error_page(403, NOT_YOURS)
    if must_set_up_two_factor() and not getattr(view, "before_two_factor", False):
        flash("Owners must sign in with a two-factor code. Set it up to open the admin", "problem")
        return redirect(url_for("admin.account_two_factor"), 303)
    if getattr(view, "recent_login", False) and not login.is_fresh(request.method):
        return _to_confirm()
    staff_sessions.touch(current_user.id)
    return None


def must_set_up_two_factor() -> bool:
    """Whether the user is an owner without two-factor codes, in production."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.production and has_role("owner") and not staff_sessions.current_session().two_factor


@admin.after_app_request
def no_store(response: Response) -> Response:
    """Keep the admin out of caches and search engines."""
    if request.path.startswith("/admin"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


def _to_confirm() -> AnyResponse:
    if request.method in ("GET", "HEAD"):
        next_page = _requested_page()
    else:
        flash("Nothing was saved. Confirm your password, then press the button again", "problem")
        referrer = urlsplit(request.referrer or "")
        next_page = keep_posted_form(NOT_FRESH) or (
            login.admin_address(referrer.path) if referrer.netloc == request.host else ""
        )
    return redirect(url_for("admin.confirm", next=next_page or None), 303)


def _to_login() -> AnyResponse:
    next_page = _requested_page() if request.method == "GET" else ""
    if session.get(staff_sessions.TOKEN):
        if request.method == "POST":
            next_page = keep_posted_form(SIGNED_OUT) or ""
        login.log_out()
        words = "You were signed out. Sign in again to go on"
        flash(f"{words}: what you typed is kept" if next_page and request.method == "POST" else words, "problem")
    return redirect(url_for("accounts.login", next=next_page or None), 303)


def _requested_page() -> str:
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    return login.admin_address(request.path + query)
