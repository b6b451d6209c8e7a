"""Comparing a file with the catalogue: what each row would change, and what stands in its way. Writes nothing."""

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

NEEDED = {"Name": "a name", "Category": "one of the shop’s categories"}  # of a new product


def plan(rows: Iterable[Row], *, keep: bool = False) -> Plan:
    """What the rows would do. `keep` keeps what they touch from others until the transaction ends."""
    rows = list(rows)
    slugs = {row.cells.get(SLUG, "").strip() for row in rows} - {""}
    skus = {row.cells.get(SKU, "").strip() for row in rows} - {""}
    shelf = read_catalog_rows(slugs, skus, keep=keep)
    made = Plan([], [])
    groups: dict[str, ProductPlan] = {}
    called_before = _called_before(rows, shelf)
    said: dict[str, dict[str, tuple[str, int]]] = {}  # slug: column: what a row said of the product, and which row
    places: dict[str, int] = {}  # SKU: the row it stood in
    for row in rows:
        line = Line(row.number, row.cells.get(SKU, "").strip())
        made.lines.append(line)
        slug = _place(row, line, shelf, places, called_before)
        if slug is None:
            continue
        if slug not in groups:
            groups[slug] = ProductPlan(slug, shelf.products.get(slug))
            made.products.append(groups[slug])
        group = groups[slug]
        _read_product(row, line, group, shelf, said.setdefault(slug, {}))
        _read_variant(row, line, group, shelf)
        line.name = group.final("name")
    for group in made.products:
        _finish(group, shelf)
    return made


def _called_before(rows: Iterable[Row], shelf: CatalogRows) -> dict[str, str]:
    """The slugs of the file that no product has any more, each with the slug its SKUs have now."""
    now: dict[str, set[str]] = {}
    for row in rows:
        slug, owner = row.cells.get(SLUG, "").strip(), shelf.owners.get(row.cells.get(SKU, "").strip())
        if owner is not None and slug and slug not in shelf.products:
            now.setdefault(slug, set()).add(owner.slug)
    return {slug: owners.pop() for slug, owners in now.items() if len(owners) == 1}


def _place(
    row: Row, line: Line, shelf: CatalogRows, places: dict[str, int], called_before: dict[str, str]
) -> str | None:
    """The slug of the product a row belongs to; None, with the problem noted, when it has no place."""
    sku, slug = line.sku, row.cells.get(SLUG, "").strip()
    variant = shelf.variants.get(sku)
    if row.extra:
        line.problems.append(("Row", "It has more cells than the header. Put quotation marks around text with commas"))
    if not sku:
        line.problems.append((SKU, "It is empty. Write the variant’s SKU, like KIO-CLA-TER"))
    elif sku in places:
        line.problems.append((SKU, f"{shortened(sku)} stands in row {places[sku]} too. Leave one of them out"))
    elif variant is None and not (sku == tidy_sku(sku) and len(sku) <= MAX_SKU_LENGTH):
        line.problems.append(
            (SKU, f"“{shortened(sku)}” is no SKU. Write capitals, digits and hyphens, like KIO-CLA-TER")
        )
    places.setdefault(sku, row.number)
    if variant is not None:
        product = shelf.owners[sku]
        line.name = product.name
        if slug and called_before.get(slug) == product.slug:
            words = f"The address is {product.slug} now, no longer {shortened(slug)}. The SKU says which product it is"
            line.warnings.append(words)
        elif slug and slug != product.slug:
            words = f"{shortened(sku)} belongs to {product.slug}. Write that, or another SKU"
            line.problems.append((SLUG, words))
        slug = product.slug
    elif slug in called_before:
        slug = called_before[slug]
    elif slug not in shelf.products and not (columns.SLUG_FORM.fullmatch(slug) and len(slug) <= MAX_SLUG_LENGTH):
        said = f"“{shortened(slug)}” cannot stand in an address" if slug else "It is empty"
        line.problems.append((SLUG, f"{said}. Write small letters, digits and hyphens, like kiondo-classic"))
    return None if line.problems else slug


def _read_product(
    row: Row, line: Line, group: ProductPlan, shelf: CatalogRows, said: dict[str, tuple[str, int]]
) -> None:
    """Take in what a row says of its product."""
    product = group.product
    now = columns.product_cells(product, shelf.called[product.category_id]) if product else {}
    for column, attribute in PRODUCT_COLUMNS.items():
        cell = row.cells.get(column, "")
        if not cell.strip():
            continue
        if column in said:
            if said[column][0] != cell:
                words = f"Row {said[column][1]} says something else of the same product. Leave all but one empty"
                line.problems.append((column, words))
            continue
        said[column] = (cell, row.number)
        if cell == now.get(column):
            continue
        if column == "Images":
            _read_images(cell, line, group, now.get(column, ""))
            continue
        try:
            value = _category(cell, line, shelf) if column == "Category" else READERS[column](cell)
        except WrongCell as wrong:
            line.problems.append((column, f"It {wrong}" if str(wrong).startswith("has") else str(wrong)))
            continue
        if product is None or value != getattr(product, attribute):
            group.values[attribute] = value
            words = shelf.called[int(value)] if column == "Category" else _shown(column, value)
            line.changes.append((column, now.get(column, ""), words))


