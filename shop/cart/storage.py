"""Where a cart is kept: a row found by the random token in the visitor's session, and a row for each SKU in it.

Rows are made by a form only, never by looking. Each change locks the cart's row first, so that two of them at one
moment come one after the other and both are in.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from flask import session
from sqlalchemy import and_, delete, select, update

from shop.cart.models import Cart, CartLine
from shop.core.clock import utcnow
from shop.core.database import db, updated, write

KEPT = timedelta(days=30)  # since the last change
TYPED_KEPT = timedelta(days=1)  # what was typed at the checkout: a name, a phone number, an address
MOST_TYPED = 100_000  # characters of it
BATCH = 500  # rows that one sweep lets go in one transaction
TOKEN = "cart"  # noqa: S105 - its name in the session
Result = TypeVar("Result")


@dataclass(frozen=True)
class Kept:
    """A cart as it is kept. Quantities and prices are by SKU, in the order the lines were added."""

    lines: dict[str, int] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)  # whole shillings, as last shown
    area: str = ""
    code: str = ""


class Opened:
    """A cart whose row is locked until the transaction ends."""

    def __init__(self, cart_id: int) -> None:
        self.id = cart_id
        query = select(CartLine).where(CartLine.cart_id == cart_id).order_by(CartLine.id)
        self.rows = {row.sku: row for row in db.session.scalars(query)}

    @property
    def lines(self) -> dict[str, int]:
        """What is in it: pieces by SKU."""
        return {row.sku: row.quantity for row in self.rows.values() if row.quantity}

    def put(self, sku: str, quantity: int, price: int) -> None:
        """Let it hold so many of a SKU, which costs `price` whole shillings now."""
        row = self.rows.get(sku)
        if row is None:
            row = CartLine(cart_id=self.id, sku=sku, quantity=0, removed=0, shown_price=price)
            self.rows[sku] = row
            db.session.add(row)
        if not row.quantity:
            row.shown_price = price
        row.quantity, row.removed = quantity, 0

    def set(self, sku: str, quantity: int) -> None:
        """Change the quantity of a line it holds; 0 removes it, so that it can be put back."""
        row = self.rows.get(sku)
        if row is not None and row.quantity:
            row.removed = row.quantity if quantity <= 0 else 0
            row.quantity = max(0, quantity)

    def put_back(self) -> None:
        """Undo the last removal."""
        for row in self.rows.values():
            if row.removed:
                row.quantity, row.removed = row.removed, 0

    def forget_removed(self) -> None:
        """What was removed before can no longer be put back."""
        for sku, row in list(self.rows.items()):
            if not row.quantity:
                db.session.delete(self.rows.pop(sku))
        db.session.flush()


def kept() -> Kept:
    """The visitor's cart; an empty one, without a query, for a visitor who has none."""
    token_hash = _token_hash()
    if token_hash is None:
        return Kept()
    in_it = and_(CartLine.cart_id == Cart.id, CartLine.quantity > 0)
    columns = (Cart.area, Cart.code, CartLine.sku, CartLine.quantity, CartLine.shown_price)
    found = select(*columns).outerjoin(CartLine, in_it).where(Cart.token_hash == token_hash).order_by(CartLine.id)
    rows = db.session.execute(found).all()
    if not rows:
        return Kept()
    lines = {row.sku: row.quantity for row in rows if row.sku is not None}
    prices = {row.sku: row.shown_price for row in rows if row.sku is not None}
    return Kept(lines, prices, rows[0].area, rows[0].code)


def removed() -> dict[str, int]:
    """What was removed last and can be put back: pieces by SKU."""
    token_hash = _token_hash()
    if token_hash is None:
        return {}
    found = select(CartLine.sku, CartLine.removed).join(Cart, Cart.id == CartLine.cart_id)
    rows = db.session.execute(found.where(Cart.token_hash == token_hash, CartLine.removed > 0).order_by(CartLine.id))
    return {row.sku: row.removed for row in rows}


def is_kept() -> bool:
    """Whether the browser has brought the token of a cart back."""
    return _token_hash() is not None


