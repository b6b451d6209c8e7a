"""What is on the shelf changes, and the ledger says why. Runs inside the caller's transaction."""

from typing import Protocol, cast

from sqlalchemy import select, update

from shop.catalog.models import StockEntry, Variant
from shop.core.clock import utcnow
from shop.core.database import db, updated

MOST_STOCK = 1_000_000  # pieces of one SKU
OPENING = "Opening stock"


class HeldByOrders(Exception):
    """It cannot be set to `left`: `held` pieces are promised to unpaid orders. Nothing was written."""

    def __init__(self, held: int, left: int) -> None:
        super().__init__(f"{held} are held for unpaid orders")
        self.held = held
        self.left = left


class TooFew(Exception):
    """More cannot be taken away than there is: `on_hand` pieces are there. Nothing was written."""

    def __init__(self, on_hand: int) -> None:
        super().__init__(f"only {on_hand} are there")
        self.on_hand = on_hand


class TooMany(Exception):
    """No shelf holds so much: `on_hand` pieces are there already. Nothing was written."""

    def __init__(self, on_hand: int) -> None:
        super().__init__(f"{on_hand} are there already")
        self.on_hand = on_hand


def set_stock(sku: str, quantity: int, reason: str, actor: str = "", idempotency_key: str | None = None) -> None:
    """Set what is on hand of a SKU. Raises HeldByOrders below what is held, and KeyError for a SKU there is not."""
    seen = _locked(sku)
    if quantity < seen.held:
        raise HeldByOrders(seen.held, quantity)
    updated(update(Variant).where(Variant.sku == sku).values(on_hand=quantity))
    record_stock_move(sku, on_hand=quantity - seen.on_hand, reason=reason, actor=actor, idempotency_key=idempotency_key)


def change_stock(sku: str, pieces: int, reason: str, actor: str = "", idempotency_key: str | None = None) -> None:
    """Add pieces to what is on hand, or take some away when `pieces` is negative.

    Raises TooFew when there are not so many, HeldByOrders when too few would be left for the orders that hold some,
    TooMany above MOST_STOCK, and KeyError for a SKU there is not.
    """
    seen = _locked(sku)
    if seen.on_hand + pieces < 0:
        raise TooFew(seen.on_hand)
    if seen.on_hand + pieces > MOST_STOCK:
        raise TooMany(seen.on_hand)
    set_stock(sku, seen.on_hand + pieces, reason, actor, idempotency_key)


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
    """Write a line of the ledger; `on_hand` and `held` are changes, with their sign. No change, no line.

    `once` is the one-time key of a form: a second line with it breaks a UNIQUE constraint (IntegrityError).
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


class _Seen(Protocol):
    on_hand: int
    held: int


def _locked(sku: str) -> _Seen:
    """The stock of a SKU, which nobody else changes until the caller's transaction ends."""
    seen = db.session.execute(select(Variant.on_hand, Variant.held).where(Variant.sku == sku).with_for_update()).first()
    if seen is None:
        raise KeyError(sku)
    return cast("_Seen", seen)
