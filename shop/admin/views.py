"""The desk's pages. Every one of them asks who is there first."""

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask_security import current_user
from werkzeug.wrappers import Response as AnyResponse

from shop.admin import signing

admin = Blueprint("admin", __name__, url_prefix="/admin")


@admin.before_request
def only_merchants() -> AnyResponse | None:
    """Send whoever is not signed in to the sign-in page, and back here afterwards."""
    if current_user.is_authenticated:
        signing.stay()
        return None
    if session.get(signing.SINCE):
        signing.leave()
        flash("You were signed out, because the day or a long pause was over. Sign in to go on", "problem")
    query = f"?{request.query_string.decode('ascii', 'replace')}" if request.query_string else ""
    wanted = signing.desk_address(request.path + query) if request.method == "GET" else ""
    return redirect(url_for("security.login", next=wanted or None), 303)


@admin.after_app_request
def private(response: Response) -> Response:
    """Nothing of the desk is for a cache or a search engine."""
    if request.path.startswith("/admin"):
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
    return response


@admin.get("/")
def orders() -> str:
    """The orders."""
    return render_template("admin/orders.html")
