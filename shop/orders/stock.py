"""Stock: held when an order is placed, committed when it is paid, released when it will not be.

Each step is one guarded UPDATE per SKU, always in SKU order, inside the caller's transaction: two orders that share
goods wait for each other instead of locking each other out, and what is not there is never promised.
"""

from collections.abc import Iterable
from typing import Protocol

from sqlalchemy import select, update

from shop.catalog.models import Variant
from shop.database import changed, db


class Wanted(Protocol):
    """Anything that names a SKU and a count."""

    @property
    def sku(self) -> str:
        """Which."""

    @property
    def quantity(self) -> int:
        """How many, at least 1."""


class OutOfStock(Exception):
    """Somebody else was quicker. Nothing is held; `sku` names what is short and `left` how many there are."""

    def __init__(self, sku: str, left: int) -> None:
        super().__init__(f"{sku}: {left} left")
        self.sku = sku
        self.left = left


def hold(lines: Iterable[Wanted]) -> None:
    """Promise the goods to an unpaid order. Raises OutOfStock for the first SKU that is short."""
    for line in _in_order(lines):
        free = Variant.on_hand - Variant.held >= line.quantity
        guarded = update(Variant).where(Variant.sku == line.sku, Variant.active, free)
        if not changed(guarded.values(held=Variant.held + line.quantity)):
            raise _short(line.sku)


def commit(lines: Iterable[Wanted]) -> None:
    """The goods an order held are paid for: they are no longer ours."""
    for line in _in_order(lines):
        sold = {"held": Variant.held - line.quantity, "on_hand": Variant.on_hand - line.quantity}
        changed(update(Variant).where(Variant.sku == line.sku).values(sold))


def release(lines: Iterable[Wanted]) -> None:
    """The goods an order held are free again."""
    for line in _in_order(lines):
        changed(update(Variant).where(Variant.sku == line.sku).values(held=Variant.held - line.quantity))


def take(lines: Iterable[Wanted]) -> None:
    """Sell goods that are no longer held, for late money. Raises OutOfStock; then the caller undoes the others."""
    for line in _in_order(lines):
        free = Variant.on_hand - Variant.held >= line.quantity
        guarded = update(Variant).where(Variant.sku == line.sku, free)
        if not changed(guarded.values(on_hand=Variant.on_hand - line.quantity)):
            raise _short(line.sku)


def taken_again(lines: Iterable[Wanted]) -> bool:
    """Take all the goods, or none of them: whether they were there."""
    try:
        with db.session.begin_nested():
            take(lines)
    except OutOfStock:
        return False
    return True


def _in_order(lines: Iterable[Wanted]) -> list[Wanted]:
    return sorted(lines, key=lambda line: line.sku)


def _short(sku: str) -> OutOfStock:
    left = db.session.scalar(select(Variant.on_hand - Variant.held).where(Variant.sku == sku, Variant.active))
    return OutOfStock(sku, left or 0)
