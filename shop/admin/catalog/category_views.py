"""The categories of the shop: add, rename, put in order, archive."""

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse
from wtforms import RadioField, StringField
from wtforms.validators import ValidationError

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.catalog.fields import check_slug, form_page, refuse
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
    change_category,
    images_for,
    move_category,
)
from shop.catalog.models import Category, Product
from shop.catalog.slugs import tidy_slug
from shop.core.database import db, write
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import Label, refuse_if_changed
from shop.web.form_fields import text_line
from shop.web.idempotency import make_once

ORDER: dict[str, Label] = {"order": "The order of the categories"}


class CategoryForm(BaseForm):
    """A category. A new one has no address yet: it is made from the name."""

    name = text_line("Name", MAX_NAME_LENGTH)
    blurb = text_line("The sentence", MAX_BLURB_LENGTH, required=False)
    slug = text_line("Address", MAX_SLUG_LENGTH)
    image = RadioField("Image", default=NEWEST_PRODUCT, validate_choice=False)

    def __init__(self, category: Category | None) -> None:
        super().__init__(obj=category)
        self.category, self.images = category, images_for(category)
        if category is None:
            del self.slug

    def validate_name(self, field: StringField) -> None:
        """No two categories have the same name."""
        same = category_by_name(field.data)
        if same is not None and same is not self.category:
            raise ValidationError(f"There is a category “{same.name}” already")

    def validate_slug(self, field: StringField) -> None:
        """It must be a free address."""
        check_slug(field.data, Category, self.category)

    def validate_image(self, field: RadioField) -> None:
        """It must be one of those shown."""
        if field.data not in dict(self.images):
            raise ValidationError("That image is no longer there: choose another")

    def values(self) -> CategoryValues:
        """What was typed into a valid form."""
        slug = tidy_slug(self.slug.data) if self.category else ""
        return CategoryValues(self.name.data, self.blurb.data, slug, self.image.data)


@admin.get("/categories")
@may("owner")
def categories() -> str:
    """Every category, in the order of the shop."""
    counting = select(Product.category_id, func.count()).where(Product.published).group_by(Product.category_id)
    counts = dict(db.session.execute(counting).all())
    every = all_categories()
    return render_template("admin/catalog/categories.html", categories=every, order=_order(every), counts=counts)


@admin.route("/categories/new", methods=["GET", "POST"])
@may("owner")
def category_new() -> ViewResponse:
    """Add a category, as the last one."""
    form = CategoryForm(None)
    if not form.is_submitted() or not form.validate():
        return _form_page(form)
    try:
        made = make_once(lambda: _add(form.values()))
    except IntegrityError:
        refuse(form, "name", "Another user added a category at the same moment. Save again")
        return _form_page(form)
    if made.first:
        flash(f"{form.name.data} is in the shop. It shows once products are in it", "good")
    return redirect(made.address, 303)


@admin.route("/categories/<int:category_id>", methods=["GET", "POST"])
@may("owner")
def category(category_id: int) -> ViewResponse:
    """Change the name, the address, the sentence or the image of a category."""
    one = _category(category_id)
    form = CategoryForm(one)
    if not form.is_submitted() or not form.validate():
        return _form_page(form)
    try:
        write(lambda: _change(one, form))
    except IntegrityError:
        refuse(form, "slug", "Another category has this address already: choose another")
        return _form_page(form)
    flash(f"{form.name.data} is saved", "good")
    return redirect(url_for("admin.categories"), 303)


@admin.post("/categories/<int:category_id>/archive")
@may("owner")
def category_archive(category_id: int) -> AnyResponse:
    """Take a category out of the shop, unless products for sale are in it."""
    one = _category(category_id)
    asked = ask_for_confirmation(
        f"Archive the category {one.name}?",
        "It leaves the shop's menus at once. You can put it back later.",
        button="Archive",
        back=url_for("admin.categories"),
    )
    if asked:
        return asked
    try:
        write(lambda: _archive(one))
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
    write(lambda: _restore(one))
    flash(f"{one.name} is in the shop again", "good")
    return redirect(url_for("admin.categories"), 303)


@admin.post("/categories/<int:category_id>/move")
@may("owner")
def category_move(category_id: int) -> AnyResponse:
    """Move a category one place up or down."""
    one = _category(category_id)
    write(lambda: _move(one, request.form.get("to") == "up"))
    return redirect(url_for("admin.categories", _anchor=f"category-{category_id}"), 303)


def _category(category_id: int) -> Category:
    return category_by_id(category_id) or abort(404)


def _add(values: CategoryValues) -> str:
    add_category(values)
    audit(f"Added category {values.name}")
    return url_for("admin.categories")


def _change(one: Category, form: CategoryForm) -> None:
    db.session.refresh(one, with_for_update=True)
    refuse_if_changed(f"category {one.id}", _shown(one), labels=form.labels())
    was, values = one.name, form.values()
    change_category(one, values)
    audit(f"Changed category {was}" + (f", now {values.name}" if was != values.name else ""))


def _archive(one: Category) -> None:
    archive_category(one)
    audit(f"Archived category {one.name}")


def _restore(one: Category) -> None:
    one.active = True
    audit(f"Put category {one.name} in the shop again")


def _move(one: Category, up: bool) -> None:
    every = db.session.scalars(select(Category).order_by(Category.id).with_for_update()).all()
    refuse_if_changed("the order of categories", _order(every), labels=ORDER)
    if move_category(one, up):
        audit(f"Moved category {one.name} {'up' if up else 'down'}")


def _shown(one: Category) -> dict[str, str]:
    return {"name": one.name, "slug": one.slug, "blurb": one.blurb, "image": one.image}


def _order(every: Sequence[Category]) -> dict[str, str]:
    return {"order": ", ".join(one.name for one in sorted(every, key=lambda one: (one.position, one.id)))}


def _form_page(form: CategoryForm) -> ViewResponse:
    return form_page("category", form, shown=_shown(form.category) if form.category else None)
