"""Figures as numbers a template can draw with: no more than heights, widths and places."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.reports.queries import Bar

HEIGHT = 100  # of a chart, in units of its own
SLOT = 10  # from one column to the next
COLUMN = 6  # how wide a column is
LEAST = 1.5  # what was sold is seen, however little it is


@dataclass(frozen=True)
class Column:
    """One column: from the left, its height, and the height of the mark for the period before (0: none)."""

    x: float
    height: float
    before: float


@dataclass(frozen=True)
class Columns:
    """A column chart. `top` is the round sum of its upper edge, `half` that of the line in the middle."""

    columns: Sequence[Column]
    top: int

    @property
    def half(self) -> int:
        """Half of `top`."""
        return self.top // 2

    @property
    def width(self) -> int:
        """In the chart's units."""
        return SLOT * len(self.columns)


@dataclass(frozen=True)
class Part:
    """One part of a whole, drawn from `x` on; both of a hundred."""

    x: float
    width: float


def columns(bars: Sequence[Bar]) -> Columns:
    """Draw what was taken, step by step."""
    top = round_top(max((max(bar.sales.amount, bar.before.amount) for bar in bars), default=0))

    def height(amount: int) -> float:
        return max(LEAST, round(HEIGHT * amount / top, 2)) if amount else 0

    return Columns(
        [
            Column(place * SLOT + (SLOT - COLUMN) / 2, height(bar.sales.amount), height(bar.before.amount))
            for place, bar in enumerate(bars)
        ],
        top,
    )


def round_top(most: int) -> int:
    """The next sum above that people find round: 2, 4, 6, 8 or 10 of a power of ten, at least 100 shillings."""
    power = 100
    while power * 10 < most:
        power *= 10
    return next(power * step for step in (1, 2, 4, 6, 8, 10) if power * step >= most)


def parts(counts: Sequence[int]) -> list[Part]:
    """Lay parts side by side so that they fill a hundred."""
    whole, x, laid = sum(counts), 0.0, []
    for count in counts:
        width = 100 * count / whole if whole else 0
        laid.append(Part(round(x, 2), round(width, 2)))
        x += width
    return laid
