"""What an import would do, as plain data: to each row of the file, and to each product and variant."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from shop.catalog.models import Product, Variant

Outcome = Literal["new", "changed", "same", "error"]


@dataclass
class Line:
    """One row of the file and what becomes of it."""

    number: int
    sku: str
    name: str = ""
    new: bool = False
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # column, as it is, as it would be
    problems: list[tuple[str, str]] = field(default_factory=list)  # column, what is wrong and its cure
    warnings: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """One word for it."""
        if self.problems:
            return "error"
        return "new" if self.new else "changed" if self.changes else "same"


@dataclass
class VariantPlan:
    """A variant that is there, or None for a new one, and the attributes it would get."""

    line: Line
    sku: str
    variant: Variant | None
    saw_stock: bool = False  # whether its row says at which stock it was written
    values: dict[str, Any] = field(default_factory=dict)

    def final(self, name: str) -> Any:
        """An attribute as it would be."""
        return self.values.get(name, getattr(self.variant, name) if self.variant else "")


@dataclass
class ProductPlan:
    """The same for a product. `images` are (path, alt), or None where they stay."""

    slug: str
    product: Product | None
    variants: list[VariantPlan] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    images: list[tuple[str, str]] | None = None

    def final(self, name: str) -> Any:
        """An attribute as it would be."""
        return self.values.get(name, getattr(self.product, name) if self.product else "")

    @property
    def options(self) -> tuple[str, str, str]:
        """What its variants would differ in."""
        return self.final("option_1"), self.final("option_2"), self.final("option_3")

    @property
    def renames(self) -> bool:
        """Whether what its variants are called, or which of them are sold, could change."""
        touched = {"option_1", "option_2", "option_3"} & set(self.values)
        names = {"value_1", "value_2", "value_3", "label", "active"}
        return bool(touched) or any(one.variant is None or names & set(one.values) for one in self.variants)


@dataclass(frozen=True)
class Plan:
    """The whole import."""

    lines: list[Line]
    products: list[ProductPlan]

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many rows come to what."""
        counts: dict[Outcome, int] = {"new": 0, "changed": 0, "same": 0, "error": 0}
        for line in self.lines:
            counts[line.outcome] += 1
        return counts

    @property
    def unconditional_stock_rows(self) -> int:
        """How many rows set the stock of a variant without saying which stock they saw."""
        every = [one for group in self.products for one in group.variants if one.variant is not None]
        return sum("on_hand" in one.values and not one.saw_stock for one in every)

    @property
    def seen(self) -> str:
        """A mark of everything the merchant was shown; another one when the catalogue has changed in what matters."""
        shown = [(line.number, line.sku, line.new, line.changes, line.problems) for line in self.lines]
        return sha256(repr(shown).encode()).hexdigest()[:32]

    @property
    def words(self) -> str:
        """What it comes to, for the log."""
        counts = self.counts
        return f"{counts['new']} new, {counts['changed']} changed, {counts['same']} as they were"
