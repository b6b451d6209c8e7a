"""Add a product, and change one. Of two users who change the same product, the second is shown the other's changes."""

from dataclasses import replace

from flask import flash, redirect, request, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.datastructures import MultiDict

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.catalog.fields import form_page, new_variant, refuse, refuse_taken_skus
from shop.admin.catalog.product_form import VARIANTS, NewProductForm, ProductEditForm, product_edit_form
from shop.admin.catalog.product_views import product_or_404
from shop.admin.catalog.variant_grid import grid_of_product
from shop.catalog.categories import CategoryValues, add_category
from shop.catalog.models import LOW_STOCK, Product
from shop.catalog.product_history import State, begin_locked_edit, end_edit, state_of
from shop.catalog.products import (
    CategoryArchived,
    NewVariant,
    add_product,
    change_details,
    change_variant,
)
from shop.catalog.slugs import free_skus, suggested_sku
from shop.core.database import db, write
from shop.web.base_form import ViewResponse
from shop.web.fingerprints import posted_fingerprint, refuse_if_changed
from shop.web.idempotency import make_once


@admin.route("/products/new", methods=["GET", "POST"])
@may("owner")
def product_new() -> ViewResponse:
    """Add a product with one variant. Its options, like sizes and colours, come afterwards."""
    if request.method == "GET":
        return form_page("product_new", NewProductForm(data={"stock": "0", "low_stock_threshold": str(LOW_STOCK)}))
    for _ in range(2):  # another user may take the name or the SKU before this one is written
        form = NewProductForm()
        if not form.validate():
            return form_page("product_new", form)
        details = form.details()
        variant = new_variant(form, free_skus([suggested_sku(details.name)])[0])
        refuse_taken_skus(form, {"sku": variant.sku})
        if form.problems:
            return form_page("product_new", form)
        try:
            made = make_once(lambda: _add(form, variant))  # noqa: B023
        except (IntegrityError, CategoryArchived):
            continue
        if made.first:
            flash(f"{details.name} is a draft: buyers do not see it yet. Add a photo, then publish it", "good")
        return redirect(made.address, 303)
    refuse(form, "sku", "Another user took this SKU at the same moment. Save again")
    return form_page("product_new", form)


@admin.route("/products/<int:product_id>/edit", methods=["GET", "POST"])
@may("owner")
def product_edit(product_id: int) -> ViewResponse:
    """Change a product and its variants."""
    product = product_or_404(product_id)
    form = product_edit_form(product)
    if not form.is_submitted() or not form.validate():
        return _edit_page(product, form)
    try:
        words = write(lambda: _save(product, form))
    except CategoryArchived:
        refuse(form, "category", "This category was archived a moment ago: choose another")
        return _edit_page(product_or_404(product_id), form)
    except IntegrityError:
        refuse(form, "slug", "Another product has this address already: choose another")
        return _edit_page(product_or_404(product_id), form)
    flash(f"Saved: {words}" if words else "Nothing was different", "good")
    return redirect(url_for("admin.product", product_id=product_id), 303)


def _add(form: NewProductForm, variant: NewVariant) -> str:
    details, options, category = form.details(), form.options.data, form.new_category.data
    if category:
        details = replace(details, category_id=add_category(CategoryValues(category)).id)
        audit(f"Added category {category}")
    made = add_product(details, variant, current_user_name(), needs_options=options)
    audit(f"Added product {made.name}, SKU {variant.sku}")
    return url_for("admin.product_options" if options else "admin.product", product_id=made.id)


def _save(product: Product, form: ProductEditForm) -> str:
    db.session.refresh(product, with_for_update=True)
    _refuse_if_changed(product, form)
    before = begin_locked_edit(product)
    change_details(product, form.details())
    by_id = {variant.id: variant for variant in product.variants}
    for position, (variant_id, change) in enumerate(form.variants().items()):
        by_id[variant_id].position = position
        change_variant(by_id[variant_id], change)
    words = end_edit(product, before, current_user_name())
    if words:
        audit(f"Changed product {product.name}: {words}")
    return words


def _refuse_if_changed(product: Product, form: ProductEditForm) -> None:
    """Raise StaleForm when another user saved other values, or other variants, since the page was opened."""
    of = f"product {product.id}"
    seen, typed = posted_fingerprint(of), MultiDict(request.form)
    for field, value in state_of(product).items():
        # a box without a tick is not sent, and a variant that is new has no field on that page
        typed.setdefault(field, "" if seen is None or field in seen else value)
    refuse_if_changed(of, _shown(product), labels=form.change_labels(), form=typed)


def _shown(product: Product) -> State:
    """What the page shows of a product, for its fingerprint."""
    ids = " ".join(str(variant.id) for variant in product.variants)
    return {**state_of(product), VARIANTS: f"{len(product.options)} options: {ids}"}


def _edit_page(product: Product, form: ProductEditForm) -> ViewResponse:
    return form_page("product_edit", form, product=product, shown=_shown(product), grid=grid_of_product(product))
