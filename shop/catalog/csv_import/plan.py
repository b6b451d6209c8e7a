"""Comparing a file with the catalogue: what each row would change, and its problems.

`plan` changes the loaded products without writing them. `apply_rows` writes them; a preview undoes them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from shop.catalog.csv_import import columns
from shop.catalog.csv_import.columns import (
    PRODUCT_COLUMNS,
    SKU,
    SLUG,
    STOCK,
    shortened,
)
from shop.catalog.csv_import.lookups import CatalogRows, read_catalog_rows
from shop.catalog.csv_import.parser import Row
from shop.catalog.csv_import.row_reader import Line, ProductRows, read_product, read_variant
from shop.catalog.models import Product, ProductStatus, Variant
from shop.catalog.product_history import state_of
from shop.catalog.products import MAX_LABEL_LENGTH, MAX_VARIANTS
from shop.catalog.slugs import MAX_SKU_LENGTH, MAX_SLUG_LENGTH, label_of, tidy_sku
from shop.core.database import db
from shop.core.money import shillings

REQUIRED = {"Name": "a name", "Category": "one of the shop’s categories"}  # of a new product
OPTIONS = ("Option 1", "Option 2", "Option 3")
LABELLING = {*OPTIONS, "Value 1", "Value 2", "Value 3", "Label", "For sale"}  # labels are checked if one changes


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
            read_product(row, line, products[slug], catalog)
            read_variant(row, line, products[slug], catalog)
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
    texts = ("name", "description", "search_text", "search_words", "option_1", "option_2", "option_3")
    product = Product(slug=slug, status=ProductStatus.DRAFT, featured=False, **dict.fromkeys(texts, ""))
    return ProductRows(product, new=True, before={})


def _check_product(item: ProductRows, catalog: CatalogRows) -> None:
    """Check a product as a whole for missing values, and set the labels of its variants."""
    product, first = item.product, item.first
    if item.new:
        for column, what in REQUIRED.items():
            wrong = any(name == column for line, _ in item.rows for name, _ in line.problems)
            if not getattr(product, PRODUCT_COLUMNS[column]) and not wrong:
                first.problems.append((column, f"It is empty. A new product needs {what}"))
    goes_on_sale = product.published and (item.new or item.changed("Status", "Category"))
    if goes_on_sale and product.category_id in catalog.archived:
        name = catalog.category_names[product.category_id]
        first.problems.append(("Category", f"{name} is archived. Put it back in the shop first, or choose another"))
    for line, variant in item.rows:
        if variant.price is None and not any(name == "Price" for name, _ in line.problems):
            line.problems.append(("Price", "It is empty. Write whole shillings, like 1250"))
        elif variant.was_price is not None and variant.was_price <= (variant.price or 0):
            words = f"It must be higher than the price, {shillings(variant.price)}. Write 0 to end the sale"
            line.problems.append(("Price before", words))
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
