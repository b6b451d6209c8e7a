"""A cart by a short link: made at the desk, or by a buyer of the own cart; shown to whoever opens it.

Opening the link changes nothing. A button puts the goods into the opener's cart, at today's prices.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import selectinload

from shop.cart.models import SharedCart, SharedLine
from shop.core.database import db, draw_unused, updated

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read as something else: no i, l, o, 0 or 1
LENGTH = 7  # 27 thousand million codes
CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
FROM_DESK, FROM_BUYER = timedelta(days=90), timedelta(days=30)
FORGOTTEN_AFTER = timedelta(days=30)  # since it expired
MOST_FORGOTTEN = 100  # at once


def share(
    quantities: Mapping[str, int], now: datetime, lasts: timedelta, *, title: str = "", actor: str = ""
) -> SharedCart:
    """Write a cart down under a fresh code, inside the caller's transaction. Long expired ones are cleared away."""
    _forget_old(now)
    lines = [
        SharedLine(position=place, sku=sku, quantity=count) for place, (sku, count) in enumerate(quantities.items())
    ]
    cart = SharedCart(
        code=draw_unused(SharedCart.code, _draw_code),
        title=title,
        actor=actor,
        made_at=now,
        expires_at=now + lasts,
        lines=lines,
    )
    db.session.add(cart)
    db.session.flush()
    return cart


def shared_cart(code: str, now: datetime) -> SharedCart | None:
    """The cart behind a code; None for what is no code, unknown, switched off or expired: a guesser learns nothing."""
    if not CODE.fullmatch(code.lower()):
        return None
    found = select(SharedCart).where(SharedCart.code == code.lower(), SharedCart.active, SharedCart.expires_at > now)
    return db.session.scalar(found.options(selectinload(SharedCart.lines)))


def count_use(cart_id: int) -> None:
    """Somebody put it into a cart."""
    updated(update(SharedCart).where(SharedCart.id == cart_id).values(uses=SharedCart.uses + 1))


def _draw_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _forget_old(now: datetime) -> None:
    old = select(SharedCart.id).where(SharedCart.expires_at < now - FORGOTTEN_AFTER).limit(MOST_FORGOTTEN)
    ids = db.session.scalars(old).all()
    if ids:
        db.session.execute(delete(SharedCart).where(SharedCart.id.in_(ids)))
