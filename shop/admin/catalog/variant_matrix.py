"""The options of a product, like Size and Colour, and all combinations of their values: the variants."""

import re
from hashlib import sha256
from itertools import product as combinations
from itertools import zip_longest
from math import prod
from typing import Any

from flask import request
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, TextAreaField

from shop.admin.catalog.fields import new_variant, new_variant_fields, refuse, refuse_taken_skus, with_fields
from shop.catalog.models import LOW_STOCK, Product
from shop.catalog.products import MAX_LABEL_LENGTH, MAX_OPTION_LENGTH, MAX_VARIANTS, NewVariant
from shop.catalog.slugs import free_skus, label_of, suggested_sku
from shop.web.base_form import BaseForm
from shop.web.form_fields import text_line, tidy_text

PLACES = (1, 2, 3)  # of the options
Values = tuple[str, ...]


class OptionsForm(BaseForm):
    """Up to three options and their values. Make it with `options_form`. Validating it sets what follows from them."""

    product: Product
    names: list[str]
    values_of: dict[int, Values]  # the new values of each variant that exists, by its id
    missing: list[Values]

    def existing_values(self) -> list[list[str]]:
        """The values of each of the three options. Labels of a product without options are values of the first."""
        variants = self.product.variants
        if self.product.options:
            return [_distinct([getattr(variant, f"value_{place}") for variant in variants]) for place in PLACES]
        return [_distinct([variant.label for variant in variants]), [], []]

    def validate(self, **options: Any) -> bool:
        """Check each option, then the number of combinations."""
        if super().validate(**options):
            columns = self._read()
            count = prod(len(values) for values in columns)
            if count > MAX_VARIANTS:
                words = f"That makes {count:,} combinations; a product has {MAX_VARIANTS} at most"
                refuse(self, "values_1", f"{words}. Leave some values out")
            else:
                self._combine(columns)
        return not self.problems

    def _read(self) -> list[list[str]]:
        """Read and check the names of the options; return the values of each."""
        self.names, columns = [], []
        for place, existing in enumerate(self.existing_values(), 1):
            field, typed = f"option_{place}", _split(self[f"values_{place}"].data)
            name = self[field].data if field in self else self.product.options[place - 1]
            values = _distinct(existing + typed)
            if not (name or values):
                continue
            if not name:
                examples = ", ".join(f"“{value}”" for value in values[:3])
                refuse(self, field, f"Name what {examples} are: Size, Colour or the like")
            elif name.casefold() in {other.casefold() for other in self.names}:
                refuse(self, field, f"“{name}” is used twice: each option needs a name of its own")
            if not values:
                refuse(self, f"values_{place}", f"Say which kinds of {name} there are, separated by commas")
            self.names.append(name)
            columns.append(values or [""])
        if not self.names:
            refuse(self, "option_1", "Name at least one option, like Size, and its values, like Small, Large")
        return columns

    def _combine(self, columns: list[list[str]]) -> None:
        """Find the missing combinations. A variant without a value of an option gets the first one."""
        self.values_of = {}
        for variant in self.product.variants:
            own = variant.values if self.product.options else (variant.label,)
            pairs = zip_longest(own[: len(columns)], columns, fillvalue="")
            self.values_of[variant.id] = tuple(value or column[0] for value, column in pairs)
        there = set(self.values_of.values())
        self.missing = [values for values in combinations(*columns) if values not in there]
        longest = max((label_of(values) for values in (*there, *self.missing)), key=len, default="")
        if len(longest) > MAX_LABEL_LENGTH:
            words = f"“{longest}” is too long: the values of one variant have {MAX_LABEL_LENGTH} characters"
            refuse(self, "values_1", words)


def options_form(product: Product) -> OptionsForm:
    """Ask for names of options that have none, and for values of all."""
    fields: dict[str, Field] = {}
    for place in PLACES:
        if place > len(product.options):
            fields[f"option_{place}"] = text_line("Option", MAX_OPTION_LENGTH, required=False)
        fields[f"values_{place}"] = TextAreaField(filters=[tidy_text])
    form = with_fields(OptionsForm, fields)()
    form.product = product
    return form


class MatrixForm(BaseForm):
    """A row for each missing combination. Make it with `matrix_form`: it has fields for each row."""

    rows: dict[str, Values]  # by the key that ends the names of a row's fields

    def validate(self, **options: Any) -> bool:
        """Check the rows with a tick."""
        super().validate(**options)
        skus: dict[str, str] = {}
        for key, values in self.rows.items():
            if not self[f"make-{key}"].data:
                for name in new_variant_fields(suffix=f"-{key}"):
                    self[name].errors = []
                continue
            field, sku = f"sku-{key}", self[f"sku-{key}"].sku
            if not sku:
                refuse(self, field, f"The SKU of {label_of(values)} is empty: fill it in")
            elif sku in skus.values():
                refuse(self, field, f"SKU {sku} is used twice: give {label_of(values)} another")
            skus[field] = sku
        refuse_taken_skus(self, skus)
        return not self.problems

    def variants(self) -> list[NewVariant]:
        """The variants of the rows with a tick, in a valid form."""
        ticked = [(key, values) for key, values in self.rows.items() if self[f"make-{key}"].data]
        return [new_variant(self, suffix=f"-{key}", values=values) for key, values in ticked]


def matrix_form(product: Product, missing: list[Values]) -> MatrixForm:
    """The rows of the missing combinations, with suggestions where nothing was typed."""
    rows = {combination_key(values): values for values in missing}
    fields: dict[str, Field] = {}
    for key, values in rows.items():
        label = label_of(values)
        fields |= {f"make-{key}": BooleanField(f"Add {label}"), **new_variant_fields(f" of {label}", f"-{key}")}
    typed = MultiDict({**_suggestions(product, rows), **request.form})
    form = with_fields(MatrixForm, fields)(formdata=typed)
    form.rows = rows
    return form


def combination_key(values: Values) -> str:
    """A short name of a combination, for the names of its fields."""
    return sha256("\n".join(values).encode()).hexdigest()[:10]


def _suggestions(product: Product, rows: dict[str, Values]) -> dict[str, str]:
    """The first contents of the rows that were not on the posted page, by field name."""
    fresh = {key: values for key, values in rows.items() if f"sku-{key}" not in request.form}
    root = product.variants[0].sku if len(product.variants) == 1 else suggested_sku(product.name)
    skus = free_skus([_suggested_sku(root, values) for values in fresh.values()])
    price = str(product.variants[0].price) if product.variants else ""
    fields: dict[str, str] = {}
    for key, sku in zip(fresh, skus, strict=True):
        fields |= {f"make-{key}": "1", f"sku-{key}": sku, f"price-{key}": price}
        fields |= {f"stock-{key}": "0", f"low_stock_threshold-{key}": str(LOW_STOCK)}
    return fields


def _suggested_sku(root: str, values: Values) -> str:
    """The SKU of the product, then the beginnings of the values."""
    end = suggested_sku(*values)[:20].strip("-")
    return f"{root[: 36 - len(end)].strip('-')}-{end}"


def _split(typed: str) -> list[str]:
    return [value for value in (part.strip() for part in re.split(r"[,;\n]", typed)) if value]


def _distinct(values: list[str]) -> list[str]:
    """Each value once, whatever its case, without empty ones."""
    found: dict[str, str] = {}
    for value in filter(None, values):
        found.setdefault(value.casefold(), value)
    return list(found.values())
