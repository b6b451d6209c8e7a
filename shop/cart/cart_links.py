"""Shared carts: a short link to SKUs and quantities, made in the admin or by a buyer.

Opening the link changes nothing. A button adds the goods to the visitor's own cart, at today's prices.
"""

import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import selectinload

from shop.cart.models import SharedCart, SharedLine
from shop.core.database import db, draw_unused, updated

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without i, l, o, 0 and 1, which are mistaken for each other
LENGTH = 7  # 27 thousand million codes
CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
ADMIN_LINK_LIFETIME, BUYER_LINK_LIFETIME = timedelta(days=90), timedelta(days=30)
DELETED_AFTER = timedelta(days=30)  # since it expired
MAX_DELETED = 100  # at once


def share(
    quantities: Mapping[str, int], now: datetime, lifetime: timedelta, *, title: str = "", actor: str = ""
) -> SharedCart:
    """Write a shared cart with a new code, inside the caller's transaction. Deletes carts that expired long ago."""
    _delete_old(now)
    lines = [
        SharedLine(position=position, sku=sku, quantity=quantity)
        for position, (sku, quantity) in enumerate(quantities.items())
    ]
    cart = SharedCart(
        code=draw_unused(SharedCart.code, _draw_code),
        title=title,
        actor=actor,
        made_at=now,
        expires_at=now + lifetime,
        lines=lines,
    )
    db.session.add(cart)
    db.session.flush()
    return cart


def shared_cart(code: str, now: datetime) -> SharedCart | None:
    """The shared cart with this code; None when the code is unknown, switched off or expired."""
    if not CODE.fullmatch(code.lower()):
        return None
    query = select(SharedCart).where(SharedCart.code == code.lower(), SharedCart.active, SharedCart.expires_at > now)
    return db.session.scalar(query.options(selectinload(SharedCart.lines)))


def count_use(cart_id: int) -> None:
    """Count that a visitor added a shared cart to their own."""
    updated(update(SharedCart).where(SharedCart.id == cart_id).values(uses=SharedCart.uses + 1))


def _draw_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def _delete_old(now: datetime) -> None:
    old = select(SharedCart.id).where(SharedCart.expires_at < now - DELETED_AFTER).limit(MAX_DELETED)
    ids = db.session.scalars(old).all()
    if ids:
        db.session.execute(delete(SharedCart).where(SharedCart.id.in_(ids)))
