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
    """What a discount code takes off the goods: `value` percent, or `value` shillings, from `minimum` shillings on."""

    kind: Literal["percent", "fixed"]
    value: int
    minimum: int = 0

    def discount_on(self, goods: int) -> int:
        """Whole shillings off, never more than the goods; a percentage is rounded down to the shilling."""
        if goods < self.minimum:
            return 0
        off = goods * self.value // 100 if self.kind == "percent" else self.value
        return max(0, min(off, goods))


@dataclass(frozen=True)
class Quote:
    """What a buyer is asked for, in whole shillings: goods - discount + delivery = total, never negative."""

    goods: int
    discount: int
    delivery: int

    @property
    def total(self) -> int:
        """All that is to be paid."""
        return self.goods - self.discount + self.delivery


def quote(lines: Iterable[Priced], delivery: int, reduction: Discount | None = None) -> Quote:
    """Price a cart. The discount is on the goods alone: delivery is paid to the rider."""
    goods = sum(line.price * line.quantity for line in lines)
    return Quote(goods, reduction.discount_on(goods) if reduction else 0, delivery)
