"""Buyers who asked to be told when a sold-out variant is back: one request for each variant and contact.

A request is deleted when its buyer was told, or after KEPT_FOR. Emails are written by shop/emails/back_in_stock.py; a
buyer with a phone number is told by a user of the admin.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from shop.catalog.models import BackInStockRequest, Product, Variant
from shop.core.clock import MONTH, utcnow
from shop.core.database import db, updated, write

KEPT_FOR = 6 * MONTH
MAX_WAITING = 200  # requests for one variant
MAX_PHONES = 50  # on a page of the admin


def ask_to_be_told(variant_id: int, contact: str) -> None:
    """Store a request, unless the same one is stored already. `contact`: see BackInStockRequest.

    name+one@example.com and name+two@example.com are one mailbox. Beyond MAX_WAITING of a variant nothing is stored.
    """
    values = {"variant_id": variant_id, "contact": contact, "by_email": "@" in contact, "asked_at": utcnow()}
    waiting = select(func.count()).where(BackInStockRequest.variant_id == variant_id)

    def add() -> None:
        known = db.session.scalar(waiting.where(_same_contact(contact)))
        if not known and (db.session.scalar(waiting) or 0) < MAX_WAITING:
            db.session.add(BackInStockRequest(**values))

    try:
        write(add)
    except IntegrityError:  # stored by another request at the same time
        return


def _same_contact(contact: str) -> ColumnElement[bool]:
    name, at, domain = contact.partition("@")
    mailbox = name.partition("+")[0]
    alias = BackInStockRequest.contact.startswith(f"{mailbox}+", autoescape=True)
    of_mailbox = and_(alias, BackInStockRequest.contact.endswith(f"@{domain}", autoescape=True))
    same = BackInStockRequest.contact == mailbox + at + domain
    return or_(same, of_mailbox) if at else same


def is_back() -> ColumnElement[bool]:
    """The condition that a variant, joined with its product, can be bought."""
    return (Variant.on_hand > Variant.held) & Variant.active & Product.published


def waiting_by_variant(variant_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """How many buyers wait for each variant that has some: (by email, by phone)."""
    by_email = func.sum(case((BackInStockRequest.by_email, 1), else_=0))
    found = select(BackInStockRequest.variant_id, by_email, func.count()).group_by(BackInStockRequest.variant_id)
    rows = db.session.execute(found.where(BackInStockRequest.variant_id.in_(list(variant_ids))))
    return {variant_id: (int(emails), every - int(emails)) for variant_id, emails, every in rows}


def waiting_phones(variant_id: int) -> Sequence[str]:
    """The phone numbers that wait for a variant, the longest wait first, at most MAX_PHONES."""
    mine = (BackInStockRequest.variant_id == variant_id, BackInStockRequest.by_email.is_(False))
    query = select(BackInStockRequest.contact).where(*mine).order_by(BackInStockRequest.id).limit(MAX_PHONES)
    return db.session.scalars(query).all()


def phone_told(variant_id: int, phone: str) -> bool:
    """Delete the request of a buyer whom a user has told, in the caller's transaction. False if it was done before."""
    mine = (BackInStockRequest.variant_id == variant_id, BackInStockRequest.by_email.is_(False))
    return bool(updated(delete(BackInStockRequest).where(*mine, BackInStockRequest.contact == phone)))


def delete_old_requests(now: datetime) -> int:
    """Delete requests older than KEPT_FOR and return how many. Runs inside the caller's transaction."""
    return updated(delete(BackInStockRequest).where(BackInStockRequest.asked_at < now - KEPT_FOR))
