"""Coordinates of the column chart, which the template draws as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

from shop.reports.queries import Bar

HEIGHT = 100  # of the chart, in SVG units
SLOT_WIDTH = 10  # of a column and the gap beside it
COLUMN_WIDTH = 6
MIN_HEIGHT = 1.5  # so that the smallest amount is visible


@dataclass(frozen=True)
class Column:
    """One column: its left edge, its height, and the height of the mark for the period before (0: none)."""

    x: float
    height: float
    before: float


@dataclass(frozen=True)
class Columns:
    """A column chart. `top` is the amount at its upper edge, in whole shillings."""

    columns: Sequence[Column]
    top: int

    @property
    def half(self) -> int:
        """The amount of the middle line, in whole shillings."""
        return self.top // 2

    @property
    def width(self) -> int:
        """Width in SVG units."""
        return SLOT_WIDTH * len(self.columns)


def columns(bars: Sequence[Bar]) -> Columns:
    """Draw the sales of a report."""
    top = round_top(max((max(bar.sales.amount, bar.before.amount) for bar in bars), default=0))
    margin = (SLOT_WIDTH - COLUMN_WIDTH) / 2
    drawn = [
        Column(number * SLOT_WIDTH + margin, _height(bar.sales.amount, top), _height(bar.before.amount, top))
        for number, bar in enumerate(bars)
    ]
    return Columns(drawn, top)


def round_top(amount: int) -> int:
    """The next round amount: 2, 4, 6, 8 or 10 times a power of ten, at least 100 shillings."""
    power = 100
    while power * 10 < amount:
        power *= 10
    return next(power * step for step in (1, 2, 4, 6, 8, 10) if power * step >= amount)


def _height(amount: int, top: int) -> float:
    return max(MIN_HEIGHT, round(HEIGHT * amount / top, 2)) if amount else 0
