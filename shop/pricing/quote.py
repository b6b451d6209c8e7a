"""The lines of a cart and their total, without database or request. Amounts are whole shillings."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LineItem:
    """One SKU of a cart, as it is sold now."""

    sku: str
    name: str
    label: str  # of the variant; "" for the only one
    slug: str  # of the product
    category: str  # slug of the category
    image: str
    alt: str
    unit_price: int
    quantity: int  # at least 1
    left: int  # pieces that can be sold
    stock: str  # in, low or out
    category_id: int = 0

    @property
    def subtotal(self) -> int:
        """Whole shillings."""
        return self.unit_price * self.quantity

    @property
    def full_name(self) -> str:
        """Name and variant."""
        return full_name(self.name, self.label)

    @property
    def problem(self) -> str | None:
        """Why the line cannot be bought, and the cure; None when it can."""
        if self.left <= 0:
            return f"{self.full_name} is sold out. Remove it to go on"
        if self.quantity > self.left:
            return f"Only {self.left} {self.full_name} {'is' if self.left == 1 else 'are'} left. Change the quantity"
        return None


def full_name(name: str, label: str) -> str:
    """Name and variant of a product."""
    return f"{name} ({label})" if label else name


@dataclass(frozen=True)
class Discount:
    """A discount: `value` percent or `value` shillings off a subtotal of at least `minimum_subtotal` shillings.

    With a `category_id` it counts only on the lines of that category.
    """

    kind: Literal["percent", "fixed"]
    value: int
    minimum_subtotal: int = 0
    category_id: int | None = None

    def counts_on(self, line: LineItem) -> bool:
        """Whether it counts on a line."""
        return self.category_id is None or line.category_id == self.category_id

    def discount_on(self, lines: Iterable[LineItem]) -> int:
        """Whole shillings off, at most the sum of the lines it counts on. A percentage is rounded down to the shilling.

        The minimum is that of the whole subtotal.
        """
        lines = list(lines)
        if sum(line.subtotal for line in lines) < self.minimum_subtotal:
            return 0
        counted = sum(line.subtotal for line in lines if self.counts_on(line))
        off = counted * self.value // 100 if self.kind == "percent" else self.value
        return max(0, min(off, counted))


@dataclass(frozen=True)
class DeliveryRate:
    """A delivery fee: nothing from `free_from` shillings on, counted after the discount; None is never free."""

    fee: int
    free_from: int | None = None

    def fee_for(self, goods: int) -> int:
        """Whole shillings for delivering goods of this value, after the discount."""
        return 0 if self.free_from is not None and goods >= self.free_from else self.fee

    def missing_for_free(self, goods: int) -> int:
        """Whole shillings by which goods of this value miss free delivery; 0 if it is free, or never free."""
        return self.free_from - goods if self.free_from is not None and self.fee_for(goods) else 0


@dataclass(frozen=True)
class Quote:
    """The amounts of an order, never negative: subtotal - discount + delivery fee = total."""

    subtotal: int
    discount: int
    delivery_fee: int

    @property
    def total(self) -> int:
        """Whole shillings to pay."""
        return self.subtotal - self.discount + self.delivery_fee


def quote(lines: Iterable[LineItem], delivery: DeliveryRate, discount: Discount | None = None) -> Quote:
    """Price a cart. The discount lowers the subtotal only; what is left of it earns free delivery."""
    lines = list(lines)
    subtotal = sum(line.subtotal for line in lines)
    off = discount.discount_on(lines) if discount else 0
    return Quote(subtotal, off, delivery.fee_for(subtotal - off))
