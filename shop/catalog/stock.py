"""Changing stock, with an entry in the stock ledger. Runs inside the caller's transaction."""

from collections.abc import Collection
from typing import Protocol, cast

from sqlalchemy import select, update

from shop.catalog.models import StockEntry, Variant
from shop.core.clock import utcnow
from shop.core.database import db, updated

MAX_STOCK = 1_000_000  # pieces of one SKU
OPENING = "Opening stock"


class HeldByOrders(Exception):
    """The stock cannot be set to `left`: unpaid orders hold `held` pieces. Nothing was written."""

    def __init__(self, held: int, left: int) -> None:
        super().__init__(f"{held} are held for unpaid orders")
        self.held = held
        self.left = left


class NotEnoughStock(Exception):
    """More pieces would be removed than the `on_hand` there are. Nothing was written."""

    def __init__(self, on_hand: int) -> None:
        super().__init__(f"only {on_hand} on hand")
        self.on_hand = on_hand


class StockTooHigh(Exception):
    """The stock would exceed MAX_STOCK; it is `on_hand` now. Nothing was written."""

    def __init__(self, on_hand: int) -> None:
        super().__init__(f"{on_hand} on hand already")
        self.on_hand = on_hand


def set_stock(sku: str, quantity: int, reason: str, actor: str = "", idempotency_key: str | None = None) -> None:
    """Set the stock on hand of a SKU. Raises HeldByOrders below what is held, and KeyError for an unknown SKU."""
    stock = _locked(sku)
    if quantity < stock.held:
        raise HeldByOrders(stock.held, quantity)
    updated(update(Variant).where(Variant.sku == sku).values(on_hand=quantity))
    record_stock_move(
        sku, on_hand=quantity - stock.on_hand, reason=reason, actor=actor, idempotency_key=idempotency_key
    )


def change_stock(sku: str, pieces: int, reason: str, actor: str = "", idempotency_key: str | None = None) -> None:
    """Add `pieces`, which may be negative, to the stock on hand.

    Raises NotEnoughStock below 0, HeldByOrders below what is held, StockTooHigh above MAX_STOCK, and KeyError for an
    unknown SKU.
    """
    stock = _locked(sku)
    if stock.on_hand + pieces < 0:
        raise NotEnoughStock(stock.on_hand)
    if stock.on_hand + pieces > MAX_STOCK:
        raise StockTooHigh(stock.on_hand)
    set_stock(sku, stock.on_hand + pieces, reason, actor, idempotency_key)


def stock_of(skus: Collection[str]) -> dict[str, int]:
    """The stock on hand of these SKUs, their rows locked, in the order of orders, until the transaction ends."""
    rows = select(Variant.sku, Variant.on_hand).where(Variant.sku.in_(skus)).order_by(Variant.sku).with_for_update()
    return dict(db.session.execute(rows).all())


def record_stock_move(
    sku: str,
    *,
    on_hand: int = 0,
    held: int = 0,
    reason: str,
    order_id: int | None = None,
    actor: str = "",
    idempotency_key: str | None = None,
) -> None:
    """Write an entry of the stock ledger, unless nothing changes; `on_hand` and `held` are signed changes.

    A second entry with the same `idempotency_key` breaks a UNIQUE constraint (IntegrityError).
    """
    if on_hand or held:
        db.session.add(
            StockEntry(
                at=utcnow(),
                sku=sku,
                on_hand=on_hand,
                held=held,
                reason=reason[:200],
                order_id=order_id,
                actor=actor[:80],
                idempotency_key=idempotency_key,
            )
        )


class _Stock(Protocol):
    on_hand: int
    held: int


def _locked(sku: str) -> _Stock:
    """The stock of a SKU, its row locked until the caller's transaction ends. Raises KeyError."""
    row = db.session.execute(select(Variant.on_hand, Variant.held).where(Variant.sku == sku).with_for_update()).first()
    if row is None:
        raise KeyError(sku)
    return cast("_Stock", row)
