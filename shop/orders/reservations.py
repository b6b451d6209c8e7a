"""Stock reservations: held when an order is placed, committed when it is paid, released when it expires.

Each step is one guarded UPDATE per SKU inside the caller's transaction, in SKU order to avoid deadlocks, and one INSERT
into the stock ledger for all lines.
"""

from collections.abc import Iterable, Mapping
from operator import attrgetter

from sqlalchemy import func, insert, select, update

from shop.catalog.models import Product, StockEntry, Variant
from shop.catalog.stock import record_stock_move
from shop.core.clock import utcnow
from shop.core.database import db, updated
from shop.orders.models import OrderLine
from shop.pricing.quote import LineItem

BY_SKU = attrgetter("sku")  # one order for all updates, to avoid deadlocks


class OutOfStock(Exception):
    """Only `left` pieces of `sku` can be sold. Nothing is held."""

    def __init__(self, sku: str, left: int) -> None:
        super().__init__(f"{sku}: {left} left")
        self.sku = sku
        self.left = left


class TooManyBack(Exception):
    """Only `left` pieces of `sku` can be put back, because the order took no more. Nothing is written."""

    def __init__(self, sku: str, left: int) -> None:
        super().__init__(f"{sku}: {left} may come back")
        self.sku = sku
        self.left = left


def hold(lines: Iterable[LineItem]) -> None:
    """Hold stock for an unpaid order. Raises OutOfStock for the first SKU that is short or no longer sold.

    The order has no id yet: call `record_held` once it has one.
    """
    for line in sorted(lines, key=BY_SKU):
        free = Variant.on_hand - Variant.held >= line.quantity
        guarded = update(Variant).where(Variant.sku == line.sku, Variant.active, Variant.product.has(Product.published))
        if not updated(guarded.where(free).values(held=Variant.held + line.quantity)):
            raise _short(line.sku)


def record_held(lines: Iterable[OrderLine]) -> None:
    """Write the stock ledger entries of `hold`."""
    _record(list(lines), "Held for an unpaid order", held=1)


def commit(lines: Iterable[OrderLine]) -> None:
    """Turn the held stock of a paid order into sold stock."""
    _move(lines, "Sold", on_hand=-1, held=-1)


def release(lines: Iterable[OrderLine]) -> None:
    """Release the held stock of an unpaid order."""
    _move(lines, "On sale again, the order ended unpaid", held=-1)


def hold_again(lines: Iterable[OrderLine]) -> None:
    """Turn the sold stock of an order back into held stock, when its payment was undone."""
    _move(lines, "Held again, the order is not paid after all", on_hand=1, held=1)


def take(lines: Iterable[OrderLine]) -> None:
    """Sell stock that is not held, for a late payment. Raises OutOfStock; the caller then undoes the other lines."""
    moved = sorted(lines, key=BY_SKU)
    for line in moved:
        free = Variant.on_hand - Variant.held >= line.quantity
        guarded = update(Variant).where(Variant.sku == line.sku, free)
        if not updated(guarded.values(on_hand=Variant.on_hand - line.quantity)):
            raise _short(line.sku)
    _record(moved, "Sold, paid late", on_hand=-1)


def out_of(order_id: int) -> dict[str, int]:
    """Pieces by SKU that an order took from stock and that were not put back."""
    out = -func.sum(StockEntry.on_hand)
    found = select(StockEntry.sku, out).where(StockEntry.order_id == order_id).group_by(StockEntry.sku).having(out > 0)
    return {sku: int(pieces) for sku, pieces in db.session.execute(found)}


def put_back(
    order_id: int, pieces: Mapping[str, int], reason: str, actor: str, idempotency_key: str | None = None
) -> None:
    """Put pieces by SKU of an order back into stock. The caller has locked the order.

    Raises TooManyBack when the order took fewer pieces, and sqlalchemy.exc.IntegrityError when a form with the same
    idempotency key was handled before.
    """
    out = out_of(order_id)
    for sku in sorted(pieces):
        if pieces[sku] > out.get(sku, 0):
            raise TooManyBack(sku, out.get(sku, 0))
        values = {"on_hand": Variant.on_hand + pieces[sku]}
        if pieces[sku] and updated(update(Variant).where(Variant.sku == sku).values(values)):
            record_stock_move(
                sku, on_hand=pieces[sku], reason=reason, order_id=order_id, actor=actor, idempotency_key=idempotency_key
            )
            idempotency_key = None  # it is unique: only the first entry has it
    db.session.flush()


def try_take(lines: Iterable[OrderLine]) -> bool:
    """Take all lines or none. Returns False when stock is short."""
    try:
        with db.session.begin_nested():
            take(lines)
    except OutOfStock:
        return False
    return True


def _move(lines: Iterable[OrderLine], reason: str, *, on_hand: int = 0, held: int = 0) -> None:
    """Add to the stock of each SKU, without a guard, and write the stock ledger; a deleted variant is left out."""
    moved = []
    for line in sorted(lines, key=BY_SKU):
        values = {
            "on_hand": Variant.on_hand + on_hand * line.quantity,
            "held": Variant.held + held * line.quantity,
        }
        if updated(update(Variant).where(Variant.sku == line.sku).values(values)):
            moved.append(line)
    _record(moved, reason, on_hand=on_hand, held=held)


def _record(lines: list[OrderLine], reason: str, *, on_hand: int = 0, held: int = 0) -> None:
    """Write stock ledger entries; `on_hand` and `held` are +1, 0 or -1 for each piece."""
    now = utcnow()
    moves = [
        {
            "at": now,
            "sku": line.sku,
            "on_hand": on_hand * line.quantity,
            "held": held * line.quantity,
            "reason": reason,
            "order_id": line.order_id,
        }
        for line in lines
    ]
    if moves:
        db.session.execute(insert(StockEntry), moves)


def _short(sku: str) -> OutOfStock:
    sold = Variant.active & Variant.product.has(Product.published)
    left = db.session.scalar(select(Variant.on_hand - Variant.held).where(Variant.sku == sku, sold))
    return OutOfStock(sku, left or 0)
