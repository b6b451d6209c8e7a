"""Comparing a file with the catalogue: what each row would change, and its problems.

`plan` changes the loaded products without writing them. `apply_rows` writes them; a preview undoes them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from shop.catalog.csv_import import columns
from shop.catalog.csv_import.columns import (
    PRODUCT_COLUMNS,
    READERS,
    SEEN_STOCK,
    SKU,
    SLUG,
    STOCK,
    VARIANT_COLUMNS,
    WrongCell,
    shortened,
)
from shop.catalog.csv_import.lookups import CatalogRows, read_catalog_rows, wanted_images
from shop.catalog.csv_import.parser import Row
from shop.catalog.models import LOW_STOCK, Product, Variant
from shop.catalog.product_history import State, state_of
from shop.catalog.products import MAX_LABEL_LENGTH, MAX_VARIANTS
from shop.catalog.slugs import MAX_SKU_LENGTH, MAX_SLUG_LENGTH, label_of, tidy_sku, tidy_slug
from shop.core.database import db

Outcome = Literal["new", "changed", "same", "error"]
REQUIRED = {"Name": "a name", "Category": "one of the shop’s categories"}  # of a new product
OPTIONS = ("Option 1", "Option 2", "Option 3")
LABELLING = {*OPTIONS, "Value 1", "Value 2", "Value 3", "Label", "For sale"}  # labels are checked if one changes


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


@dataclass(frozen=True)
class Plan:
    """The whole import."""

    lines: list[Line]
    products: list[ProductRows]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each outcome."""
        counts = dict.fromkeys(("new", "changed", "same", "error"), 0)
        for line in self.lines:
            counts[line.outcome] += 1
        return counts

    @property
    def unconditional_stock_rows(self) -> int:
        """How many rows set the stock of an existing variant without its stock at export."""
        return sum(line.changed(STOCK) and not line.new and not line.knows_stock for line in self.lines)

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


def preview(rows: Iterable[Row]) -> Plan:
    """What an import would change. Undoes every change in the session."""
    try:
        return plan(rows)
    finally:
        db.session.rollback()


def plan(rows: Iterable[Row], *, lock: bool = False) -> Plan:
    """Change the products of a file in the session. `lock` locks their rows until the transaction ends."""
    rows = list(rows)
    slugs = {row.cells.get(SLUG, "").strip() for row in rows} - {""}
    skus = {row.cells.get(SKU, "").strip() for row in rows} - {""}
    catalog = read_catalog_rows(slugs, skus, lock=lock)
    renamed = _renamed(rows, catalog)
    lines: list[Line] = []
    products: dict[str, ProductRows] = {}
    rows_of_skus: dict[str, int] = {}  # {SKU: row number}
    with db.session.no_autoflush:
        for row in rows:
            line = Line(row.number, row.cells.get(SKU, "").strip())
            lines.append(line)
            slug = _product_slug(row, line, catalog, rows_of_skus, renamed)
            if slug is None:
                continue
            if slug not in products:
                products[slug] = _product_rows(slug, catalog)
            _read_product(row, line, products[slug], catalog)
            _read_variant(row, line, products[slug], catalog)
            line.name = products[slug].product.name
        for item in products.values():
            _check_product(item, catalog)
    return Plan(lines, list(products.values()))


def _renamed(rows: Iterable[Row], catalog: CatalogRows) -> dict[str, str]:
    """{old slug: new slug} for slugs in the file that no product has now, found by their SKUs."""
    now: dict[str, set[str]] = {}
    for row in rows:
        slug, owner = row.cells.get(SLUG, "").strip(), catalog.owners.get(row.cells.get(SKU, "").strip())
        if owner is not None and slug and slug not in catalog.products:
            now.setdefault(slug, set()).add(owner.slug)
    return {slug: owners.pop() for slug, owners in now.items() if len(owners) == 1}


def _product_slug(
    row: Row, line: Line, catalog: CatalogRows, rows_of_skus: dict[str, int], renamed: dict[str, str]
) -> str | None:
    """The slug of a row's product; None if the row has problems, which are reported."""
    sku, slug = line.sku, row.cells.get(SLUG, "").strip()
    owner = catalog.owners.get(sku)
    if row.extra:
        line.problems.append(("Row", "It has more cells than the header. Put quotation marks around text with commas"))
    if not sku:
        line.problems.append((SKU, "It is empty. Write the variant’s SKU, like KIO-CLA-TER"))
    elif sku in rows_of_skus:
        line.problems.append((SKU, f"{shortened(sku)} is in row {rows_of_skus[sku]} too. Leave one of them out"))
    elif owner is None and not (sku == tidy_sku(sku) and len(sku) <= MAX_SKU_LENGTH):
        line.problems.append(
            (SKU, f"“{shortened(sku)}” is no SKU. Write capitals, digits and hyphens, like KIO-CLA-TER")
        )
    rows_of_skus.setdefault(sku, row.number)
    if owner is not None:
        line.name = owner.name
        if slug and renamed.get(slug) == owner.slug:
            words = f"The address is {owner.slug} now, no longer {shortened(slug)}. The SKU says which product it is"
            line.warnings.append(words)
        elif slug and slug != owner.slug:
            words = f"{shortened(sku)} belongs to {owner.slug}. Write that, or another SKU"
            line.problems.append((SLUG, words))
        slug = owner.slug
    elif slug in renamed:
        slug = renamed[slug]
    elif slug not in catalog.products and not (columns.SLUG_PATTERN.fullmatch(slug) and len(slug) <= MAX_SLUG_LENGTH):
        problem = f"“{shortened(slug)}” cannot be part of an address" if slug else "It is empty"
        line.problems.append((SLUG, f"{problem}. Write small letters, digits and hyphens, like kiondo-classic"))
    return None if line.problems else slug


