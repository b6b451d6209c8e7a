"""The log of what people at the desk did: append-only, in the timeline of the order and as one list.

`acted` runs inside the caller's transaction: no act without its line, no line without its act.
"""

from flask import session
from flask_security import current_user

from shop.accounts.models import AuditLogEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order


def current_user_name() -> str:
    """How the log and the timelines name whoever sits at the desk: the name, or else the e-mail."""
    return str(current_user.name or current_user.email)


def audit(words: str, order: Order | None = None, *, for_buyer: str = "") -> None:
    """Write down what was done, by whom; for an order in its timeline too.

    `for_buyer` is how the buyer's page says the same, where the buyer should know of it; it names nobody.
    """
    audit_only(words, order)
    if order is not None:
        order.record(words, actor=current_user_name())
        if for_buyer:
            order.record(for_buyer, for_buyer=True)


def audit_only(words: str, order: Order | None = None) -> None:
    """Write down what was done in the log alone: for an act that writes its own line into the order's timeline."""
    audit_as(words, current_user_name(), current_user.id, order)


def audit_as(words: str, who: str, user_id: int | None, order: Order | None = None) -> None:
    """Write down what was done where nobody sits at the desk yet, or any more: at the door, or by a command."""
    db.session.add(AuditLogEntry(at=utcnow(), user_id=user_id, who=who, words=words[:500], order_id=order and order.id))


QUARTER = 15 * 60  # seconds
TOLD = "searched"


def audit_search(what: str, found: str = "") -> None:
    """Note that `what` was searched; `found` says how many there were, where somebody has counted."""
    quarter, told = int(utcnow().timestamp()) // QUARTER, session.get(TOLD, {})
    if told.get(what) == quarter:
        return
    who, user_id = current_user_name(), current_user.id
    words = f"{what}: {found} found" if found else what
    write(lambda: audit_as(words, who, user_id))
    session[TOLD] = {**told, what: quarter}