def _read_images(cell: str, line: Line, group: ProductPlan, now: str) -> None:
    """Images never stop an import: what cannot be shown is said, and they stay as they are."""
    images, warning = wanted_images(cell, group.product)
    if warning:
        line.warnings.append(f"Images stay as they are: {warning}")
    elif images is not None:
        group.images = images
        line.changes.append(("Images", now, cell))


def _category(cell: str, line: Line, shelf: CatalogRows) -> int:
    found = shelf.categories.get(cell.strip().casefold())
    if found is None:  # renamed since: its address is still made from its first name
        found = shelf.categories.get(tidy_slug(cell))
        if found is not None:
            line.warnings.append(f"The category “{shortened(cell)}” is called {shelf.called[found]} now")
    if found is None:
        names = ", ".join(sorted(shelf.called.values()))
        raise WrongCell(f"There is no category “{shortened(cell)}”. Write one of: {names}")
    return found


def _read_variant(row: Row, line: Line, group: ProductPlan, shelf: CatalogRows) -> None:
    """Take in what a row says of its variant."""
    variant = shelf.variants.get(line.sku)
    one = VariantPlan(line, line.sku, variant)
    saw = _seen_stock(row, line) if variant else None
    one.saw_stock = saw is not None
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
        if column == STOCK and variant is not None and saw is not None:
            if value == saw:
                continue  # as it was in the file: what was sold since stays sold
            if variant.on_hand != saw:
                line.problems.append((column, _moved(saw, variant.on_hand)))
                continue
        if column == STOCK and variant is not None and int(value) < variant.held:
            words = f"{variant.held} are held for unpaid orders. Write {variant.held} or more"
            line.problems.append((column, words))
            continue
        one.values[attribute] = value
        line.changes.append((column, now.get(column, ""), _shown(column, value)))


def _seen_stock(row: Row, line: Line) -> int | None:
    """The stock a row was exported at; None where it does not say."""
    cell = row.cells.get(SEEN_STOCK, "")
    if not cell.strip():
        return None
    try:
        return int(READERS[SEEN_STOCK](cell))
    except WrongCell as wrong:
        line.problems.append((SEEN_STOCK, str(wrong)))
        return None


def _moved(saw: int, now: int) -> str:
    less, count = ("fewer", saw - now) if now < saw else ("more", now - saw)
    words = f"It was {saw:,} when the file was exported and is {now:,} now, {count:,} {less}: sold or changed since"
    return f"{words}. Count again, write the new number here and {now} under “{SEEN_STOCK}”"


def _finish(group: ProductPlan, shelf: CatalogRows) -> None:
    """What only the product as a whole can tell: whether something is missing, and what its variants are called."""
    first = group.variants[0].line
    if group.product is None:
        for column, what in NEEDED.items():
            if not group.final(PRODUCT_COLUMNS[column]) and not _noted(group, column):
                first.problems.append((column, f"It is empty. A new product needs {what}"))
    if _comes_on_sale(group) and group.final("category_id") in shelf.archived:
        words = (
            f"{shelf.called[group.final('category_id')]} is archived. Put it back in the shop first, or choose another"
        )
        first.problems.append(("Category", words))
    for one in group.variants:
        if one.variant is None:
            if "price" not in one.values and not _noted(group, "Price", one.line):
                one.line.problems.append(("Price", "It is empty. Write whole shillings, like 1250"))
            one.values = {"on_hand": 0, "low_stock_threshold": LOW_STOCK, "active": True, **one.values}
    there = len(group.product.variants) if group.product else 0
    if there + sum(one.variant is None for one in group.variants) > MAX_VARIANTS:
        first.problems.append((SKU, f"A product has at most {MAX_VARIANTS} variants. Make it two products"))
    if group.renames:
        lookups.name_variants(group)


def _comes_on_sale(group: ProductPlan) -> bool:
    """Whether the file would put goods on sale, or move some that are."""
    active = group.values.get("active", group.product is None or group.product.active)
    return active and (group.product is None or bool({"active", "category_id"} & set(group.values)))


def _noted(group: ProductPlan, column: str, line: Line | None = None) -> bool:
    lines = [line] if line else [one.line for one in group.variants]
    return any(name == column for one in lines for name, _ in one.problems)


def _shown(column: str, value: object) -> str:
    if isinstance(value, bool):
        return columns.yes_no(not value if column == "Archived" else value)
    return str(value)