def _product_rows(slug: str, catalog: CatalogRows) -> ProductRows:
    product = catalog.products.get(slug)
    if product is not None:
        return ProductRows(product, new=False, before=state_of(product))
    unused = dict.fromkeys(("name", "description", "search_text", "option_1", "option_2", "option_3"), "")
    return ProductRows(Product(slug=slug, active=True, **unused), new=True, before={})


def _read_product(row: Row, line: Line, item: ProductRows, catalog: CatalogRows) -> None:
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
            words = catalog.category_names[int(value)] if column == "Category" else _cell(column, value)
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


def _read_variant(row: Row, line: Line, item: ProductRows, catalog: CatalogRows) -> None:
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
        line.changes.append((column, now.get(column, ""), _cell(column, value)))


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


def _check_product(item: ProductRows, catalog: CatalogRows) -> None:
    """Check a product as a whole for missing values, and set the labels of its variants."""
    product, first = item.product, item.first
    if item.new:
        for column, what in REQUIRED.items():
            wrong = any(name == column for line, _ in item.rows for name, _ in line.problems)
            if not getattr(product, PRODUCT_COLUMNS[column]) and not wrong:
                first.problems.append((column, f"It is empty. A new product needs {what}"))
    goes_on_sale = product.active and (item.new or item.changed("Archived", "Category"))
    if goes_on_sale and product.category_id in catalog.archived:
        name = catalog.category_names[product.category_id]
        first.problems.append(("Category", f"{name} is archived. Put it back in the shop first, or choose another"))
    for line, variant in item.rows:
        if variant.price is None and not any(name == "Price" for name, _ in line.problems):
            line.problems.append(("Price", "It is empty. Write whole shillings, like 1250"))
    if len(product.variants) > MAX_VARIANTS:
        first.problems.append((SKU, f"A product has at most {MAX_VARIANTS} variants. Make it two products"))
    if item.changed(*LABELLING) or any(line.new for line, _ in item.rows):
        _label_variants(item)


def _label_variants(item: ProductRows) -> None:
    """Set the label of each variant in the file, and report missing values and equal labels."""
    product = item.product
    names = columns.options_of(product)
    for number in (2, 3):
        if names[number - 1] and not names[number - 2]:
            item.first.problems.append((f"Option {number}", f"Name Option {number - 1} first"))
            return
    for line, variant in item.rows:
        _set_label(line, variant, names)
    planned = {variant.sku for _, variant in item.rows}
    others = [one for one in product.variants if one.sku not in planned and one.active]
    for one in others:
        if any(name and not value for name, value in zip(names, columns.values_of(one), strict=True)):
            words = f"{one.sku} of this product has no value for it. Add its row to the file"
            item.first.problems.append(("Option 1", words))
    sold = [(line, variant.label) for line, variant in item.rows if variant.active]
    labels = Counter([*(label for _, label in sold), *(one.label for one in others)])
    if labels.total() == 1:
        return
    for line, label in sold:
        if not label:
            words = "It is empty. Of several variants each needs a name, like Large"
        elif labels[label] > 1:
            words = f"Another variant of this product is “{label}” too. Buyers could not tell them apart"
        else:
            continue
        if not line.problems:
            line.problems.append(("Value 1" if product.options else "Label", words))


def _set_label(line: Line, variant: Variant, options: tuple[str, str, str]) -> None:
    values = columns.values_of(variant)
    for number, (option, value) in enumerate(zip(options, values, strict=True), 1):
        column = f"Value {number}"
        if option and not value:
            line.problems.append((column, f"It is empty. Write the {option}"))
        if value and not option and line.changed(column):
            line.problems.append((column, f"The product has no Option {number}. Name it, or leave this empty"))
    if not any(options):
        return
    if line.changed("Label"):
        line.problems.append(("Label", "It follows from the values. Leave it empty"))
    label = label_of([value for option, value in zip(options, values, strict=True) if option])
    if len(label) > MAX_LABEL_LENGTH:
        words = f"The values together have {len(label)} characters. Write {MAX_LABEL_LENGTH} or fewer"
        line.problems.append(("Value 1", words))
    variant.label = label


def _cell(column: str, value: object) -> str:
    if isinstance(value, bool):
        return columns.yes_no(not value if column == "Archived" else value)
    return str(value)
