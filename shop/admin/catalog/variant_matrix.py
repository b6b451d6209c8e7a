"""All combinations of a product's options: which variants there are, which are still to make."""

import re
from dataclasses import dataclass
from hashlib import sha256
from itertools import product as combinations

from shop.admin.catalog.answers import Answers
from shop.catalog.models import LOW_STOCK, Product
from shop.catalog.product_history import State
from shop.catalog.products import MAX_LABEL_LENGTH, MAX_OPTION_LENGTH, MAX_VARIANTS
from shop.catalog.slugs import free_skus, label_of, suggested_sku

MOST_OPTIONS = 3
Values = tuple[str, ...]


@dataclass(frozen=True)
class Matrix:
    """The options of a product as asked for, and what follows from them."""

    version: int  # of the product it was made for
    names: Values
    values_of: dict[int, Values]  # what each variant there is becomes, by its id
    missing: list[Values]


def kept_values(item: Product) -> list[list[str]]:
    """The values its variants have by now, option by option. Labels without an option are those of the first."""
    if not item.options:
        labels = [variant.label for variant in item.variants if variant.label]
        return [_distinct(labels)] if labels else []
    columns = [[getattr(variant, f"value_{place}") for variant in item.variants] for place in (1, 2, 3)]
    return [_distinct(column) for column in columns[: len(item.options)]]


def read_matrix(answers: Answers, item: Product) -> Matrix:
    """Read the options page; what is wrong stands in `answers`."""
    kept = kept_values(item)
    names: list[str] = []
    columns: list[list[str]] = []
    for place in range(1, MOST_OPTIONS + 1):
        there = kept[place - 1] if place <= len(kept) else []
        field, typed = f"option_{place}", _split(answers.typed.get(f"values_{place}", ""))
        named = item.options[place - 1] if place <= len(item.options) else ""
        name = named or answers.line(field, "Option", MAX_OPTION_LENGTH, needed=False)
        if not name and not typed and not there:
            continue
        if not name:
            answers.refuse(field, f"Name what {_enumerated((there + typed)[:3])} are: Size, Colour or the like")
        if name.casefold() in {other.casefold() for other in names}:
            answers.refuse(field, f"“{name}” stands twice: each option needs a name of its own")
        values = _distinct(there + typed)
        if not values:
            answers.refuse(f"values_{place}", f"Say which kinds of {name} there are, separated by commas")
        names.append(name)
        columns.append(values or [""])
    if not names:
        answers.refuse("option_1", "Name at least one option, like Size, and its values, like Small, Large")
    return _matrix(answers, item, tuple(names), columns)


def rows_typed(item: Product, matrix: Matrix, typed: State) -> State:
    """What stands in the rows of the combinations before anybody typed into them."""
    fresh = [values for values in matrix.missing if f"sku-{combination_key(values)}" not in typed]
    root = item.variants[0].sku if len(item.variants) == 1 else suggested_sku(item.name)
    skus = free_skus([suggested_sku_below(root, values) for values in fresh])
    price = str(item.variants[0].price) if item.variants else ""
    rows: State = {}
    for values, sku in zip(fresh, skus, strict=True):
        key = combination_key(values)
        rows |= {f"make-{key}": "1", f"sku-{key}": sku, f"price-{key}": price}
        rows |= {f"stock-{key}": "0", f"low_stock_threshold-{key}": str(LOW_STOCK)}
    return rows


def suggested_sku_below(root: str, values: Values) -> str:
    """A SKU for a combination: that of the product and the beginnings of its values."""
    end = suggested_sku(*values)[:20].strip("-")
    return f"{root[: 36 - len(end)].strip('-')}-{end}"


def combination_key(values: Values) -> str:
    """What the fields of a combination's row are named by."""
    return sha256("\n".join(values).encode()).hexdigest()[:10]


def _matrix(answers: Answers, item: Product, names: Values, columns: list[list[str]]) -> Matrix:
    count = 1
    for values in columns:
        count *= len(values)
    if count > MAX_VARIANTS:
        words = f"That makes {count:,} combinations; a product has {MAX_VARIANTS} at most. Leave some values out"
        answers.refuse("values_1", words)
        return Matrix(item.version, names, {}, [])
    values_of = {}
    for variant in item.variants:
        own = variant.values if item.options else (variant.label,)
        padded = (*own, *[""] * MOST_OPTIONS)[: len(columns)]
        values_of[variant.id] = tuple(value or column[0] for value, column in zip(padded, columns, strict=True))
    there = set(values_of.values())
    missing = [values for values in combinations(*columns) if columns and values not in there]
    longest = max((label_of(values) for values in (*there, *missing)), key=len, default="")
    if len(longest) > MAX_LABEL_LENGTH:
        answers.refuse(
            "values_1", f"“{longest}” is too long: the values of one variant have {MAX_LABEL_LENGTH} characters"
        )
    return Matrix(item.version, names, values_of, missing)


def _split(typed: str) -> list[str]:
    return [value for value in (part.strip() for part in re.split(r"[,;\n]", typed)) if value]


def _distinct(values: list[str]) -> list[str]:
    """Each value once, in any case, without empty ones."""
    found: dict[str, str] = {}
    for value in filter(None, values):
        found.setdefault(value.casefold(), value)
    return list(found.values())


def _enumerated(values: list[str]) -> str:
    return ", ".join(f"“{value}”" for value in values)
