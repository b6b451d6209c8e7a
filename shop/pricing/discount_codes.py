"""Claiming and releasing uses of a discount code, inside the caller's transaction."""

import unicodedata
from datetime import datetime

from sqlalchemy import or_, select, update

from shop.core.database import db, updated
from shop.core.money import shillings
from shop.pricing.models import DiscountCode


class DiscountNotUsable(Exception):
    """The code is used up, expired or switched off. Nothing was written."""


def normalised_code(text: str) -> str:
    """A code as it is stored: upper case, without spaces, quotes and punctuation at its ends, at most 40 characters.

    Full-width letters, which some keyboards write, become plain ones.
    """
    plain = unicodedata.normalize("NFKC", text[:200])
    shown = "".join(character for character in plain if character.isprintable() and not character.isspace())
    return shown.strip("“”„‘’\"'`.,;:()").upper()[:40]


def discount_code_by_name(text: str) -> DiscountCode | None:
    """The discount code a buyer typed, in any spelling, or None."""
    code = normalised_code(text)
    return db.session.scalar(select(DiscountCode).where(DiscountCode.code == code)) if code else None


def offer_of(code: DiscountCode, category: str = "") -> str:
    """The discount as a text, like "10% off Shoes from KSh 2,000". `category` is the name of its category, if any."""
    off = f"{code.value}% off" if code.kind == "percent" else f"{shillings(code.value)} off"
    off = f"{off} {category}" if category else off
    return f"{off} from {shillings(code.minimum_subtotal)}" if code.minimum_subtotal else off


def claim_use(code_id: int, at: datetime | None = None) -> None:
    """Claim one use of a code. Raises DiscountNotUsable if none is left or the code is not valid at `at` (UTC).

    Without `at`, its dates are not checked: that is for a late payment of an order placed in time. The UPDATE locks the
    code's row, so the caller can count its uses per buyer next.
    """
    available = or_(DiscountCode.max_uses.is_(None), DiscountCode.uses < DiscountCode.max_uses)
    claim = update(DiscountCode).where(DiscountCode.id == code_id, DiscountCode.active, available)
    if at is not None:
        begun = or_(DiscountCode.starts_at.is_(None), DiscountCode.starts_at <= at)
        claim = claim.where(begun, or_(DiscountCode.expires_at.is_(None), DiscountCode.expires_at > at))
    if not updated(claim.values(uses=DiscountCode.uses + 1)):
        raise DiscountNotUsable


def why_gone(code_id: int, now: datetime) -> str:
    """Why no use of a code could be claimed at `now` (UTC), in words that follow "had"."""
    code = db.session.get_one(DiscountCode, code_id, populate_existing=True)
    if not code.active:
        return "been switched off"
    if code.expires_at and code.expires_at <= now:
        return "ended"
    return "been used up"


def release_use(code_id: int) -> None:
    """Release one use, for an order that will not be paid."""
    updated(
        update(DiscountCode).where(DiscountCode.id == code_id, DiscountCode.uses > 0).values(uses=DiscountCode.uses - 1)
    )
