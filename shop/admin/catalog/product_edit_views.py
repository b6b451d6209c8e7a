"""A new product, and changing one. Whoever saves after somebody else is told what changed, and loses nothing typed."""

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.exc import IntegrityError

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.catalog.answers import Answers
from shop.admin.catalog.product_form import Edit, merge, read_category, read_edit
from shop.admin.catalog.product_views import all_categories, product_or_404
from shop.catalog.models import LOW_STOCK, Product
from shop.catalog.product_history import StaleEdit, State, begin_edit, end_edit, same_since, state_of
from shop.catalog.products import (
    MAX_DESCRIPTION_LENGTH,
    MAX_NAME_LENGTH,
    CategoryArchived,
    NewVariant,
    ProductValues,
    add_product,
    change_details,
    change_variant,
)
from shop.catalog.slugs import free_skus, sku_owners, suggested_sku
from shop.catalog.stock import MAX_STOCK
from shop.core.database import db, write
from shop.web.base_form import ViewResponse
from shop.web.idempotency import make_once


@admin.route("/products/new", methods=["GET", "POST"])
@may("owner")
def product_new() -> ViewResponse:
    """Ask for the plain case: one thing with a price. Sizes and colours come afterwards."""
    if request.method == "GET":
        return _new_page(Answers({"stock": "0", "low_stock_threshold": str(LOW_STOCK)}))
    for _ in range(2):  # a name or SKU may be taken between looking and writing: look once more
        answers = Answers(request.form)
        details, variant = _read_new(answers)
        if answers.errors:
            return _new_page(answers)
        try:
            made = make_once(lambda: _add(details, variant, answers.typed.get("options") == "1"))  # noqa: B023
        except (IntegrityError, CategoryArchived):
            continue
        if made.first:
            flash(f"{details.name} is in the shop. Add a image, so that buyers see it", "good")
        return redirect(made.address, 303)
    answers.refuse("sku", "Somebody else took this SKU at the same moment. Save again")
    return _new_page(answers)


@admin.route("/products/<int:product_id>/edit", methods=["GET", "POST"])
@may("owner")
def product_edit(product_id: int) -> ViewResponse:
    """Change what a product says and costs."""
    item = product_or_404(product_id)
    if request.method == "GET":
        return _edit_page(item, state_of(item))
    seen = request.form.get("version", "")
    if seen != str(item.version) and not same_since(item, _edition(seen)):
        return _told(item, seen)
    answers, version = Answers(request.form), item.version
    edit = read_edit(answers, item)
    if answers.errors:
        return _edit_page(item, answers.typed, answers)
    try:
        words = write(lambda: _save(item, version, edit))
    except StaleEdit:
        return _told(product_or_404(product_id), seen)
    except CategoryArchived:
        answers.refuse("category", "This category was archived a moment ago: choose another")
        return _edit_page(product_or_404(product_id), answers.typed, answers)
    except IntegrityError:
        answers.refuse("slug", "Another product has this address already: choose another")
        return _edit_page(product_or_404(product_id), answers.typed, answers)
    flash(f"Saved: {words}" if words else "Nothing was different", "good")
    return redirect(url_for("admin.product", product_id=product_id), 303)


def read_new_variant(answers: Answers, suggested: str, suffix: str = "") -> NewVariant:
    """Read SKU, price, stock and low stock of a variant to add. Who leaves the SKU empty gets the suggested one."""
    sku = answers.sku(f"sku{suffix}") or suggested
    of = f" of {sku}" if suffix else ""
    return NewVariant(
        sku=sku,
        price=answers.price(f"price{suffix}", f"Price{of}"),
        stock=answers.stock(f"stock{suffix}", f"Stock{of}"),
        low_stock_threshold=answers.whole(f"low_stock_threshold{suffix}", f"Low stock{of}", 0, MAX_STOCK),
    )


def refuse_taken(answers: Answers, skus: dict[str, str]) -> None:
    """Refuse each SKU ({field: SKU}) that another variant has already."""
    owners = sku_owners(skus.values())
    for field, sku in skus.items():
        if sku in owners:
            answers.refuse(field, f"SKU {sku} belongs to “{owners[sku]}” already: choose another")


def _read_new(answers: Answers) -> tuple[ProductValues, NewVariant]:
    name = answers.line("name", "Name", MAX_NAME_LENGTH)
    category = read_category(answers)
    description = answers.block("description", "Description", MAX_DESCRIPTION_LENGTH)
    variant = read_new_variant(answers, free_skus([suggested_sku(name)])[0])
    refuse_taken(answers, {"sku": variant.sku})
    return ProductValues(name, category, description), variant


def _add(details: ProductValues, variant: NewVariant, options: bool) -> str:
    made = add_product(details, variant, current_user_name())
    audit(f"Added product {made.name}, SKU {variant.sku}")
    return url_for("admin.product_options" if options else "admin.product", product_id=made.id)


def _save(item: Product, seen: int, edit: Edit) -> str:
    before = begin_edit(item, seen)
    change_details(item, edit.details)
    by_id = {variant.id: variant for variant in item.variants}
    for position, (variant_id, change) in enumerate(edit.variants):
        by_id[variant_id].position = position
        change_variant(by_id[variant_id], change)
    words = end_edit(item, before, current_user_name())
    if words:
        audit(f"Changed product {item.name}: {words}")
    return words


def _told(item: Product, seen: str) -> ViewResponse:
    """Somebody else was quicker: both edits in one form, to look at and save again."""
    merged = merge(item, _edition(seen), Answers(request.form).typed)
    return _edit_page(item, merged.typed, theirs=merged.theirs, clashes=merged.clashes, status=409)


def _edition(seen: str) -> int:
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else 0


def _new_page(answers: Answers) -> ViewResponse:
    shelves = [shelf for shelf in all_categories() if shelf.active]
    page = render_template(
        "admin/catalog/product_new.html",
        typed=answers.typed,
        errors=answers.errors,
        problems=answers.problems,
        choices=[(shelf.id, shelf.name) for shelf in shelves],
    )
    return page, 422 if answers.errors else 200


def _edit_page(
    item: Product,
    typed: State,
    answers: Answers | None = None,
    *,
    theirs: list[tuple[str, str]] | None = None,
    clashes: State | None = None,
    status: int = 200,
) -> ViewResponse:
    db.session.refresh(item)
    shelves = [shelf for shelf in all_categories() if shelf.active or shelf.id == item.category_id]
    page = render_template(
        "admin/catalog/product_edit.html",
        product=item,
        typed=typed,
        errors=answers.errors if answers else {},
        problems=answers.problems if answers else [],
        theirs=theirs,
        clashes=clashes or {},
        choices=[(shelf.id, shelf.name) for shelf in shelves],
    )
    return page, 422 if answers and answers.errors else status
