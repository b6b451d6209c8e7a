"""The sum, as one pure function: no database, no request, whole shillings."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol


class Priced(Protocol):
    """Anything with a price and a count."""

    @property
    def price(self) -> int:
        """Whole shillings for one."""

    @property
    def quantity(self) -> int:
        """How many, at least 1."""


@dataclass(frozen=True)
class Discount:
    """A discount: `value` percent or `value` shillings off a subtotal of at least `minimum_subtotal` shillings."""

    kind: Literal["percent", "fixed"]
    value: int
    minimum_subtotal: int = 0

    def discount_on(self, subtotal: int) -> int:
        """Whole shillings off, never more than the subtotal; a percentage is rounded down to the shilling."""
        if subtotal < self.minimum_subtotal:
            return 0
        off = subtotal * self.value // 100 if self.kind == "percent" else self.value
        return max(0, min(off, subtotal))


@dataclass(frozen=True)
class Quote:
    """What a buyer is asked for, in whole shillings: subtotal - discount + delivery = total, never negative."""

    subtotal: int
    discount: int
    delivery_fee: int

    @property
    def total(self) -> int:
        """All that is to be paid."""
        return self.subtotal - self.discount + self.delivery_fee


def quote(lines: Iterable[Priced], delivery: int, reduction: Discount | None = None) -> Quote:
    """Price a cart. The discount is on the subtotal alone: delivery is paid to the rider."""
    subtotal = sum(line.price * line.quantity for line in lines)
    return Quote(subtotal, reduction.discount_on(subtotal) if reduction else 0, delivery)
