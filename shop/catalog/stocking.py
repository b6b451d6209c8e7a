"""What is on the shelf is counted anew, and the ledger says why. Runs inside the caller's transaction."""

from sqlalchemy import select, update

from shop.catalog.models import StockMove, Variant
from shop.clock import utcnow
from shop.database import changed, db


class HeldByOrders(Exception):
    """It cannot be set so low: `held` pieces are promised to unpaid orders. Nothing was written."""

    def __init__(self, held: int) -> None:
        super().__init__(f"{held} are held for unpaid orders")
        self.held = held


def set_stock(sku: str, quantity: int, reason: str, by: str = "") -> None:
    """Set what is on hand of a SKU. Raises HeldByOrders below what is held, and KeyError for a SKU there is not."""
    seen = db.session.execute(select(Variant.on_hand, Variant.held).where(Variant.sku == sku).with_for_update()).first()
    if seen is None:
        raise KeyError(sku)
    fits = update(Variant).where(Variant.sku == sku, Variant.held <= quantity)
    if not changed(fits.values(on_hand=quantity)):
        raise HeldByOrders(seen.held)
    note_move(sku, on_hand=quantity - seen.on_hand, reason=reason, by=by)


def note_move(
    sku: str, *, on_hand: int = 0, held: int = 0, reason: str, order_id: int | None = None, by: str = ""
) -> None:
    """Write a line of the ledger; `on_hand` and `held` are changes, with their sign. No change, no line."""
    if on_hand or held:
        db.session.add(
            StockMove(
                at=utcnow(),
                sku=sku,
                on_hand=on_hand,
                held=held,
                reason=reason[:200],
                order_id=order_id,
                by=by[:80],
            )
        )
