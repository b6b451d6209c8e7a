"""Comparing a file with the catalogue: what each row would change, and its problems. Writes nothing."""

from collections.abc import Iterable

from shop.catalog.csv_import import columns, lookups
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
from shop.catalog.csv_import.plan import Line, Plan, ProductPlan, VariantPlan
from shop.catalog.models import LOW_STOCK
from shop.catalog.products import MAX_VARIANTS
from shop.catalog.slugs import MAX_SKU_LENGTH, MAX_SLUG_LENGTH, tidy_sku, tidy_slug

REQUIRED = {"Name": "a name", "Category": "one of the shop’s categories"}  # of a new product


def plan(rows: Iterable[Row], *, lock: bool = False) -> Plan:
    """Plan an import. `lock` locks the rows it would change until the transaction ends."""
    rows = list(rows)
    slugs = {row.cells.get(SLUG, "").strip() for row in rows} - {""}
    skus = {row.cells.get(SKU, "").strip() for row in rows} - {""}
    catalog = read_catalog_rows(slugs, skus, lock=lock)
    result = Plan([], [])
    groups: dict[str, ProductPlan] = {}
    renamed = _renamed(rows, catalog)
    seen: dict[str, dict[str, tuple[str, int]]] = {}  # {slug: {column: (cell, row number)}}
    rows_of_skus: dict[str, int] = {}  # {SKU: row number}
    for row in rows:
        line = Line(row.number, row.cells.get(SKU, "").strip())
        result.lines.append(line)
        slug = _product_slug(row, line, catalog, rows_of_skus, renamed)
        if slug is None:
            continue
        if slug not in groups:
            groups[slug] = ProductPlan(slug, catalog.products.get(slug))
            result.products.append(groups[slug])
        group = groups[slug]
        _read_product(row, line, group, catalog, seen.setdefault(slug, {}))
        _read_variant(row, line, group, catalog)
        line.name = group.final("name")
    for group in result.products:
        _finish(group, catalog)
    return result


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
    variant = catalog.variants.get(sku)
    if row.extra:
        line.problems.append(("Row", "It has more cells than the header. Put quotation marks around text with commas"))
    if not sku:
        line.problems.append((SKU, "It is empty. Write the variant’s SKU, like KIO-CLA-TER"))
    elif sku in rows_of_skus:
        line.problems.append((SKU, f"{shortened(sku)} is in row {rows_of_skus[sku]} too. Leave one of them out"))
    elif variant is None and not (sku == tidy_sku(sku) and len(sku) <= MAX_SKU_LENGTH):
        line.problems.append(
            (SKU, f"“{shortened(sku)}” is no SKU. Write capitals, digits and hyphens, like KIO-CLA-TER")
        )
    rows_of_skus.setdefault(sku, row.number)
    if variant is not None:
        product = catalog.owners[sku]
        line.name = product.name
        if slug and renamed.get(slug) == product.slug:
            words = f"The address is {product.slug} now, no longer {shortened(slug)}. The SKU says which product it is"
            line.warnings.append(words)
        elif slug and slug != product.slug:
            words = f"{shortened(sku)} belongs to {product.slug}. Write that, or another SKU"
            line.problems.append((SLUG, words))
        slug = product.slug
    elif slug in renamed:
        slug = renamed[slug]
    elif slug not in catalog.products and not (columns.SLUG_PATTERN.fullmatch(slug) and len(slug) <= MAX_SLUG_LENGTH):
        problem = f"“{shortened(slug)}” cannot be part of an address" if slug else "It is empty"
        line.problems.append((SLUG, f"{problem}. Write small letters, digits and hyphens, like kiondo-classic"))
    return None if line.problems else slug


def _read_product(
    row: Row, line: Line, group: ProductPlan, catalog: CatalogRows, seen: dict[str, tuple[str, int]]
) -> None:
    """Plan the changes that a row makes to its product."""
    product = group.product
    now = columns.product_cells(product, catalog.category_names[product.category_id]) if product else {}
    for column, attribute in PRODUCT_COLUMNS.items():
        cell = row.cells.get(column, "")
        if not cell.strip():
            continue
        if column in seen:
            if seen[column][0] != cell:
                words = f"Row {seen[column][1]} has another value for the same product. Leave all but one empty"
                line.problems.append((column, words))
            continue
        seen[column] = (cell, row.number)
        if cell == now.get(column):
            continue
        if column == "Images":
            _read_images(cell, line, group, now.get(column, ""))
            continue
        try:
            value = _category(cell, line, catalog) if column == "Category" else READERS[column](cell)
        except WrongCell as wrong:
            line.problems.append((column, f"It {wrong}" if str(wrong).startswith("has") else str(wrong)))
            continue
        if product is None or value != getattr(product, attribute):
            group.values[attribute] = value
            words = catalog.category_names[int(value)] if column == "Category" else _cell(column, value)
            line.changes.append((column, now.get(column, ""), words))


