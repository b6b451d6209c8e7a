"""A payment that belongs to no attempt here is given to the order it was made for, and settled like any other."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import delete, select

from shop.chpter import Claim
from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import Order
from shop.orders.search_index import add_search_terms
from shop.orders.states import AttemptState
from shop.orders.transitions import StaleState
from shop.payments.attempts import LARGEST_REFERENCE, SMALLEST_REFERENCE
from shop.payments.callback_intake import IncomingCallback
from shop.payments.models import PaymentAttempt, UnmatchedCallback
from shop.payments.settlement import settle_in_transaction
from shop.payments.unmatched_callbacks import still_open


@dataclass
class CannotMatch(Exception):
    """It cannot be the payment of an order. `words` say why."""

    words: str


def can_match(callback: UnmatchedCallback) -> bool:
    """Whether it names a payment, and says anything but that none was made."""
    named = callback.reference.isdigit() and SMALLEST_REFERENCE <= int(callback.reference) <= LARGEST_REFERENCE
    return named and callback.claim in (Claim.YES, Claim.UNCLEAR)


def match(order: Order, callback_id: int, card_paid_false: Literal["paid", "review"]) -> UnmatchedCallback:
    """Give the order the attempt that was lost, and settle what came for it, by the table like everything else.

    Runs inside the caller's transaction. Raises StaleState when another was first, and CannotMatch.
    """
    if not updated(still_open(callback_id).values(resolved_at=utcnow())):
        raise StaleState
    chosen = db.session.get_one(UnmatchedCallback, callback_id)
    if not can_match(chosen):
        raise CannotMatch("It names no payment that an order could have")
    reference = int(chosen.reference)
    if db.session.scalar(select(PaymentAttempt.id).where(PaymentAttempt.reference == reference)):
        raise CannotMatch(f"Payment {reference} is another order's")
    attempt = PaymentAttempt(
        order_id=order.id,
        reference=reference,
        secret_hash=chosen.secret_hash,
        state=AttemptState.SUPERSEDED,  # its page was opened once, and may be paid
        amount=order.total,
        created_at=chosen.received_at,
    )
    db.session.add(attempt)
    db.session.flush()
    add_search_terms(order, chosen.reference)
    same = (UnmatchedCallback.secret_hash == chosen.secret_hash) & UnmatchedCallback.claim.in_(
        (Claim.YES, Claim.NO, Claim.UNCLEAR)
    )
    for one in db.session.scalars(select(UnmatchedCallback).where(same).order_by(UnmatchedCallback.id)).all():
        posted = IncomingCallback(
            one.secret_hash, one.raw, one.content_type, one.headers, one.from_browser, received_at=one.received_at
        )
        settle_in_transaction(posted, card_paid_false)
    db.session.expunge(chosen)  # what it says is the caller's to tell; its bytes are in the record of callbacks now
    db.session.execute(delete(UnmatchedCallback).where(same))
    return chosen
