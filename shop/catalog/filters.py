"""The filters of a product list: price, in stock, on sale, and values of options like size and colour.

Filters are plain links: `?min=500&max=2000&stock=1&sale=1&with-Size=38`. What cannot be read in an address is
ignored; two prices in the wrong order change places. A product is shown when one of its variants passes all filters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, union_all

from shop.catalog.models import Product, Variant
from shop.core.database import db
from shop.core.money import AmountError, read_shillings, shillings

MIN, MAX, STOCK, SALE = "min", "max", "stock", "sale"  # names in an address
MAX_AMOUNT = 2**31 - 1  # whole shillings, of a column of prices
OPTION = "with-"  # begins the name of an option: "with-Size"
MAX_OPTIONS, MAX_VALUES = 4, 24  # shown beside a list
OPTIONS = (
    (Product.option_1, Variant.value_1),
    (Product.option_2, Variant.value_2),
    (Product.option_3, Variant.value_3),
)


@dataclass(frozen=True)
class ProductFilter:
    """The chosen filters. Prices are whole shillings; `options` are (option, value) pairs."""

    lowest: int | None = None
    highest: int | None = None
    in_stock: bool = False
    on_sale: bool = False
    options: tuple[tuple[str, str], ...] = ()

    def __bool__(self) -> bool:
        return self != ProductFilter()

    @property
    def arguments(self) -> dict[str, str]:
        """The filters as they stand in an address."""
        chosen: dict[str, str] = {}
        if self.lowest is not None:
            chosen[MIN] = str(self.lowest)
        if self.highest is not None:
            chosen[MAX] = str(self.highest)
        if self.in_stock:
            chosen[STOCK] = "1"
        if self.on_sale:
            chosen[SALE] = "1"
        return {**chosen, **{OPTION + name: value for name, value in self.options}}

    @property
    def chosen(self) -> list[tuple[str, "ProductFilter"]]:
        """Each chosen filter in words, with the filter that is left without it."""
        parts: list[tuple[str, ProductFilter]] = []
        if self.lowest is not None:
            parts.append((f"From {shillings(self.lowest)}", replace(self, lowest=None)))
        if self.highest is not None:
            parts.append((f"Up to {shillings(self.highest)}", replace(self, highest=None)))
        if self.in_stock:
            parts.append(("In stock", replace(self, in_stock=False)))
        if self.on_sale:
            parts.append(("On sale", replace(self, on_sale=False)))
        for pair in self.options:
            left = tuple(other for other in self.options if other != pair)
            parts.append((f"{pair[0]}: {pair[1]}", replace(self, options=left)))
        return parts

    def toggled(self, option: str, value: str) -> "ProductFilter":
        """The filter with this value of an option chosen instead of another, or without it if it is chosen."""
        others = tuple(pair for pair in self.options if pair[0] != option)
        return replace(self, options=others if (option, value) in self.options else (*others, (option, value)))

    def condition(self) -> ColumnElement[bool]:
        """The condition for a product, in SQL."""
        wanted: list[ColumnElement[bool]] = [Variant.product_id == Product.id, Variant.active.is_(True)]
        if self.lowest is not None:
            wanted.append(Variant.price >= self.lowest)
        if self.highest is not None:
            wanted.append(Variant.price <= self.highest)
        if self.in_stock:
            wanted.append(Variant.on_hand > Variant.held)
        if self.on_sale:
            wanted.append(Variant.was_price.is_not(None))
        for option, value in self.options:
            wanted.append(or_(*(and_(name == option, of_variant == value) for name, of_variant in OPTIONS)))
        return select(Variant.id).where(*wanted).correlate(Product).exists()


@dataclass(frozen=True)
class OptionFilter:
    """An option of the listed products, with its values and the number of products that have each."""

    name: str
    values: list[tuple[str, int]]


def read_filter(arguments: Mapping[str, str]) -> ProductFilter:
    """The filters in an address; of its options the first three, as many as a product can have."""
    options = [
        (name.removeprefix(OPTION)[:40], value[:60])
        for name, value in arguments.items()
        if name.startswith(OPTION) and value and (name + value).isprintable()
    ]
    lowest, highest = _amount(arguments.get(MIN, "")), _amount(arguments.get(MAX, ""))
    if lowest is not None and highest is not None and lowest > highest:
        lowest, highest = highest, lowest
    return ProductFilter(
        lowest,
        highest,
        arguments.get(STOCK) == "1",
        arguments.get(SALE) == "1",
        tuple(options[:3]),
    )


def option_filters(*conditions: ColumnElement[bool]) -> list[OptionFilter]:
    """The options of the products that meet the conditions, the most frequent first."""
    parts = [
        select(name.label("name"), value.label("value"), Product.id.label("product_id"))
        .join(Variant, Variant.product_id == Product.id)
        .where(Product.published, Variant.active, name != "", value != "", *conditions)
        for name, value in OPTIONS
    ]
    every: Any = union_all(*parts).subquery("every_option")
    count = func.count(every.c.product_id.distinct())
    query = select(every.c.name, every.c.value, count).group_by(every.c.name, every.c.value).order_by(count.desc())
    found: dict[str, list[tuple[str, int]]] = {}
    for name, value, products in db.session.execute(query.limit(MAX_OPTIONS * MAX_VALUES * 4)):
        found.setdefault(name, []).append((value, products))
    most = list(found.items())[:MAX_OPTIONS]
    return [OptionFilter(name, _in_order(values[:MAX_VALUES])) for name, values in most]


def _in_order(values: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    """Numbers by size ("38", "39", "100"), then words by the alphabet."""
    return sorted(values, key=lambda one: (not one[0].isdecimal(), one[0].zfill(9) if one[0].isdecimal() else one[0]))


def _amount(typed: str) -> int | None:
    try:
        return min(read_shillings(typed), MAX_AMOUNT) if typed.strip() else None
    except AmountError:
        return None
