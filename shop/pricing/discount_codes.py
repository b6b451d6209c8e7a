"""Taking and giving back the uses of a discount code. Both run inside the caller's transaction."""

import unicodedata
from datetime import datetime

from sqlalchemy import or_, select, update

from shop.core.database import db, updated
from shop.pricing.models import DiscountCode


class DiscountNotUsable(Exception):
    """The code's last use was taken, it ended, or it was switched off. Nothing was written."""


def normalised_code(text: str) -> str:
    """A code as it is stored: upper case, without blanks, quotes and a last full stop, at most 40 characters.

    Full-width letters, as some keyboards write them, are plain ones.
    """
    plain = unicodedata.normalize("NFKC", text[:200])
    shown = "".join(character for character in plain if character.isprintable() and not character.isspace())
    return shown.strip("“”„‘’\"'`.,;:()").upper()[:40]


def discount_code_by_name(text: str) -> DiscountCode | None:
    """The code a buyer typed, in any case and with any blanks; None when there is none."""
    code = normalised_code(text)
    return db.session.scalar(select(DiscountCode).where(DiscountCode.code == code)) if code else None


def claim_use(code_id: int, at: datetime | None = None) -> None:
    """Take one use of a code. Raises DiscountGone when none is left, or it does not count at the moment `at` (UTC).

    Without `at` its days do not matter: late money for an order that was placed in time. The UPDATE locks the code's
    row, so that what the caller counts next is counted by one at a time.
    """
    free = or_(DiscountCode.max_uses.is_(None), DiscountCode.uses < DiscountCode.max_uses)
    taken = update(DiscountCode).where(DiscountCode.id == code_id, DiscountCode.active, free)
    if at is not None:
        begun = or_(DiscountCode.starts_at.is_(None), DiscountCode.starts_at <= at)
        taken = taken.where(begun, or_(DiscountCode.expires_at.is_(None), DiscountCode.expires_at > at))
    if not updated(taken.values(uses=DiscountCode.uses + 1)):
        raise DiscountNotUsable


def why_gone(code_id: int, now: datetime) -> str:
    """Why no use of a code could be claimed at `now` (UTC), as words that follow "had"."""
    code = db.session.get_one(DiscountCode, code_id, populate_existing=True)
    if not code.active:
        return "been switched off"
    if code.expires_at and code.expires_at <= now:
        return "ended"
    return "been used up"


def release_use(code_id: int) -> None:
    """Give one use back, for an order that will not be paid."""
    updated(
        update(DiscountCode).where(DiscountCode.id == code_id, DiscountCode.uses > 0).values(uses=DiscountCode.uses - 1)
    )
