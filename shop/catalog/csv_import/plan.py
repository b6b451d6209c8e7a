"""An import plan: what an import would change, by row of the file, product and variant."""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from shop.catalog.models import Product, Variant

Outcome = Literal["new", "changed", "same", "error"]


@dataclass
class Line:
    """One row of the file and its result."""

    number: int
    sku: str
    name: str = ""
    new: bool = False
    changes: list[tuple[str, str, str]] = field(default_factory=list)  # (column, current value, new value)
    problems: list[tuple[str, str]] = field(default_factory=list)  # (column, message with the cure)
    warnings: list[str] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        """The result in one word."""
        if self.problems:
            return "error"
        return "new" if self.new else "changed" if self.changes else "same"


@dataclass
class VariantPlan:
    """A variant, None for a new one, and its new attributes."""

    line: Line
    sku: str
    variant: Variant | None
    has_seen_stock: bool = False  # whether its row has the stock at export
    values: dict[str, Any] = field(default_factory=dict)

    def final(self, name: str) -> Any:
        """An attribute after the import."""
        return self.values.get(name, getattr(self.variant, name) if self.variant else "")


@dataclass
class ProductPlan:
    """A product, None for a new one, and its new attributes. `images` are (path, alt), None if unchanged."""

    slug: str
    product: Product | None
    variants: list[VariantPlan] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    images: list[tuple[str, str]] | None = None

    def final(self, name: str) -> Any:
        """An attribute after the import."""
        return self.values.get(name, getattr(self.product, name) if self.product else "")

    @property
    def options(self) -> tuple[str, str, str]:
        """The names of its options after the import."""
        return self.final("option_1"), self.final("option_2"), self.final("option_3")

    @property
    def renames(self) -> bool:
        """Whether labels of its variants, or which of them are for sale, could change."""
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
        """How many rows have each outcome."""
        counts: dict[Outcome, int] = {"new": 0, "changed": 0, "same": 0, "error": 0}
        for line in self.lines:
            counts[line.outcome] += 1
        return counts

    @property
    def unconditional_stock_rows(self) -> int:
        """How many rows set the stock of an existing variant without its stock at export."""
        every = [one for group in self.products for one in group.variants if one.variant is not None]
        return sum("on_hand" in one.values and not one.has_seen_stock for one in every)

    @property
    def digest(self) -> str:
        """A hash of what the preview shows, to detect a change of the catalogue before "Apply"."""
        shown = [(line.number, line.sku, line.new, line.changes, line.problems) for line in self.lines]
        return sha256(repr(shown).encode()).hexdigest()[:32]

    @property
    def words(self) -> str:
        """A summary for the audit log."""
        counts = self.counts
        return f"{counts['new']} new, {counts['changed']} changed, {counts['same']} as they were"
