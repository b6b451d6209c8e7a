"""The navigation of the admin: its entries, the number of waiting items beside them, and the banner of problems."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, has_request_context, request, url_for
from flask_login import current_user
from sqlalchemy import select

from shop.accounts.permissions import Role, admin, has_role, must_set_up_two_factor
from shop.catalog.models import Review, ReviewState
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
    """One entry of the navigation. It is current on every page whose endpoint starts with one of `prefixes`.

    `count` names a field of PendingCounts, and `count_label` says what is counted.
    """

    label: str
    endpoint: str
    role: Role
    prefixes: tuple[str, ...]
    count: str = ""
    count_label: str = ""


NAVIGATION = (
    NavigationEntry("Orders", "admin.orders", "staff", ("admin.order",), "to_pack", "to pack"),
    NavigationEntry("New order", "admin.new_order", "staff", ("admin.new_order", "admin.cart_link")),
    NavigationEntry(
        "To review",
        "admin.checks",
        "staff",
        ("admin.check", "admin.mpesa_codes", "admin.reconciliation"),
        "to_review",
        "to review",
    ),
    NavigationEntry(
        "Products", "admin.products", "staff", ("admin.product", "admin.categor", "admin.stock", "admin.import")
    ),
    NavigationEntry("Reviews", "admin.reviews", "staff", ("admin.reviews",), "reviews", "reviews"),
    NavigationEntry(
        "Discounts and delivery", "admin.discount_codes", "owner", ("admin.discount_code", "admin.delivery_area")
    ),
    NavigationEntry("Reports", "admin.reports", "owner", ("admin.report",)),
    NavigationEntry("Emails", "admin.emails", "staff", ("admin.email",)),
    NavigationEntry("Privacy", "admin.privacy", "owner", ("admin.privacy",)),
    NavigationEntry("Users", "admin.users", "owner", ("admin.users",)),
    NavigationEntry(
        "Settings",
        "admin.settings",
        "owner",
        (
            "admin.settings",
            "admin.set_logo",
            "admin.set_stand_in",
            "admin.look",
            "admin.setup",
            "admin.home_",
            "admin.content_page",
        ),
    ),
    NavigationEntry("Account", "admin.account", "staff", ("admin.account_",)),
)


@dataclass(frozen=True)
class PendingCounts:
    """What waits for a person: orders, review items, and reviews of products."""

    to_pack: Count
    to_review: Count
    reviews: Count


def pending_counts() -> PendingCounts:
    """The current counts, read once per request."""
    if "pending_counts" not in g:
        to_pack = count_up_to(select(Order.id).where(tab_condition("to-pack")))
        reviews = count_up_to(select(Review.id).where(Review.state == ReviewState.WAITING))
        row = db.session.execute(select(to_pack, count_review_items(utcnow()), reviews)).one()
        g.pending_counts = PendingCounts(*(Count(min(number, MAX_COUNT), number > MAX_COUNT) for number in row))
    counts: PendingCounts = g.pending_counts
    return counts


@admin.app_context_processor
def navigation() -> dict[str, Any]:
    """For the admin's templates: the navigation as (entry, address, is current, count), and the current problems."""
    if not has_request_context():  # the worker renders an email
        return {}
    is_admin = request.blueprint == "admin" or (request.blueprint is None and is_admin_path(request.path))  # 404
    if g.get("without_database") or not is_admin:
        return {}
    here = request.endpoint or ""

    def entries() -> list[tuple[NavigationEntry, str, bool, str]]:
        if must_set_up_two_factor():
            return []
        counts = vars(pending_counts())
        return [
            (
                entry,
                url_for(entry.endpoint),
                here == entry.endpoint or here.startswith(entry.prefixes),
                str(counts[entry.count]) if entry.count and counts[entry.count].number else "",
            )
            for entry in NAVIGATION
            if has_role(entry.role)
        ]

    settings: Settings = current_app.config["SETTINGS"]
    current = [words for _, words in problems(settings)] if current_user.is_authenticated else []
    return {"navigation": entries, "has_role": has_role, "problems_now": current}
