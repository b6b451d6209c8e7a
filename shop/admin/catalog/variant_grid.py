"""Variants of two options as a table: the values of one option in its rows, those of the other in its columns."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shop.catalog.models import Product

Key = TypeVar("Key")


@dataclass(frozen=True)
class Grid(Generic[Key]):
    """Names of the options, the values of the columns, and the rows: a value, with the key of each cell or None."""

    row_option: str
    column_option: str
    columns: list[str]
    rows: list[tuple[str, list[Key | None]]]


def grid_of(
    options: Sequence[str], values: Mapping[Key, Sequence[str]], order: Collection[Sequence[str]] = ()
) -> Grid[Key] | None:
    """The grid of the keys by their values. None unless they have two options and no two keys the same values.

    The option with more values is in the rows: a phone scrolls down more easily than sideways. Values come in the order
    in which `order` has them.
    """
    cells = {tuple(pair): key for key, pair in values.items()}
    if len(options) != 2 or len(cells) < len(values) or any(len(pair) != 2 for pair in cells):
        return None
    firsts, seconds = (_values_at(place, cells, order) for place in (0, 1))
    if len(firsts) >= len(seconds):
        rows = [(first, [cells.get((first, second)) for second in seconds]) for first in firsts]
        return Grid(options[0], options[1], seconds, rows)
    turned = [(second, [cells.get((first, second)) for first in firsts]) for second in seconds]
    return Grid(options[1], options[0], firsts, turned)


def _values_at(place: int, pairs: Iterable[Sequence[str]], order: Iterable[Sequence[str]]) -> list[str]:
    used = {pair[place] for pair in pairs}
    return [value for value in dict.fromkeys(pair[place] for pair in (*order, *pairs)) if value in used]


def grid_of_product(product: Product, *, only_active: bool = False) -> Grid[int] | None:
    """The grid of a product's variants by their ids, or None."""
    shown = [variant for variant in product.variants if variant.active or not only_active]
    return grid_of(product.options, {variant.id: variant.values for variant in shown})