def is_there() -> bool:
    """Whether the visitor's cart is kept: its token came back, and it has not been let go meanwhile."""
    token_hash = _token_hash()
    return token_hash is not None and bool(db.session.scalar(select(Cart.id).where(Cart.token_hash == token_hash)))


def with_cart(work: Callable[[Opened], Result]) -> Result:
    """Do `work` on the visitor's cart in one transaction; a visitor without a cart gets one, unless `work` raises."""
    token = session.get(TOKEN) if isinstance(session.get(TOKEN), str) else None
    fresh = secrets.token_urlsafe(24)

    def on_cart() -> tuple[str, Result]:
        cart_id = _locked(_hash_of(token)) if token else None
        if token and cart_id is not None:
            return token, work(Opened(cart_id))
        cart = Cart(token_hash=_hash_of(fresh), created_at=utcnow(), updated_at=utcnow())
        db.session.add(cart)
        db.session.flush()
        return fresh, work(Opened(cart.id))

    session[TOKEN], result = write(on_cart)
    session.permanent = True  # as long as the cart is kept, see PERMANENT_SESSION_LIFETIME
    return result


def if_cart(work: Callable[[Opened], None], **values: str | datetime | None) -> None:
    """Do `work` on the visitor's cart, and write these columns, in one transaction, if there is one."""
    token_hash = _token_hash()
    if token_hash is None:
        return

    def on_cart() -> None:
        cart_id = _locked(token_hash)
        if cart_id is not None:
            work(Opened(cart_id))
            if values:
                updated(update(Cart).where(Cart.id == cart_id).values(**values))

    write(on_cart)


def note(**values: str | datetime | None) -> None:
    """Write columns of the visitor's cart, if there is one."""
    token_hash = _token_hash()
    if token_hash is not None:
        mine = update(Cart).where(Cart.token_hash == token_hash)
        write(lambda: updated(mine.values(**values, updated_at=utcnow())))


def keep_typed(answers: Mapping[str, str], **chosen: str) -> None:
    """Keep what was typed at the checkout with the cart, for a day; `chosen` is its area and code."""
    text = json.dumps(answers)
    note(typed=text if len(text) <= MOST_TYPED else "", typed_at=utcnow(), **chosen)


def typed() -> dict[str, str]:
    """What was typed at the checkout within the last day; nothing else is ever given out."""
    token_hash = _token_hash()
    if token_hash is None:
        return {}
    fresh = Cart.typed_at > utcnow() - TYPED_KEPT
    text = db.session.scalar(select(Cart.typed).where(Cart.token_hash == token_hash, fresh))
    return dict(json.loads(text)) if text else {}


def sweep_carts() -> int:
    """Delete carts that were not changed for 30 days, and of what was typed more than a day ago; how many."""
    now = utcnow()
    old = select(Cart.id).where(Cart.updated_at < now - KEPT).limit(BATCH)
    stale = select(Cart.id).where(Cart.typed_at < now - TYPED_KEPT).limit(BATCH)
    gone = 0
    while ids := list(db.session.scalars(old)):
        write(lambda ids=ids: db.session.execute(delete(Cart).where(Cart.id.in_(ids))))  # type: ignore[misc]
        gone += len(ids)
    while ids := list(db.session.scalars(stale)):
        forgotten = update(Cart).where(Cart.id.in_(ids)).values(typed="", typed_at=None)
        write(lambda forgotten=forgotten: updated(forgotten))  # type: ignore[misc]
    db.session.rollback()
    return gone


def _locked(token_hash: str) -> int | None:
    """The id of a cart, its row locked until the transaction ends; None when there is none any more."""
    if not updated(update(Cart).where(Cart.token_hash == token_hash).values(updated_at=utcnow())):
        return None
    return db.session.scalar(select(Cart.id).where(Cart.token_hash == token_hash))


def _token_hash() -> str | None:
    token = session.get(TOKEN)
    return _hash_of(token) if isinstance(token, str) else None


def _hash_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()
