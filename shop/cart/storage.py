"""The visitor's cart in the database: a row found by the random token in the session, and a row for each SKU.

Only a form creates rows. Each change locks the cart's row first, so that concurrent changes run one after the other.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TypeVar

from flask import g, session
from sqlalchemy import and_, delete, select, update

from shop.cart.models import Cart, CartLine
from shop.core.clock import utcnow
from shop.core.database import db, updated, write

CART_LIFETIME = timedelta(days=30)  # since the last change
ANSWERS_LIFETIME = timedelta(days=1)  # of the checkout form: a name, a phone number, an address
MAX_ANSWERS_LENGTH = 100_000  # characters
BATCH = 500  # rows that one sweep deletes in one transaction
TOKEN = "cart"  # noqa: S105 - its name in the session
WAITING_CODE = "code"  # in the session: a discount code of a link, until there is a cart
Result = TypeVar("Result")


@dataclass(frozen=True)
class StoredCart:
    """A cart as it is stored. Quantities and prices are by SKU, in the order the lines were added."""

    lines: dict[str, int] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)  # whole shillings, as last shown
    area: str = ""
    code: str = ""


class LockedCart:
    """A cart whose row is locked until the transaction ends."""

    def __init__(self, cart_id: int) -> None:
        self.id = cart_id
        query = select(CartLine).where(CartLine.cart_id == cart_id).order_by(CartLine.id)
        self.rows = {row.sku: row for row in db.session.scalars(query)}

    @property
    def lines(self) -> dict[str, int]:
        """Its quantities by SKU."""
        return {row.sku: row.quantity for row in self.rows.values() if row.quantity}

    def put(self, sku: str, quantity: int, price: int) -> None:
        """Add a line or change its quantity; `price` is its current price in whole shillings."""
        row = self.rows.get(sku)
        if row is None:
            row = CartLine(cart_id=self.id, sku=sku, quantity=0, removed=0, shown_price=price)
            self.rows[sku] = row
            db.session.add(row)
        if not row.quantity:
            row.shown_price = price
        row.quantity, row.removed = quantity, 0

    def set_quantity(self, sku: str, quantity: int) -> None:
        """Change the quantity of an existing line; 0 removes it, and `undo_removal` can put it back."""
        row = self.rows.get(sku)
        if row is not None and row.quantity:
            row.removed = row.quantity if quantity <= 0 else 0
            row.quantity = max(0, quantity)

    def undo_removal(self) -> None:
        """Put back the lines that were removed last."""
        for row in self.rows.values():
            if row.removed:
                row.quantity, row.removed = row.removed, 0

    def delete_removed(self) -> None:
        """Delete removed lines for good."""
        for sku, row in list(self.rows.items()):
            if not row.quantity:
                db.session.delete(self.rows.pop(sku))
        db.session.flush()


def stored_cart() -> StoredCart:
    """The visitor's cart. Without a token in the session it is empty, and no query runs."""
    token_hash = _token_hash()
    if token_hash is None:
        return StoredCart()
    line_of_cart = and_(CartLine.cart_id == Cart.id, CartLine.quantity > 0)
    columns = (Cart.area, Cart.code, CartLine.sku, CartLine.quantity, CartLine.shown_price)
    query = select(*columns).outerjoin(CartLine, line_of_cart).where(Cart.token_hash == token_hash)
    rows = db.session.execute(query.order_by(CartLine.id)).all()
    if not rows:
        return StoredCart()
    lines = {row.sku: row.quantity for row in rows if row.sku is not None}
    prices = {row.sku: row.shown_price for row in rows if row.sku is not None}
    return StoredCart(lines, prices, rows[0].area, rows[0].code)


def removed_lines() -> dict[str, int]:
    """The quantities by SKU that were removed last and can be put back."""
    token_hash = _token_hash()
    if token_hash is None:
        return {}
    query = select(CartLine.sku, CartLine.removed).join(Cart, Cart.id == CartLine.cart_id)
    rows = db.session.execute(query.where(Cart.token_hash == token_hash, CartLine.removed > 0).order_by(CartLine.id))
    return {row.sku: row.removed for row in rows}


def has_token() -> bool:
    """True when the browser has sent the token of a cart."""
    return _token_hash() is not None


def cart_exists() -> bool:
    """True when the browser has sent a token and its cart has not been deleted."""
    token_hash = _token_hash()
    return token_hash is not None and bool(db.session.scalar(select(Cart.id).where(Cart.token_hash == token_hash)))


