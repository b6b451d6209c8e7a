"""How many pieces of each order line are refunded, or go back into stock."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shop.orders.models import Order, OrderLine
from shop.orders.reservations import out_of
from shop.orders.states import Payment


@dataclass(frozen=True)
class LineCount:
    """One line of the order: the name of its form field, the largest allowed number, what was typed, and its error."""

    line: OrderLine
    name: str
    maximum: int
    typed: str
    problem: str


@dataclass(frozen=True)
class LineCounts:
    """The lines that a form asks about. `by_sku` and `by_line` need a form without problems."""

    lines: list[LineCount]

    @property
    def by_sku(self) -> dict[str, int]:
        """Pieces by SKU."""
        return {line.sku: pieces for line, pieces in self._pieces}

    @property
    def by_line(self) -> dict[int, int]:
        """Pieces by the id of the order line."""
        return {line.id: pieces for line, pieces in self._pieces}

    @property
    def _pieces(self) -> list[tuple[OrderLine, int]]:
        return [(count.line, int(count.typed)) for count in self.lines if count.typed and int(count.typed)]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Field and error text."""
        return [(count.name, count.problem) for count in self.lines if count.problem]

    @property
    def words(self) -> str:
        """The pieces that go back into stock, for the audit log; "" for none."""
        back = self.by_sku
        return f". Back in stock: {', '.join(f'{count} × {sku}' for sku, count in back.items())}" if back else ""


def returned_pieces(order: Order, form: Mapping[str, str], fill_in: bool = False) -> LineCounts:
    """What can go back into stock, and what was typed; `fill_in` starts with all of it. One query."""
    out = out_of(order.id)
    lines = [line for line in order.lines if out.get(line.sku)]
    return LineCounts([_line_count("back", line, min(line.quantity, out[line.sku]), form, fill_in) for line in lines])


def refunded_pieces(order: Order, form: Mapping[str, str]) -> LineCounts:
    """What can still be refunded, and what was typed."""
    return LineCounts([_line_count("refunded", line, line.remaining, form) for line in order.lines if line.remaining])


def _line_count(kind: str, line: OrderLine, maximum: int, form: Mapping[str, str], fill_in: bool = False) -> LineCount:
    name = f"{kind}-{line.id}"
    typed = form.get(name, str(maximum) if fill_in else "")[:12].strip()
    wrong = typed and not (re.fullmatch(r"[0-9]{1,7}", typed, re.ASCII) and int(typed) <= maximum)
    words = f"{line.name}{f' ({line.label})' if line.label else ''}: enter a number from 0 to {maximum}"
    return LineCount(line, name, maximum, typed, words if wrong else "")


def pieces_not_returned(order: Order) -> int:
    """Pieces of refunded lines, or of a cancelled or refunded order, that are not back in stock. At most one query."""
    closed = order.payment in (Payment.REFUNDED, Payment.CANCELLED)
    refunded = {line.sku: line.remaining for line in order.lines if line.refunded}
    if not (closed or refunded):
        return 0
    out = out_of(order.id)
    if closed:
        return sum(out.values())
    return sum(max(0, out.get(sku, 0) - remaining) for sku, remaining in refunded.items())
