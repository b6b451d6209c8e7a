"""The navigation of the admin: its entries, the number of waiting items beside them, and the banner of problems."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, g, has_request_context, request, url_for
from flask_security import current_user
from sqlalchemy import select

from shop.accounts.permissions import Role, admin, holds, must_set_up_codes
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db
from shop.orders.models import Order
from shop.orders.search import MOST, Count, count_up_to, lies
from shop.payments.review_queue import count_to_check
from shop.web.errors import below_admin
from shop.web.problems import problems


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


@dataclass(frozen=True)
class WorkLeft:
    """What waits for a person."""

    to_pack: Count  # orders
    to_check: Count  # things under "To check"


def work_left() -> WorkLeft:
    """The numbers of now, read once for each request."""
    if "work_left" not in g:
        to_pack = count_up_to(select(Order.id).where(lies("to-pack")))
        row = db.session.execute(select(to_pack, count_to_check(utcnow()))).one()
        g.work_left = WorkLeft(*(Count(min(number, MOST), number > MOST) for number in row))
    left: WorkLeft = g.work_left
    return left


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
