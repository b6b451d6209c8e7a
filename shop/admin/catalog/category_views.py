"""The shelves of the shop: add, rename, put in order, archive."""

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.catalog.answers import Answers
from shop.admin.catalog.product_views import all_categories
from shop.catalog.categories import (
    MAX_BLURB_LENGTH,
    MAX_NAME_LENGTH,
    MAX_SLUG_LENGTH,
    NEWEST_PRODUCT,
    CategoryInUse,
    CategoryValues,
    add_category,
    archive_category,
    category_by_id,
    category_by_name,
    category_with_slug,
    change_category,
    images_for,
    move_category,
    restore_category,
)
from shop.catalog.models import Category, Product
from shop.catalog.slugs import tidy_slug
from shop.core.database import db, write
from shop.web.base_form import ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import Label, refuse_if_changed
from shop.web.idempotency import make_once

LABELS: dict[str, Label] = {"name": "Name", "slug": "Address", "blurb": "The sentence", "image": "Image"}
ORDER: dict[str, Label] = {"order": "The order of the categories"}


@admin.get("/categories")
@may("owner")
def categories() -> str:
    """Every category, in the order in which the shop shows them."""
    counting = select(Product.category_id, func.count()).where(Product.active).group_by(Product.category_id)
    counts = dict(db.session.execute(counting).all())
    shelves = all_categories()
    return render_template("admin/catalog/categories.html", shelves=shelves, order=_order(shelves), counts=counts)


@admin.route("/categories/new", methods=["GET", "POST"])
@may("owner")
def category_new() -> ViewResponse:
    """A new category, the last one in the row."""
    if request.method == "GET":
        return _form(None, Answers({}))
    answers = Answers(request.form)
    shelf = _read(answers, None)
    if answers.errors:
        return _form(None, answers)
    try:
        made = make_once(lambda: _added(shelf))
    except IntegrityError:
        answers.refuse("name", "Somebody else added a category at the same moment. Save again")
        return _form(None, answers)
    if made.first:
        flash(f"{shelf.name} is in the shop. It shows once goods are in it", "good")
    return redirect(made.address, 303)


@admin.route("/categories/<int:category_id>", methods=["GET", "POST"])
@may("owner")
def category(category_id: int) -> ViewResponse:
    """Rename a category, or change its address, its words or its image."""
    one = _category(category_id)
    if request.method == "GET":
        return _form(one, Answers(_shown(one)))
    answers = Answers(request.form)
    shelf = _read(answers, one)
    if answers.errors:
        return _form(one, answers)
    try:
        write(lambda: _changed(one, shelf))
    except IntegrityError:
        answers.refuse("slug", "Another category has this address already: choose another")
        return _form(_category(category_id), answers)
    flash(f"{shelf.name} is saved", "good")
    return redirect(url_for("admin.categories"), 303)


@admin.post("/categories/<int:category_id>/archive")
@may("owner")
def category_archive(category_id: int) -> AnyResponse:
    """Take a category out of the shop, once nothing for sale is in it."""
    one = _category(category_id)
    asked = ask_for_confirmation(
        f"Archive the category {one.name}?",
        "It leaves the shop's menus at once. You can put it back later.",
        button="Archive",
        back=url_for("admin.categories"),
    )
    if asked:
        return asked

    def take_out() -> None:
        archive_category(one)
        audit(f"Archived category {one.name}")

    try:
        write(take_out)
    except CategoryInUse as used:
        flash(f"{one.name} still has {used.count} for sale. Move or archive those first", "problem")
    else:
        flash(f"{one.name} is archived: it is no longer in the shop", "good")
    return redirect(url_for("admin.categories"), 303)


@admin.post("/categories/<int:category_id>/restore")
@may("owner")
def category_restore(category_id: int) -> AnyResponse:
    """Show an archived category again."""
    one = _category(category_id)

    def put_back() -> None:
        restore_category(one)
        audit(f"Put category {one.name} in the shop again")

    write(put_back)
    flash(f"{one.name} is in the shop again", "good")
    return redirect(url_for("admin.categories"), 303)


@admin.post("/categories/<int:category_id>/move")
@may("owner")
def category_move(category_id: int) -> AnyResponse:
    """One place up or down in the row."""
    one, up = _category(category_id), request.form.get("to") == "up"

    def move() -> None:
        row = db.session.scalars(select(Category).order_by(Category.id).with_for_update()).all()
        refuse_if_changed("the order of categories", _order(row), labels=ORDER)
        if move_category(one, up):
            audit(f"Moved category {one.name} {'up' if up else 'down'}")

    write(move)
    return redirect(url_for("admin.categories", _anchor=f"category-{category_id}"), 303)


def _category(category_id: int) -> Category:
    return category_by_id(category_id) or abort(404)


def _read(answers: Answers, one: Category | None) -> CategoryValues:
    name = answers.line("name", "Name", MAX_NAME_LENGTH)
    blurb = answers.line("blurb", "The sentence", MAX_BLURB_LENGTH, needed=False)
    same = category_by_name(name)
    if same is not None and same is not one:
        answers.refuse("name", f"There is a category “{same.name}” already")
    slug = ""
    if one is not None:
        typed = answers.line("slug", "Address", MAX_SLUG_LENGTH)
        slug = tidy_slug(typed)
        if typed and not slug:
            answers.refuse("slug", "The address needs letters a to z or digits")
        owner = category_with_slug(slug)
        if owner is not None and owner is not one:
            answers.refuse("slug", f"“{owner.name}” has the address {slug} already: choose another")
    image = answers.typed.get("image") or NEWEST_PRODUCT
    if image not in dict(images_for(one)):
        answers.refuse("image", "That image is no longer there: choose another")
    return CategoryValues(name, blurb, slug, image)


def _added(shelf: CategoryValues) -> str:
    add_category(shelf)
    audit(f"Added category {shelf.name}")
    return url_for("admin.categories")


def _shown(one: Category) -> dict[str, str]:
    return {"name": one.name, "slug": one.slug, "blurb": one.blurb, "image": one.image}


def _order(shelves: Sequence[Category]) -> dict[str, str]:
    return {"order": ", ".join(shelf.name for shelf in sorted(shelves, key=lambda one: (one.position, one.id)))}


def _changed(one: Category, shelf: CategoryValues) -> None:
    db.session.refresh(one, with_for_update=True)
    refuse_if_changed(f"category {one.id}", _shown(one), labels=LABELS)
    was = one.name
    change_category(one, shelf)
    audit(f"Changed category {was}" + (f", now {shelf.name}" if was != shelf.name else ""))


def _form(one: Category | None, answers: Answers) -> ViewResponse:
    page = render_template(
        "admin/catalog/category.html",
        category=one,
        images=images_for(one),
        shown=_shown(one) if one else None,
        typed=answers.typed,
        errors=answers.errors,
        problems=answers.problems,
    )
    return page, 422 if answers.errors else 200
