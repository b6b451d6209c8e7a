"""Variants: from options (Size: S, M; Colour: Indigo, Madder) to one variant for each combination, or one at a time."""

from dataclasses import replace

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.catalog.answers import Answers
from shop.admin.catalog.product_edit_views import read_new_variant, refuse_taken
from shop.admin.catalog.product_views import product_or_404
from shop.admin.catalog.variant_matrix import (
    MOST_OPTIONS,
    Matrix,
    combination_key,
    kept_values,
    read_matrix,
    rows_typed,
)
from shop.catalog.models import LOW_STOCK, Product
from shop.catalog.product_history import StaleEdit, begin_edit, end_edit
from shop.catalog.products import MAX_LABEL_LENGTH, MAX_VARIANTS, NewVariant, add_variants, set_options, set_values
from shop.catalog.slugs import free_skus, label_of, suggested_sku
from shop.web.base_form import ViewResponse
from shop.web.idempotency import make_once


@admin.route("/products/<int:product_id>/options", methods=["GET", "POST"])
@may("owner")
def product_options(product_id: int) -> ViewResponse:
    """Ask what the variants differ in, show every combination, and make those that are wanted."""
    item = product_or_404(product_id)
    if request.method == "GET":
        return _options_page(item, Answers({}))
    answers = Answers(request.form)
    matrix, step = read_matrix(answers, item), answers.typed.get("step")
    if answers.errors or step == "options":
        return _options_page(item, answers)
    answers.typed |= rows_typed(item, matrix, answers.typed)
    if answers.typed.get("version") != str(item.version):
        return _matrix_page(item, matrix, answers, moved=True)
    if step != "make":
        return _matrix_page(item, matrix, answers)
    fresh = _read_rows(answers, matrix)
    if answers.errors:
        return _matrix_page(item, matrix, answers)
    try:
        made = make_once(lambda: _make(item, matrix, fresh))
    except (StaleEdit, IntegrityError):
        item = product_or_404(product_id)
        return _matrix_page(item, read_matrix(answers, item), answers, moved=True)
    if made.first:
        words = f"{len(fresh)} variant{'s' if len(fresh) != 1 else ''} added" if fresh else "The options are saved"
        flash(words, "good")
    return redirect(made.address, 303)


@admin.route("/products/<int:product_id>/variants/new", methods=["GET", "POST"])
@may("owner")
def product_variant_new(product_id: int) -> ViewResponse:
    """Ask for one more variant."""
    item = product_or_404(product_id)
    if not item.options and len(item.variants) < 2:
        return redirect(url_for("admin.product_options", product_id=product_id), 303)
    if request.method == "GET":
        price = item.variants[-1].price if item.variants else ""
        return _variant_page(item, Answers({"price": str(price), "stock": "0", "low_stock_threshold": str(LOW_STOCK)}))
    answers = Answers(request.form)
    one, seen = _read_variant(answers, item), item.version
    if answers.errors:
        return _variant_page(item, answers)
    try:
        made = make_once(lambda: _add(item, seen, one))
    except (StaleEdit, IntegrityError):
        answers.refuse("sku", "Somebody else changed this product at the same moment. Save again")
        return _variant_page(product_or_404(product_id), answers)
    if made.first:
        flash(f"{label_of(one.values) or one.label} is added, SKU {one.sku}", "good")
    return redirect(made.address, 303)


def _read_rows(answers: Answers, matrix: Matrix) -> list[NewVariant]:
    """The combinations that are wanted, each with its SKU, price and stock."""
    fresh: list[NewVariant] = []
    fields: dict[str, str] = {}
    for values in matrix.missing:
        key = combination_key(values)
        if not answers.typed.get(f"make-{key}"):
            continue
        one = read_new_variant(answers, "", f"-{key}")
        if not one.sku:
            answers.refuse(f"sku-{key}", f"The SKU of {label_of(values)} is empty: fill it in")
        if one.sku in fields.values():
            answers.refuse(f"sku-{key}", f"SKU {one.sku} stands twice: give {label_of(values)} another")
        fields[f"sku-{key}"] = one.sku
        fresh.append(replace(one, values=values))
    refuse_taken(answers, fields)
    return fresh


def _read_variant(answers: Answers, item: Product) -> NewVariant:
    values = tuple(
        answers.line(f"value_{place}", name, MAX_LABEL_LENGTH).strip(",") for place, name in enumerate(item.options, 1)
    )
    label = label_of(values) if values else answers.line("label", "Label", MAX_LABEL_LENGTH)
    first = "value_1" if values else "label"
    if len(label) > MAX_LABEL_LENGTH:
        answers.refuse(first, f"The values have more than {MAX_LABEL_LENGTH} characters together: shorten them")
    if label.casefold() in {variant.label.casefold() for variant in item.variants}:
        answers.refuse(first, f"There is a variant “{label}” already")
    if len(item.variants) >= MAX_VARIANTS:
        answers.refuse(first, f"A product has {MAX_VARIANTS} variants at most")
    one = read_new_variant(answers, free_skus([suggested_sku(item.name, label)])[0])
    refuse_taken(answers, {"sku": one.sku})
    return replace(one, values=values, label="" if values else label)


def _make(item: Product, matrix: Matrix, fresh: list[NewVariant]) -> str:
    before = begin_edit(item, matrix.version)
    set_options(item, matrix.names)
    for variant in item.variants:
        set_values(variant, matrix.values_of[variant.id])
    add_variants(item, fresh, current_user_name())
    words = end_edit(item, before, current_user_name())
    audit(f"Changed product {item.name}: {words or 'options looked at'}")
    return url_for("admin.product", product_id=item.id)


def _add(item: Product, seen: int, one: NewVariant) -> str:
    before = begin_edit(item, seen)
    add_variants(item, [one], current_user_name())
    audit(f"Changed product {item.name}: {end_edit(item, before, current_user_name())}")
    return url_for("admin.product", product_id=item.id)


def _options_page(item: Product, answers: Answers) -> ViewResponse:
    page = render_template(
        "admin/catalog/options.html",
        product=item,
        kept=[*kept_values(item), [], [], []][:MOST_OPTIONS],
        typed=answers.typed,
        errors=answers.errors,
        problems=answers.problems,
    )
    return page, 422 if answers.errors else 200


def _matrix_page(item: Product, matrix: Matrix, answers: Answers, *, moved: bool = False) -> ViewResponse:
    page = render_template(
        "admin/catalog/variant_matrix.html",
        product=item,
        matrix=matrix,
        rows=[(combination_key(values), label_of(values)) for values in matrix.missing],
        typed=answers.typed,
        errors=answers.errors,
        problems=answers.problems,
        moved=moved,
    )
    return page, 409 if moved else 422 if answers.errors else 200


def _variant_page(item: Product, answers: Answers) -> ViewResponse:
    page = render_template(
        "admin/catalog/variant.html",
        product=item,
        typed=answers.typed,
        errors=answers.errors,
        problems=answers.problems,
    )
    return page, 422 if answers.errors else 200
