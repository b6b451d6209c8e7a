"""Callbacks to an address that the shop signed, for an attempt that this database does not have.

The signature says that the shop made the address, and each attempt is committed before Chpter hears of it. So the
database was restored from a backup that is older than the attempt, and what comes may be money. It is kept until a
person says which order it belongs to (matching.py), or that they looked.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.exc import IntegrityError

from shop.chpter import Callback, Claim
from shop.core.clock import MONTH, utcnow
from shop.core.database import db, updated
from shop.core.signals import payment_unmatched
from shop.payments.callback_intake import IncomingCallback
from shop.payments.models import UnmatchedCallback

log = logging.getLogger(__name__)
MOST_KEPT = 50  # of one address and claim: whoever knows one must not fill the disk
NO_MONEY = "It says that no money came"


def keep_unmatched(posted: IncomingCallback, callback: Callback | None) -> None:
    """Keep a callback that belongs to no attempt, inside the caller's transaction. A repeat changes nothing."""
    claim = callback.claim if callback else ""
    same = (UnmatchedCallback.secret_hash == posted.secret_hash) & (UnmatchedCallback.claim == claim)
    if (db.session.scalar(select(func.count()).select_from(UnmatchedCallback).where(same)) or 0) >= MOST_KEPT:
        log.warning("a callback of no attempt is not kept: its address has %d already", MOST_KEPT)
        return
    no_money = claim == Claim.NO
    row = UnmatchedCallback(
        secret_hash=posted.secret_hash,
        digest=sha256(posted.raw).hexdigest(),
        received_at=posted.received_at,
        raw=posted.raw,
        content_type=posted.content_type,
        headers=posted.headers,
        from_browser=posted.from_browser,
        claim=claim,
        reference=(callback.order_id if callback else None) or "",
        amount=callback.amount if callback else None,
        method=callback.method if callback else "",
        resolved_at=posted.received_at if no_money else None,
        resolution=NO_MONEY if no_money else "",
    )
    with suppress(IntegrityError):  # a repeat
        with db.session.begin_nested():
            db.session.add(row)
        if not no_money:
            payment_unmatched.send(row)
        log.error("a callback belongs to no attempt; it is kept under To check")


def unmatched(most: int) -> Sequence[UnmatchedCallback]:
    """What waits for a person, the oldest first."""
    waits = select(UnmatchedCallback).where(UnmatchedCallback.resolved_at.is_(None))
    return db.session.scalars(waits.order_by(UnmatchedCallback.received_at, UnmatchedCallback.id).limit(most)).all()


def still_open(callback_id: int) -> Update:
    """Begin an update of one that nobody has closed or matched: of two at once one wins."""
    return update(UnmatchedCallback).where(UnmatchedCallback.id == callback_id, UnmatchedCallback.resolved_at.is_(None))


def resolve_unmatched(callback_id: int, words: str, actor: str) -> UnmatchedCallback | None:
    """Close one without an order; None when it is closed or matched already. In the caller's transaction."""
    if not updated(
        still_open(callback_id).values(resolved_at=utcnow(), resolved_by=actor[:80], resolution=words[:500])
    ):
        return None
    return db.session.get_one(UnmatchedCallback, callback_id)


def delete_resolved(months: int, now: datetime) -> int:
    """Delete what was closed so many months ago, and say how many; 0 months: never. In the caller's transaction."""
    if not months:
        return 0
    old = delete(UnmatchedCallback).where(UnmatchedCallback.resolved_at < now - months * MONTH)
    return len(db.session.scalars(old.returning(UnmatchedCallback.id)).all())
