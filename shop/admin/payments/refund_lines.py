"""Which goods of an order are refunded, or go back on the shelf: a count beside each line, none of them filled in."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from shop.orders.models import Order, OrderLine
from shop.orders.reservations import out_of
from shop.orders.states import Payment


@dataclass(frozen=True)
class Line:
    """A line of the order: the field beside it, its largest number, what was typed, and what is wrong with that."""

    line: OrderLine
    name: str  # of the field
    most: int
    typed: str
    problem: str


@dataclass(frozen=True)
class Goods:
    """The lines of which something may be refunded or come back, as they were asked for."""

    lines: list[Line]

    @property
    def back(self) -> dict[str, int]:
        """Pieces by SKU that go back on the shelf. Only where there are no problems."""
        return {line.sku: pieces for line, pieces in self._pieces}

    @property
    def by_line(self) -> dict[int, int]:
        """Pieces by the id of the order's line. Only where there are no problems."""
        return {line.id: pieces for line, pieces in self._pieces}

    @property
    def _pieces(self) -> list[tuple[OrderLine, int]]:
        return [(one.line, int(one.typed)) for one in self.lines if one.typed and int(one.typed)]

    @property
    def problems(self) -> list[tuple[str, str]]:
        """Field and words of everything that is wrong."""
        return [(one.name, one.problem) for one in self.lines if one.problem]

    @property
    def words(self) -> str:
        """What goes back, for the log; "" for nothing."""
        back = self.back
        return f". Back on the shelf: {', '.join(f'{count} × {sku}' for sku, count in back.items())}" if back else ""


def goods_asked(order: Order, form: Mapping[str, str], all_of_it: bool = False) -> Goods:
    """What may come back of an order, and what was typed; `all_of_it`: filled in with all there is. One query."""
    out = out_of(order.id)
    lines = [line for line in order.lines if out.get(line.sku)]
    return Goods([_asked("back", line, min(line.quantity, out[line.sku]), form, all_of_it) for line in lines])


def pieces_to_come_back(order: Order) -> int:
    """Pieces that were refunded, or are of an order that is not had any more, and that are not back on the shelf.

    One query, where there can be any.
    """
    over = order.payment in (Payment.REFUNDED, Payment.CANCELLED)
    refunded = {line.sku: line.remaining for line in order.lines if line.refunded}
    if not (over or refunded):
        return 0
    out = out_of(order.id)
    if over:
        return sum(out.values())
    return sum(max(0, out.get(sku, 0) - remaining) for sku, remaining in refunded.items())


def refunded_goods(order: Order, form: Mapping[str, str]) -> Goods:
    """What of an order may still be refunded, and what was typed."""
    return Goods([_asked("refunded", line, line.remaining, form) for line in order.lines if line.remaining])


def _asked(kind: str, line: OrderLine, most: int, form: Mapping[str, str], all_of_it: bool = False) -> Line:
    name = f"{kind}-{line.id}"
    typed = form.get(name, str(most) if all_of_it else "")[:12].strip()
    wrong = typed and not (re.fullmatch(r"[0-9]{1,7}", typed, re.ASCII) and int(typed) <= most)
    words = f"{line.name}{f' ({line.label})' if line.label else ''}: enter a number from 0 to {most}"
    return Line(line, name, most, typed, words if wrong else "")