def with_cart(change: Callable[[LockedCart], Result]) -> Result:
    """Change the visitor's cart in one transaction. A visitor without a cart gets one, unless `change` raises."""
    token = session.get(TOKEN) if isinstance(session.get(TOKEN), str) else None
    new_token = secrets.token_urlsafe(24)

    def change_cart() -> tuple[str, Result]:
        cart_id = _locked(_hash_of(token)) if token else None
        if token and cart_id is not None:
            return token, _change(LockedCart(cart_id), change)
        code = session.get(WAITING_CODE, "")
        cart = Cart(token_hash=_hash_of(new_token), created_at=utcnow(), updated_at=utcnow(), code=code)
        db.session.add(cart)
        db.session.flush()
        return new_token, _change(LockedCart(cart.id), change)

    session[TOKEN], result = write(change_cart)
    session.pop(WAITING_CODE, None)
    session.permanent = True  # as long as the cart is stored, see PERMANENT_SESSION_LIFETIME
    return result


def if_cart(change: Callable[[LockedCart], None], **values: str | datetime | None) -> None:
    """Change the visitor's cart and write these columns of it in one transaction, if there is a cart."""
    token_hash = _token_hash()
    if token_hash is None:
        return

    def change_cart() -> None:
        cart_id = _locked(token_hash)
        if cart_id is not None:
            _change(LockedCart(cart_id), change)
            _remember_area(values)
            if values:
                updated(update(Cart).where(Cart.id == cart_id).values(**values))

    write(change_cart)


def _change(cart: LockedCart, change: Callable[[LockedCart], Result]) -> Result:
    result = change(cart)
    g.cart_pieces = sum(cart.lines.values())  # for the cookie that the header's count is read from
    return result


def _remember_area(values: Mapping[str, object]) -> None:
    if "area" in values:
        g.chosen_area = values["area"]  # for the cookie that product pages read


def update_cart(**values: str | datetime | None) -> None:
    """Write columns of the visitor's cart, if there is one."""
    token_hash = _token_hash()
    if token_hash is not None:
        _remember_area(values)
        statement = update(Cart).where(Cart.token_hash == token_hash).values(**values, updated_at=utcnow())
        write(lambda: updated(statement))


def keep_waiting_code(code: str) -> None:
    """Keep a discount code in the session, for the cart that this visitor will have."""
    session[WAITING_CODE] = code
    session.permanent = True


def save_answers(answers: Mapping[str, str], **values: str) -> None:
    """Store the answers of the checkout form with the cart for a day, and write these columns of it."""
    text = json.dumps(answers)
    update_cart(answers=text if len(text) <= MAX_ANSWERS_LENGTH else "", answers_at=utcnow(), **values)


def saved_answers() -> dict[str, str]:
    """The answers of the checkout form that were stored within the last day."""
    token_hash = _token_hash()
    if token_hash is None:
        return {}
    recent = Cart.answers_at > utcnow() - ANSWERS_LIFETIME
    text = db.session.scalar(select(Cart.answers).where(Cart.token_hash == token_hash, recent))
    return dict(json.loads(text)) if text else {}


def sweep_carts() -> int:
    """Delete carts unchanged for 30 days and checkout answers older than a day. Returns the number of carts."""
    now = utcnow()
    old = select(Cart.id).where(Cart.updated_at < now - CART_LIFETIME).limit(BATCH)
    stale = select(Cart.id).where(Cart.answers_at < now - ANSWERS_LIFETIME).limit(BATCH)
    deleted = 0
    while ids := list(db.session.scalars(old)):
        write(lambda ids=ids: db.session.execute(delete(Cart).where(Cart.id.in_(ids))))  # type: ignore[misc]
        deleted += len(ids)
    while ids := list(db.session.scalars(stale)):
        cleared = update(Cart).where(Cart.id.in_(ids)).values(answers="", answers_at=None)
        write(lambda cleared=cleared: updated(cleared))  # type: ignore[misc]
    db.session.rollback()
    return deleted


def _locked(token_hash: str) -> int | None:
    """Lock a cart's row until the transaction ends. Returns its id, or None when it has been deleted."""
    if not updated(update(Cart).where(Cart.token_hash == token_hash).values(updated_at=utcnow())):
        return None
    return db.session.scalar(select(Cart.id).where(Cart.token_hash == token_hash))


def _token_hash() -> str | None:
    token = session.get(TOKEN)
    return _hash_of(token) if isinstance(token, str) else None


def _hash_of(token: str) -> str:
    return sha256(token.encode()).hexdigest()
