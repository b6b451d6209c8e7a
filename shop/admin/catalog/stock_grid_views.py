"""The stock of all variants of a product at once: pieces that were received, returned, damaged or counted."""

from typing import Any

from flask import flash, redirect, url_for
from wtforms import Field

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.catalog.fields import form_page, refuse, with_fields
from shop.admin.catalog.product_views import product_or_404
from shop.admin.catalog.stock_views import KINDS, StockChangeForm
from shop.admin.catalog.variant_grid import grid_of_product
from shop.catalog.models import Product, Variant
from shop.catalog.stock import (
    MAX_STOCK,
    HeldByOrders,
    NotEnoughStock,
    StockTooHigh,
    change_stock,
    set_stock,
    stock_of,
)
from shop.web.base_form import ViewResponse
from shop.web.fingerprints import UNKNOWN, Change, posted_fingerprint, stale_form
from shop.web.form_fields import WholeNumberField
from shop.web.idempotency import make_once


class _Refused(Exception):
    """The stock of one variant cannot be changed so. Nothing may be written."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words


class StockGridForm(StockChangeForm):
    """Pieces of several variants. Make it with `_grid_form`: it has a field for each variant."""

    variants: list[Variant]

    def validate(self, **options: Any) -> bool:
        """Check each field, then that one is filled in."""
        valid = super().validate(**options)
        if valid and not self.changed():
            refuse(self, _field_of(self.variants[0]), "Enter the pieces of one variant at least")
        return valid and not self.problems

    def changed(self) -> list[tuple[Variant, int]]:
        """The variants with typed pieces, in the order in which orders lock them."""
        typed = [(variant, self[_field_of(variant)].number) for variant in self.variants]
        filled = [(variant, pieces) for variant, pieces in typed if pieces is not None]
        return sorted(filled, key=lambda one: one[0].sku)


@admin.route("/products/<int:product_id>/stock", methods=["GET", "POST"])
@may("staff")
def product_stock(product_id: int) -> ViewResponse:
    """Record a change of the stock of several variants."""
    product = product_or_404(product_id)
    form = _grid_form(product)
    if not form.variants:
        return redirect(url_for("admin.product", product_id=product_id), 303)
    if not form.is_submitted() or not form.validate():
        return _page(product, form)
    try:
        made = make_once(lambda: _save(product, form))
    except _Refused as refused:
        refuse(form, refused.field, refused.words)
        return _page(product_or_404(product_id), form)
    count = len(form.changed())
    flash(f"Saved the stock of {count} variant{'s' if count != 1 else ''}", "good")
    return redirect(made.address, 303)


def _field_of(variant: Variant) -> str:
    return f"pieces-{variant.id}"


def _grid_form(product: Product) -> StockGridForm:
    sold = [variant for variant in product.variants if variant.active]
    fields: dict[str, Field] = {
        _field_of(one): WholeNumberField(f"Pieces of {one.label or product.name}", 0, MAX_STOCK) for one in sold
    }
    form = with_fields(StockGridForm, fields)()
    form.variants = sold
    return form


def _save(product: Product, form: StockGridForm) -> str:
    words, way = KINDS[form.kind.data]
    note = form.note.data
    reason, actor = f"{words}: {note}" if note else words, current_user_name()
    changed = form.changed()
    if not way:
        _refuse_if_moved(product, [variant for variant, _ in changed])
    for variant, pieces in changed:
        _change(variant, pieces, way, reason, actor)
    each = ", ".join(f"{variant.sku} {pieces:,}" for variant, pieces in changed)
    audit(f"Stock of {product.name}: {reason}: {each}")
    return url_for("admin.product_stock", product_id=product.id)


def _change(variant: Variant, pieces: int, way: int, reason: str, actor: str) -> None:
    """Change the stock of one variant. Raises _Refused."""
    name, field = variant.label or variant.sku, _field_of(variant)
    try:
        if way:
            change_stock(variant.sku, way * pieces, reason, actor)
        else:
            set_stock(variant.sku, pieces, reason, actor)
    except NotEnoughStock as few:
        raise _Refused(field, f"Only {few.on_hand:,} of {name} are here, so no more can be taken away") from few
    except HeldByOrders as short:
        held = f"Unpaid orders hold {short.held:,} of {name}"
        raise _Refused(field, f"{held}. Its own stock page shows which cannot be supplied") from short
    except StockTooHigh as full:
        there = f"There are {full.on_hand:,} of {name} already"
        raise _Refused(field, f"{there}; the shop counts up to {MAX_STOCK:,}") from full


def _shown(product: Product) -> dict[str, str]:
    """What the page shows of the stock, for its fingerprint."""
    return {_field_of(variant): str(variant.on_hand) for variant in product.variants}


def _refuse_if_moved(product: Product, counted: list[Variant]) -> None:
    """Raise StaleForm if the stock changed after the page was opened: a count would undo what was sold since."""
    of = f"stock of {product.id}"
    seen = posted_fingerprint(of)
    stock = stock_of([variant.sku for variant in counted])
    now = {**_shown(product), **{_field_of(one): str(stock[one.sku]) for one in counted}}
    if seen is None:
        raise stale_form(of, now, [], UNKNOWN)
    moved = [one for one in counted if seen.get(_field_of(one)) != now[_field_of(one)]]
    words = "{} of {} were here when you opened this page, {} now. Count them again"
    changes = [
        Change(field, words.format(seen.get(field, "None"), one.label or one.sku, now[field]))
        for one in moved
        if (field := _field_of(one))
    ]
    if changes:
        raise stale_form(of, now, changes)


def _page(product: Product, form: StockGridForm) -> ViewResponse:
    return form_page(
        "stock_grid",
        form,
        product=product,
        variants={variant.id: variant for variant in form.variants},
        grid=grid_of_product(product, only_active=True),
        kinds=KINDS,
        shown=_shown(product),
    )
