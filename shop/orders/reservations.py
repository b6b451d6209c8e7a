"""Stock: held when an order is placed, committed when it is paid, released when it will not be.

Each step is one guarded UPDATE per SKU, always in SKU order, inside the caller's transaction: two orders that share
goods wait for each other instead of locking each other out, and what is not there is never promised.
Each step also writes its lines of the stock ledger, all of an order's in one statement.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from sqlalchemy import func, insert, select, update

from shop.catalog.models import Product, StockEntry, Variant
from shop.catalog.stock import record_stock_move
from shop.core.clock import utcnow
from shop.core.database import db, updated


class Wanted(Protocol):
    """Anything that names a SKU and a count."""

    @property
    def sku(self) -> str:
        """Which."""

    @property
    def quantity(self) -> int:
        """How many, at least 1."""


class Ordered(Wanted, Protocol):
    """A line of an order that has been written."""

    @property
    def order_id(self) -> int:
        """Whose."""


Line = TypeVar("Line", bound=Wanted)


class OutOfStock(Exception):
    """Somebody else was quicker. Nothing is held; `sku` names what is short and `left` how many there are."""

    def __init__(self, sku: str, left: int) -> None:
        super().__init__(f"{sku}: {left} left")
        self.sku = sku
        self.left = left


class TooManyBack(Exception):
    """More cannot come back than the order took: `left` pieces of `sku` may. Nothing is kept."""

    def __init__(self, sku: str, left: int) -> None:
        super().__init__(f"{sku}: {left} may come back")
        self.sku = sku
        self.left = left


def hold(lines: Iterable[Wanted]) -> None:
    """Promise the goods to an unpaid order. Raises OutOfStock for the first SKU that is short or no longer sold.

    The order has no number yet: `note_held` writes the ledger once it has.
    """
    for line in _in_order(lines):
        free = Variant.on_hand - Variant.held >= line.quantity
        guarded = update(Variant).where(Variant.sku == line.sku, Variant.active, Variant.product.has(Product.active))
        if not updated(guarded.where(free).values(held=Variant.held + line.quantity)):
            raise _short(line.sku)


def note_held(lines: Iterable[Ordered]) -> None:
    """Write down what `hold` did, now that the order has an id."""
    _note(list(lines), "Held for an unpaid order", held=1)


def commit(lines: Iterable[Ordered]) -> None:
    """The goods an order held are paid for: they are no longer ours."""
    moved = []
    for line in _in_order(lines):
        sold = {"held": Variant.held - line.quantity, "on_hand": Variant.on_hand - line.quantity}
        if updated(update(Variant).where(Variant.sku == line.sku).values(sold)):
            moved.append(line)
    _note(moved, "Sold", on_hand=-1, held=-1)


def release(lines: Iterable[Ordered]) -> None:
    """The goods an order held are free again."""
    moved = []
    for line in _in_order(lines):
        if updated(update(Variant).where(Variant.sku == line.sku).values(held=Variant.held - line.quantity)):
            moved.append(line)
    _note(moved, "On sale again, the order ended unpaid", held=-1)


def take(lines: Iterable[Ordered]) -> None:
    """Sell goods that are no longer held, for late money. Raises OutOfStock; then the caller undoes the others."""
    moved = _in_order(lines)
    for line in moved:
        free = Variant.on_hand - Variant.held >= line.quantity
        guarded = update(Variant).where(Variant.sku == line.sku, free)
        if not updated(guarded.values(on_hand=Variant.on_hand - line.quantity)):
            raise _short(line.sku)
    _note(moved, "Sold, paid late", on_hand=-1)


def hold_again(lines: Iterable[Ordered]) -> None:
    """The goods of an order that is not paid after all: they are held for it once more."""
    moved = []
    for line in _in_order(lines):
        values = {"held": Variant.held + line.quantity, "on_hand": Variant.on_hand + line.quantity}
        if updated(update(Variant).where(Variant.sku == line.sku).values(values)):
            moved.append(line)
    _note(moved, "Held again, the order is not paid after all", on_hand=1, held=1)


def out_of(order_id: int) -> dict[str, int]:
    """The pieces of each SKU that an order took from the shelf and that have not come back."""
    out = -func.sum(StockEntry.on_hand)
    found = select(StockEntry.sku, out).where(StockEntry.order_id == order_id).group_by(StockEntry.sku).having(out > 0)
    return {sku: int(pieces) for sku, pieces in db.session.execute(found)}


def put_back(
    order_id: int, pieces: Mapping[str, int], reason: str, actor: str, idempotency_key: str | None = None
) -> None:
    """Put goods of an order back on the shelf: pieces by SKU. The caller has locked the order.

    Raises TooManyBack when that is more than the order took and has not come back. `once` is the one-time key of the
    form: a second act with it breaks a UNIQUE constraint (IntegrityError).
    """
    out = out_of(order_id)
    for sku in sorted(pieces):
        if pieces[sku] > out.get(sku, 0):
            raise TooManyBack(sku, out.get(sku, 0))
        more = {"on_hand": Variant.on_hand + pieces[sku]}
        if pieces[sku] and updated(update(Variant).where(Variant.sku == sku).values(more)):
            record_stock_move(
                sku, on_hand=pieces[sku], reason=reason, order_id=order_id, actor=actor, idempotency_key=idempotency_key
            )
            idempotency_key = None  # it stands in the first line
    db.session.flush()


def taken_again(lines: Iterable[Ordered]) -> bool:
    """Take all the goods, or none of them: whether they were there."""
    try:
        with db.session.begin_nested():
            take(lines)
    except OutOfStock:
        return False
    return True


def _in_order(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.sku)


def _note(lines: list[Ordered], reason: str, *, on_hand: int = 0, held: int = 0) -> None:
    """Lines of the ledger; `on_hand` and `held` say which way each piece went."""
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
    sold = Variant.active & Variant.product.has(Product.active)
    left = db.session.scalar(select(Variant.on_hand - Variant.held).where(Variant.sku == sku, sold))
    return OutOfStock(sku, left or 0)
