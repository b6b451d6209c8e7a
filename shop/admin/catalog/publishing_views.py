"""Preview, publish, hide, archive and duplicate a product."""

from collections.abc import Callable
from functools import partial

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.catalog.product_views import product_or_404
from shop.catalog import publishing, queries
from shop.catalog.duplication import duplicate
from shop.catalog.models import Product
from shop.catalog.product_history import begin_edit, end_edit
from shop.catalog.products import CategoryArchived
from shop.catalog.publishing import NothingForSale, missing_parts
from shop.catalog.views import ProductPage
from shop.core.database import write
from shop.pricing.models import delivery_areas
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.idempotency import make_once


@admin.get("/products/<int:product_id>/preview")
@may("staff")
def product_preview(product_id: int) -> str:
    """A product as buyers will see it, whether it is published or not."""
    item = product_or_404(product_id)
    page = ProductPage(item)
    if not page.variants:
        abort(404)
    return render_template(
        "catalog/product.html",
        product=page,
        more=queries.more_like(item),
        reviews=[],
        areas=delivery_areas(),
        unchosen=False,
        noted=False,
        quantity=1,
        preview=True,
    )


@admin.post("/products/<int:product_id>/publish")
@may("owner")
def product_publish(product_id: int) -> AnyResponse:
    """Show a product to buyers. Asks first when they would miss something."""
    item = product_or_404(product_id)
    missing = missing_parts(item)
    if missing and (
        asked := ask_for_confirmation(
            f"Publish {item.name} without {' and '.join(missing)}?",
            "Without a photo, buyers see a stand-in image." if not item.images else "",
            "You can add what is missing now or later.",
            button="Publish",
            back=url_for("admin.product", product_id=item.id),
        )
    ):
        return asked
    try:
        moved = write(lambda: _record(item, publishing.publish, "Published"))
    except CategoryArchived:
        flash(f"Its category, {item.category.name}, is archived. Put that back first, or choose another", "problem")
    except NothingForSale:
        flash("It has no variant for sale. Edit it and tick one first", "problem")
    else:
        _report(item, moved, "published: buyers see it now", "published already")
    return _back(item)


@admin.post("/products/<int:product_id>/hide")
@may("owner")
def product_hide(product_id: int) -> AnyResponse:
    """Take a published product out of the shop for a while."""
    item = product_or_404(product_id)
    moved = write(lambda: _record(item, publishing.hide, "Hidden"))
    _report(item, moved, "hidden: buyers do not see it, and carts drop it", "not in the shop already")
    return _back(item)


@admin.post("/products/<int:product_id>/archive")
@may("owner")
def product_archive(product_id: int) -> AnyResponse:
    """Take a product out of the shop for good. Orders keep it."""
    item = product_or_404(product_id)
    asked = ask_for_confirmation(
        f"Archive {item.name}?",
        "It leaves the shop at once, and carts drop it. Orders keep it. You can publish it again later.",
        button="Archive",
        back=url_for("admin.product", product_id=item.id),
    )
    if asked:
        return asked
    moved = write(lambda: _record(item, publishing.archive, "Archived"))
    _report(item, moved, "archived: it is no longer in the shop, and carts drop it", "archived already")
    return _back(item)


@admin.post("/products/<int:product_id>/duplicate")
@may("owner")
def product_duplicate(product_id: int) -> AnyResponse:
    """Copy a product as a draft without stock."""
    item = product_or_404(product_id)
    try:
        made = make_once(partial(_duplicate, item))
    except IntegrityError:
        flash("Another user added a product at the same moment. Press Duplicate again", "problem")
        return _back(item)
    if made.first:
        flash("This is the copy: a draft without stock. Change its name, then publish it", "good")
    return redirect(made.address, 303)


def _duplicate(item: Product) -> str:
    copy = duplicate(item)
    audit(f"Duplicated product {item.name} as {copy.name}, SKUs {', '.join(one.sku for one in copy.variants)}")
    return url_for("admin.product", product_id=copy.id)


def _record(item: Product, move: Callable[[Product], bool], words: str) -> bool:
    """Move a product to another status and record who did it. False if it was done already."""
    if not move(item):
        return False
    end_edit(item, begin_edit(item, item.version), current_user_name(), words)
    audit(f"{words} product {item.name}")
    return True


def _report(item: Product, moved: bool, done: str, already: str) -> None:
    flash(f"{item.name} is {done if moved else already}", "good" if moved else "problem")


def _back(item: Product) -> AnyResponse:
    return redirect(url_for("admin.product", product_id=item.id), 303)
