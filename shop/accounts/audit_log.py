"""The audit log: append-only. An entry is written in the same transaction as the act it describes."""

from flask import session
from flask_login import current_user

from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order


def current_user_name() -> str:
    """The signed-in user's name, or else the email."""
    return str(current_user.display_name)


def audit(words: str, order: Order | None = None, *, for_buyer: str = "") -> None:
    """Record an act of the signed-in user, in the order's timeline too.

    `for_buyer` is the timeline entry that the buyer sees, without the user's name.
    """
    audit_only(words, order)
    if order is not None:
        order.record(words, actor=current_user_name())
        if for_buyer:
            order.record(for_buyer, for_buyer=True)


def audit_only(words: str, order: Order | None = None) -> None:
    """Record an act of the signed-in user in the audit log alone, for callers that write the timeline entry."""
    audit_as(words, current_user_name(), current_user.id, order)


def audit_as(words: str, who: str, user_id: int | None, order: Order | None = None) -> None:
    """Record an act where no user is signed in: before login, after logout, or by a command."""
    db.session.add(AuditLogEntry(at=utcnow(), user_id=user_id, who=who, words=words[:500], order_id=order and order.id))


SEARCH_INTERVAL = 15 * 60  # seconds
SEARCHES = "searched"  # session key


def audit_search(what: str, found: str = "") -> None:
    """Record a search by the signed-in user, once per SEARCH_INTERVAL. `found` is the number of results, if counted."""
    interval, recorded = int(utcnow().timestamp()) // SEARCH_INTERVAL, session.get(SEARCHES, {})
    if recorded.get(what) == interval:
        return
    who, user_id = current_user_name(), current_user.id
    words = f"{what}: {found} found" if found else what
    write(lambda: audit_as(words, who, user_id))
    session[SEARCHES] = {**recorded, what: interval}