def _read_images(cell: str, line: Line, group: ProductPlan, now: str) -> None:
    """Plan new images. Unusable images are only a warning, and the current ones stay."""
    images, warning = wanted_images(cell, group.product)
    if warning:
        line.warnings.append(f"Images stay as they are: {warning}")
    elif images is not None:
        group.images = images
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


def _read_variant(row: Row, line: Line, group: ProductPlan, catalog: CatalogRows) -> None:
    """Plan the changes that a row makes to its variant."""
    variant = catalog.variants.get(line.sku)
    one = VariantPlan(line, line.sku, variant)
    exported = _exported_stock(row, line) if variant else None
    one.has_seen_stock = exported is not None
    group.variants.append(one)
    line.new = variant is None
    now = columns.variant_cells(variant, columns.options_of(group.product)) if variant and group.product else {}
    for column, attribute in VARIANT_COLUMNS.items():
        cell = row.cells.get(column, "")
        if not cell.strip() or cell == now.get(column):
            continue
        try:
            value = READERS[column](cell)
        except WrongCell as wrong:
            line.problems.append((column, f"It {wrong}" if str(wrong).startswith("has") else str(wrong)))
            continue
        if variant is not None and value == getattr(variant, attribute):
            continue
        if column == STOCK and variant is not None and exported is not None:
            if value == exported:
                continue  # not edited in the file: keep what was sold since
            if variant.on_hand != exported:
                line.problems.append((column, _stock_moved(exported, variant.on_hand)))
                continue
        if column == STOCK and variant is not None and int(value) < variant.held:
            words = f"{variant.held} are held for unpaid orders. Write {variant.held} or more"
            line.problems.append((column, words))
            continue
        one.values[attribute] = value
        line.changes.append((column, now.get(column, ""), _cell(column, value)))


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


def _finish(group: ProductPlan, catalog: CatalogRows) -> None:
    """Check a product as a whole for missing values, and set the labels of its variants."""
    first = group.variants[0].line
    if group.product is None:
        for column, what in REQUIRED.items():
            if not group.final(PRODUCT_COLUMNS[column]) and not _has_problem(group, column):
                first.problems.append((column, f"It is empty. A new product needs {what}"))
    if _goes_on_sale(group) and group.final("category_id") in catalog.archived:
        name = catalog.category_names[group.final("category_id")]
        words = f"{name} is archived. Put it back in the shop first, or choose another"
        first.problems.append(("Category", words))
    for one in group.variants:
        if one.variant is None:
            if "price" not in one.values and not _has_problem(group, "Price", one.line):
                one.line.problems.append(("Price", "It is empty. Write whole shillings, like 1250"))
            one.values = {"on_hand": 0, "low_stock_threshold": LOW_STOCK, "active": True, **one.values}
    there = len(group.product.variants) if group.product else 0
    if there + sum(one.variant is None for one in group.variants) > MAX_VARIANTS:
        first.problems.append((SKU, f"A product has at most {MAX_VARIANTS} variants. Make it two products"))
    if group.renames:
        lookups.name_variants(group)


def _goes_on_sale(group: ProductPlan) -> bool:
    """Whether the import puts the product on sale, or moves one that is."""
    active = group.values.get("active", group.product is None or group.product.active)
    return active and (group.product is None or bool({"active", "category_id"} & set(group.values)))


def _has_problem(group: ProductPlan, column: str, line: Line | None = None) -> bool:
    lines = [line] if line else [one.line for one in group.variants]
    return any(name == column for one in lines for name, _ in one.problems)


def _cell(column: str, value: object) -> str:
    if isinstance(value, bool):
        return columns.yes_no(not value if column == "Archived" else value)
    return str(value)
