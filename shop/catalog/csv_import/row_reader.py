"""Reading a row of the file: what it changes in the loaded product and variant, and its problems."""

from dataclasses import dataclass, field
from typing import Literal

from shop.catalog.csv_import import columns
from shop.catalog.csv_import.columns import (
    PRODUCT_COLUMNS,
    READERS,
    SEEN_STOCK,
    STOCK,
    VARIANT_COLUMNS,
    WrongCell,
    shortened,
)
from shop.catalog.csv_import.lookups import CatalogRows, wanted_images
from shop.catalog.csv_import.parser import Row
from shop.catalog.models import LOW_STOCK, Product, Variant
from shop.catalog.product_history import State
from shop.catalog.slugs import tidy_slug

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
    stock_change: int = 0
    knows_stock: bool = False  # whether the row has the stock at export

    @property
    def outcome(self) -> Outcome:
        """The result in one word."""
        if self.problems:
            return "error"
        return "new" if self.new else "changed" if self.changes else "same"

    def changed(self, *names: str) -> bool:
        """Whether the row changes one of these columns."""
        return any(column in names for column, _, _ in self.changes)


@dataclass
class ProductRows:
    """A product of the file, its state before the import, and its rows with their variants."""

    product: Product
    new: bool
    before: State
    rows: list[tuple[Line, Variant]] = field(default_factory=list)
    cells: dict[str, tuple[str, int]] = field(default_factory=dict)  # {column: (cell, row number)} of the product
    images: list[tuple[str, str]] | None = None  # (path, alt) of its new images, None if they stay

    @property
    def first(self) -> Line:
        """Its first row, for problems of the product as a whole."""
        return self.rows[0][0]

    def changed(self, *names: str) -> bool:
        """Whether one of its rows changes one of these columns."""
        return any(line.changed(*names) for line, _ in self.rows)


def read_product(row: Row, line: Line, item: ProductRows, catalog: CatalogRows) -> None:
    """Make the changes of a row to its product."""
    product = item.product
    now = {} if item.new else columns.product_cells(product, catalog.category_names[product.category_id])
    for column, attribute in PRODUCT_COLUMNS.items():
        cell = row.cells.get(column, "")
        if not cell.strip():
            continue
        if column in item.cells:
            other, number = item.cells[column]
            if other != cell:
                words = f"Row {number} has another value for the same product. Leave all but one empty"
                line.problems.append((column, words))
            continue
        item.cells[column] = (cell, row.number)
        if cell == now.get(column):
            continue
        if column == "Images":
            _read_images(cell, line, item, now.get(column, ""))
            continue
        try:
            value = _category(cell, line, catalog) if column == "Category" else READERS[column](cell)
        except WrongCell as wrong:
            line.problems.append((column, str(wrong)))
            continue
        if item.new or value != getattr(product, attribute):
            setattr(product, attribute, value)
            words = catalog.category_names[int(value)] if column == "Category" else _cell(value)
            line.changes.append((column, now.get(column, ""), words))


def _read_images(cell: str, line: Line, item: ProductRows, now: str) -> None:
    """Note new images. Unusable images are only a warning, and the current ones stay."""
    images, warning = wanted_images(cell, None if item.new else item.product)
    if warning:
        line.warnings.append(f"Images stay as they are: {warning}")
    elif images is not None:
        item.images = images
        line.changes.append(("Images", now, cell))


def _category(cell: str, line: Line, catalog: CatalogRows) -> int:
    found = catalog.categories.get(cell.strip().casefold())
    if found is None:  # renamed since the export: its slug still matches its old name
        found = catalog.categories.get(tidy_slug(cell))
        if found is not None:
            line.warnings.append(f"The category “{shortened(cell)}” is called {catalog.category_names[found]} now")
    if found is None:
        names = ", ".join(sorted(catalog.category_names.values()))
        raise WrongCell(f"There is no category “{shortened(cell)}”. Write one of: {names}")
    return found


def read_variant(row: Row, line: Line, item: ProductRows, catalog: CatalogRows) -> None:
    """Make the changes of a row to its variant."""
    variant, now = catalog.variants.get(line.sku), {}
    exported = None
    if variant is None:
        line.new = True
        variant = _new_variant(line.sku, item.product)
    else:
        now = columns.variant_cells(variant)
        exported = _exported_stock(row, line)
        line.knows_stock = exported is not None
    item.rows.append((line, variant))
    for column, attribute in VARIANT_COLUMNS.items():
        cell = row.cells.get(column, "")
        if not cell.strip() or cell == now.get(column):
            continue
        try:
            value = READERS[column](cell)
        except WrongCell as wrong:
            line.problems.append((column, str(wrong)))
            continue
        if not line.new and value == getattr(variant, attribute):
            continue
        if column == STOCK:
            if value == exported:
                continue  # not edited in the file: keep what was sold since
            if exported is not None and variant.on_hand != exported:
                line.problems.append((column, _stock_moved(exported, variant.on_hand)))
                continue
            if int(value) < variant.held:
                words = f"{variant.held} are held for unpaid orders. Write {variant.held} or more"
                line.problems.append((column, words))
                continue
            line.stock_change = int(value) - variant.on_hand
        setattr(variant, attribute, value)
        line.changes.append((column, now.get(column, ""), _cell(value)))


def _new_variant(sku: str, product: Product) -> Variant:
    place = max((one.position for one in product.variants), default=-1) + 1
    unused = dict.fromkeys(("label", "value_1", "value_2", "value_3"), "")
    variant = Variant(sku=sku, position=place, on_hand=0, held=0, active=True, low_stock_threshold=LOW_STOCK, **unused)
    product.variants.append(variant)
    return variant


def _exported_stock(row: Row, line: Line) -> int | None:
    """The stock at which a row was exported; None if the cell is empty or wrong."""
    cell = row.cells.get(SEEN_STOCK, "")
    if not cell.strip():
        return None
    try:
        return int(READERS[SEEN_STOCK](cell))
    except WrongCell as wrong:
        line.problems.append((SEEN_STOCK, str(wrong)))
        return None


def _stock_moved(exported: int, now: int) -> str:
    less, count = ("fewer", exported - now) if now < exported else ("more", now - exported)
    words = (
        f"It was {exported:,} when the file was exported and is {now:,} now, {count:,} {less}: sold or changed since"
    )
    return f"{words}. Count again, write the new number here and {now} under “{SEEN_STOCK}”"


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return columns.yes_no(value)
    return "none" if value is None else str(value)
