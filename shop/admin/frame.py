"""What every page of the desk stands in: one blueprint, the guard in front of it, and its ways from room to room.

A view says who may open it with `@may("staff")` or `@may("owner")`; one that says nothing opens to nobody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar
from urllib.parse import urlsplit

from flask import Blueprint, Response, current_app, flash, g, has_request_context, redirect, request, session, url_for
from flask_security import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.admin import signing
from shop.admin.kept_forms import NOT_FRESH, SIGNED_OUT, keep_posted_form
from shop.admin.people import sitting
from shop.admin.work import work_left
from shop.config import Settings
from shop.errors import below_admin, error_page
from shop.problems import problems

NOT_YOURS = ("Only an owner may do that", "Ask an owner of the shop to do it, or to make you one.")
Role = Literal["staff", "owner"]
View = TypeVar("View", bound=Callable[..., Any])

admin = Blueprint("admin", __name__, url_prefix="/admin")


@dataclass(frozen=True)
class Way:
    """One entry of the desk's navigation. It is marked as here on every page whose endpoint begins with `under`.

    `waits` names the number of WorkLeft that stands beside it, and `of` says what is counted.
    """

    words: str
    endpoint: str
    role: Role
    under: tuple[str, ...]
    waits: str = ""
    of: str = ""


WAYS = (
    Way("Orders", "admin.orders", "staff", ("admin.order", "admin.money"), "to_pack", "to pack"),
    Way("New order", "admin.new_order", "staff", ("admin.new_order", "admin.cart_")),
    Way("To check", "admin.checks", "staff", ("admin.check", "admin.code"), "to_check", "to check"),
    Way("Products", "admin.products", "staff", ("admin.product", "admin.categor", "admin.stock", "admin.import")),
    Way("Selling", "admin.selling", "owner", ("admin.selling",)),
    Way("Reports", "admin.reports", "owner", ("admin.report",)),
    Way("Mail", "admin.mail", "staff", ("admin.mail",)),
    Way("Privacy", "admin.privacy", "owner", ("admin.privacy",)),
    Way("People", "admin.people", "owner", ("admin.people",)),
    Way("Settings", "admin.settings", "owner", ("admin.settings", "admin.set_logo")),
    Way("Account", "admin.me", "staff", ("admin.me_",)),
)


def may(role: Role, *, freshly: bool = False, before_codes: bool = False) -> Callable[[View], View]:
    """Say who may open a view: everybody at the desk ("staff"), or its owners. `freshly`: who signed in just now.

    `before_codes`: an owner who still has to set up codes may open it too; all else is closed to them in production.
    """

    def mark(view: View) -> View:
        view.may, view.freshly, view.before_codes = role, freshly, before_codes  # type: ignore[attr-defined]
        return view

    return mark


def holds(role: Role) -> bool:
    """Whether whoever sits at the desk may do what needs this role; an owner may do everything."""
    return bool(current_user.is_authenticated) and (current_user.has_role("owner") or current_user.has_role(role))


@admin.before_request
def guard() -> AnyResponse | None:
    """Send whoever is not signed in to the sign-in page, and back here afterwards; refuse what is not theirs to do."""
    if not current_user.is_authenticated:
        return _to_sign_in()
    view = current_app.view_functions[request.endpoint or ""]
    role: Role | None = getattr(view, "may", None)
    if role is None or not holds(role):
        return error_page(403, NOT_YOURS)
    if must_set_up_codes() and not getattr(view, "before_codes", False):
        flash("Owners sign in with a code from their phone as well. Set it up, then the desk opens", "problem")
        return redirect(url_for("admin.me_codes"), 303)
    if getattr(view, "freshly", False) and not signing.fresh(request.method):
        return _to_confirm()
    sitting.stay(current_user.id)
    return None


def must_set_up_codes() -> bool:
    """Whether whoever sits here is an owner without a second factor, in a shop that real buyers come to."""
    settings: Settings = current_app.config["SETTINGS"]
    return settings.production and holds("owner") and not sitting.seat().second_factor


@admin.after_app_request
def private(response: Response) -> Response:
    """Nothing of the desk is for a cache or a search engine."""
    if request.path.startswith("/admin"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@admin.app_context_processor
def ways() -> dict[str, Any]:
    """For the desk's templates: its navigation, (way, address, here, number), and what is wrong just now."""
    if not has_request_context():  # the worker writes a mail
        return {}
    unknown = request.blueprint is None and below_admin(request.path)  # the page for "not found"
    if g.get("without_database") or not (request.blueprint == "admin" or unknown):
        return {}
    here = request.endpoint or ""

    def desk_ways() -> list[tuple[Way, str, bool, str]]:
        if must_set_up_codes():
            return []
        left = work_left()
        return [
            (
                way,
                url_for(way.endpoint),
                here == way.endpoint or here.startswith(way.under),
                str(getattr(left, way.waits)) if way.waits and getattr(left, way.waits).number else "",
            )
            for way in WAYS
            if holds(way.role)
        ]

    settings: Settings = current_app.config["SETTINGS"]
    wrong = [words for _, words in problems(settings)] if current_user.is_authenticated else []
    return {"desk_ways": desk_ways, "holds": holds, "alarms": wrong}


def _to_confirm() -> AnyResponse:
    if request.method in ("GET", "HEAD"):
        wanted = _asked_for()
    else:
        flash("Nothing has been done yet. Show that it is you, then press the button once more", "problem")
        came_from = urlsplit(request.referrer or "")
        wanted = keep_posted_form(NOT_FRESH) or (
            signing.desk_address(came_from.path) if came_from.netloc == request.host else ""
        )
    return redirect(url_for("admin.confirm", next=wanted or None), 303)


def _to_sign_in() -> AnyResponse:
    wanted = _asked_for() if request.method == "GET" else ""
    if session.get(sitting.TOKEN):
        if request.method == "POST":
            wanted = keep_posted_form(SIGNED_OUT) or ""
        signing.leave()
        words = "You were signed out. Sign in again to go on"
        flash(f"{words}: what you typed is kept" if wanted and request.method == "POST" else words, "problem")
    return redirect(url_for("security.login", next=wanted or None), 303)


def _asked_for() -> str:
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    return signing.desk_address(request.path + query)
