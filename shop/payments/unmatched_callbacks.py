"""Callbacks to a signed address whose payment attempt is not in this database.

The signature proves that the shop made the address, and each attempt is committed before Chpter hears of it. So the
database was restored from a backup that is older than the attempt, and the callback may report a payment. It is kept
in the review queue until an owner dismisses it.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from hashlib import sha256

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from shop.chpter import Callback, Claim
from shop.core.clock import MONTH, utcnow
from shop.core.database import db, updated
from shop.core.signals import payment_unmatched
from shop.payments.callback_intake import IncomingCallback
from shop.payments.models import UnmatchedCallback

log = logging.getLogger(__name__)
MAX_KEPT = 50  # of one address and claim: one address must not fill the disk
NO_PAYMENT = "It reports that no payment was made"


def keep_unmatched(incoming: IncomingCallback, callback: Callback | None) -> None:
    """Keep a callback without an attempt, inside the caller's transaction. A repeat changes nothing."""
    claim = callback.claim if callback else ""
    same = (UnmatchedCallback.secret_hash == incoming.secret_hash) & (UnmatchedCallback.claim == claim)
    if (db.session.scalar(select(func.count()).select_from(UnmatchedCallback).where(same)) or 0) >= MAX_KEPT:
        log.warning("a callback without an attempt was not kept: its address has %d already", MAX_KEPT)
        return
    no_payment = claim == Claim.NO
    row = UnmatchedCallback(
        secret_hash=incoming.secret_hash,
        digest=sha256(incoming.raw).hexdigest(),
        received_at=incoming.received_at,
        raw=incoming.raw,
        content_type=incoming.content_type,
        headers=incoming.headers,
        from_browser=incoming.from_browser,
        claim=claim,
        reference=(callback.order_id if callback else None) or "",
        amount=callback.amount if callback else None,
        method=callback.method if callback else "",
        resolved_at=incoming.received_at if no_payment else None,
        resolution=NO_PAYMENT if no_payment else "",
    )
    with suppress(IntegrityError):  # a repeat
        with db.session.begin_nested():
            db.session.add(row)
        if not no_payment:
            payment_unmatched.send(row)
        log.error("a callback belongs to no attempt; it was added to the review queue")


def open_unmatched(limit: int) -> Sequence[UnmatchedCallback]:
    """The unmatched callbacks that are not dismissed, oldest first."""
    is_open = select(UnmatchedCallback).where(UnmatchedCallback.resolved_at.is_(None))
    return db.session.scalars(is_open.order_by(UnmatchedCallback.received_at, UnmatchedCallback.id).limit(limit)).all()


def dismiss_unmatched(callback_id: int, reason: str, actor: str) -> UnmatchedCallback | None:
    """Dismiss an unmatched callback, inside the caller's transaction. None when it was dismissed before."""
    is_open = update(UnmatchedCallback).where(
        UnmatchedCallback.id == callback_id, UnmatchedCallback.resolved_at.is_(None)
    )
    if not updated(is_open.values(resolved_at=utcnow(), resolved_by=actor[:80], resolution=reason[:500])):
        return None
    return db.session.get_one(UnmatchedCallback, callback_id)


def delete_dismissed(months: int, now: datetime) -> int:
    """Delete what was dismissed `months` ago or earlier, and return how many; with 0 months, none."""
    if not months:
        return 0
    old = delete(UnmatchedCallback).where(UnmatchedCallback.resolved_at < now - months * MONTH)
    return len(db.session.scalars(old.returning(UnmatchedCallback.id)).all())
