"""The navigation of the admin: its entries, the number of waiting items beside them, and the banner of problems."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, has_request_context, request, url_for
from flask_login import current_user
from sqlalchemy import select

from shop.accounts.permissions import Role, admin, has_role, must_set_up_two_factor
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db
from shop.orders.models import Order
from shop.orders.search import MAX_COUNT, Count, count_up_to, tab_condition
from shop.payments.review_queue import count_review_items
from shop.web.errors import is_admin_path
from shop.web.problems import problems


@dataclass(frozen=True)
class NavigationEntry:
    """One entry of the desk's navigation. It is marked as here on every page whose endpoint begins with `under`.

    `waits` names the number of WorkLeft that stands beside it, and `of` says what is counted.
    """

    words: str
    endpoint: str
    role: Role
    under: tuple[str, ...]
    waits: str = ""
    of: str = ""


NAVIGATION = (
    NavigationEntry("Orders", "admin.orders", "staff", ("admin.order", "admin.money"), "to_pack", "to pack"),
    NavigationEntry("New order", "admin.new_order", "staff", ("admin.new_order", "admin.cart_")),
    NavigationEntry("To check", "admin.checks", "staff", ("admin.check", "admin.code"), "to_check", "to check"),
    NavigationEntry(
        "Products", "admin.products", "staff", ("admin.product", "admin.categor", "admin.stock", "admin.import")
    ),
    NavigationEntry("Selling", "admin.selling", "owner", ("admin.selling",)),
    NavigationEntry("Reports", "admin.reports", "owner", ("admin.report",)),
    NavigationEntry("Mail", "admin.mail", "staff", ("admin.mail",)),
    NavigationEntry("Privacy", "admin.privacy", "owner", ("admin.privacy",)),
    NavigationEntry("Users", "admin.users", "owner", ("admin.users",)),
    NavigationEntry("Settings", "admin.settings", "owner", ("admin.settings", "admin.set_logo")),
    NavigationEntry("Account", "admin.account", "staff", ("admin.account_",)),
)


@dataclass(frozen=True)
class WorkLeft:
    """What waits for a person."""

    to_pack: Count  # orders
    to_check: Count  # things under "To check"


def work_left() -> WorkLeft:
    """The numbers of now, read once for each request."""
    if "work_left" not in g:
        to_pack = count_up_to(select(Order.id).where(tab_condition("to-pack")))
        row = db.session.execute(select(to_pack, count_review_items(utcnow()))).one()
        g.work_left = WorkLeft(*(Count(min(number, MAX_COUNT), number > MAX_COUNT) for number in row))
    left: WorkLeft = g.work_left
    return left


@admin.app_context_processor
def navigation() -> dict[str, Any]:
    """For the desk's templates: its navigation, (way, address, here, number), and what is wrong just now."""
    if not has_request_context():  # the worker writes a mail
        return {}
    unknown = request.blueprint is None and is_admin_path(request.path)  # the page for "not found"
    if g.get("without_database") or not (request.blueprint == "admin" or unknown):
        return {}
    here = request.endpoint or ""

    def entries() -> list[tuple[NavigationEntry, str, bool, str]]:
        if must_set_up_two_factor():
            return []
        left = work_left()
        return [
            (
                way,
                url_for(way.endpoint),
                here == way.endpoint or here.startswith(way.under),
                str(getattr(left, way.waits)) if way.waits and getattr(left, way.waits).number else "",
            )
            for way in NAVIGATION
            if has_role(way.role)
        ]

    settings: Settings = current_app.config["SETTINGS"]
    wrong = [words for _, words in problems(settings)] if current_user.is_authenticated else []
    return {"navigation": entries, "has_role": has_role, "problems_now": wrong}
