"""Variants: all combinations of a product's options (Size: S, M; Colour: Indigo, Madder), or one at a time."""

from typing import Any

from flask import flash, redirect, request, url_for
from sqlalchemy.exc import IntegrityError
from wtforms import Field

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.catalog.fields import form_page, new_variant, new_variant_fields, refuse, refuse_taken_skus, with_fields
from shop.admin.catalog.product_views import product_or_404
from shop.admin.catalog.variant_grid import grid_of
from shop.admin.catalog.variant_matrix import MatrixForm, OptionsForm, matrix_form, options_form
from shop.catalog.models import LOW_STOCK, Product
from shop.catalog.product_history import StaleEdit, begin_edit, end_edit
from shop.catalog.products import MAX_LABEL_LENGTH, MAX_VARIANTS, NewVariant, add_variants, set_options, set_values
from shop.catalog.slugs import free_skus, label_of, suggested_sku
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.form_fields import text_line
from shop.web.idempotency import make_once


class NewVariantForm(BaseForm):
    """One more variant of `product`. Make it with `_new_variant_form`: it has a field for each option."""

    product: Product

    def validate(self, **options: Any) -> bool:
        """Check each field, then that the variant differs from the others."""
        if not super().validate(**options):
            return False
        first, label = ("value_1" if self.product.options else "label"), self.full_label()
        if len(label) > MAX_LABEL_LENGTH:
            refuse(self, first, f"The values have more than {MAX_LABEL_LENGTH} characters together: shorten them")
        if label.casefold() in {variant.label.casefold() for variant in self.product.variants}:
            refuse(self, first, f"There is a variant “{label}” already")
        if len(self.product.variants) >= MAX_VARIANTS:
            refuse(self, first, f"A product has {MAX_VARIANTS} variants at most")
        refuse_taken_skus(self, {"sku": self.variant().sku})
        return not self.problems

    def values(self) -> tuple[str, ...]:
        """The values of the product's options, none if it has no options."""
        return tuple(self[f"value_{place}"].data.strip(",") for place in range(1, len(self.product.options) + 1))

    def full_label(self) -> str:
        """What pages call the variant."""
        values = self.values()
        return label_of(values) if values else str(self["label"].data)

    def variant(self) -> NewVariant:
        """What was typed into a valid form."""
        values, label = self.values(), self.full_label()
        sku = free_skus([suggested_sku(self.product.name, label)])[0]
        return new_variant(self, sku, values=values, label="" if values else label)


@admin.route("/products/<int:product_id>/options", methods=["GET", "POST"])
@may("owner")
def product_options(product_id: int) -> ViewResponse:
    """Ask for the options, show every missing combination, and add those that are wanted."""
    product = product_or_404(product_id)
    options, version = options_form(product), product.version
    if not options.is_submitted() or not options.validate() or request.form.get("step") == "options":
        return form_page("options", options, product=product)
    rows = matrix_form(product, options.missing)
    moved = request.form.get("version") != str(version)
    if moved or request.form.get("step") != "make" or not rows.validate():
        return _matrix_page(product, options, rows)
    fresh = rows.variants()
    try:
        made = make_once(lambda: _make(product, version, options, fresh))
    except (StaleEdit, IntegrityError):
        product = product_or_404(product_id)
        options = options_form(product)
        if not options.validate():
            return form_page("options", options, product=product)
        rows = matrix_form(product, options.missing)
        rows.validate()
        return _matrix_page(product, options, rows)
    if made.first:
        words = f"{len(fresh)} variant{'s' if len(fresh) != 1 else ''} added" if fresh else "The options are saved"
        flash(words, "good")
    return redirect(made.address, 303)


@admin.route("/products/<int:product_id>/variants/new", methods=["GET", "POST"])
@may("owner")
def product_variant_new(product_id: int) -> ViewResponse:
    """Add one more variant."""
    product = product_or_404(product_id)
    if not product.options and len(product.variants) < 2:
        return redirect(url_for("admin.product_options", product_id=product_id), 303)
    form = _new_variant_form(product)
    if not form.is_submitted() or not form.validate():
        return form_page("variant", form, product=product)
    variant, seen = form.variant(), product.version
    try:
        made = make_once(lambda: _add(product, seen, variant))
    except (StaleEdit, IntegrityError):
        refuse(form, "sku", "Another user changed this product at the same moment. Save again")
        return form_page("variant", form, product=product_or_404(product_id))
    if made.first:
        flash(f"{form.full_label()} is added, SKU {variant.sku}", "good")
    return redirect(made.address, 303)


def _new_variant_form(product: Product) -> NewVariantForm:
    fields: dict[str, Field] = {
        f"value_{place}": text_line(name, MAX_LABEL_LENGTH) for place, name in enumerate(product.options, 1)
    }
    fields = fields or {"label": text_line("Label", MAX_LABEL_LENGTH)}
    price = str(product.variants[-1].price) if product.variants else ""
    first = {"price": price, "stock": "0", "low_stock_threshold": str(LOW_STOCK)}
    form = with_fields(NewVariantForm, {**fields, **new_variant_fields()})(data=first)
    form.product = product
    return form


def _make(product: Product, seen: int, options: OptionsForm, fresh: list[NewVariant]) -> str:
    before = begin_edit(product, seen)
    set_options(product, options.names)
    for variant in product.variants:
        set_values(variant, options.values_of[variant.id])
    add_variants(product, fresh, current_user_name())
    words = end_edit(product, before, current_user_name())
    audit(f"Changed product {product.name}: {words or 'saved its options without a change'}")
    return url_for("admin.product", product_id=product.id)


def _add(product: Product, seen: int, variant: NewVariant) -> str:
    before = begin_edit(product, seen)
    add_variants(product, [variant], current_user_name())
    audit(f"Changed product {product.name}: {end_edit(product, before, current_user_name())}")
    return url_for("admin.product", product_id=product.id)


def _matrix_page(product: Product, options: OptionsForm, rows: MatrixForm) -> ViewResponse:
    changed = request.form.get("version") != str(product.version)
    grid = grid_of(options.names, rows.rows, [*options.values_of.values(), *options.missing])
    page, status = form_page("variant_matrix", rows, product=product, options=options, changed=changed, grid=grid)
    return page, 409 if changed else status
