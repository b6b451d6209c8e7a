"""The look of the shop: its colour, corners and typefaces, with a preview; and its stand-in image."""

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.store.shop_images import STAND_IN, remove, use_uploaded
from shop.admin.upload_limits import allow_upload
from shop.catalog.images.processing import MAX_FILE_BYTES, ImageRefused
from shop.core.database import db, write
from shop.core.text import typed_line
from shop.store.look import CORNERS, TYPEFACES
from shop.store.palette import DEFAULT, Palette, is_colour, palette
from shop.store.settings import ROW_ID, StoreSettings, clear_store_cache, store_settings_row
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import refuse_if_changed


class LookForm(BaseForm):
    """The look of the shop."""

    colour = StringField("Colour", filters=[typed_line])
    corners = RadioField("Corners", choices=[SelectChoice(*item) for item in CORNERS.items()], validate_choice=False)
    typeface = RadioField(
        "Typeface", choices=[SelectChoice(*item) for item in TYPEFACES.items()], validate_choice=False
    )

    def validate_colour(self, field: StringField) -> None:
        """Require #rrggbb, as a colour input sends it."""
        if not is_colour(field.data or ""):
            raise ValidationError("Colour must be # and six digits or letters from A to F, like #2b3990")

    def validate_corners(self, field: RadioField) -> None:
        if field.data not in CORNERS:
            raise ValidationError("Choose the corners")

    def validate_typeface(self, field: RadioField) -> None:
        if field.data not in TYPEFACES:
            raise ValidationError("Choose a typeface")

    def fill(self, row: StoreSettings | None) -> None:
        """Fill in the form from the saved look."""
        self.colour.data = (row.colour if row else "") or DEFAULT
        self.corners.data, self.typeface.data = (row.corners, row.typeface) if row else ("", "")


@admin.route("/look", methods=["GET", "POST"])
@may("owner")
def look() -> ViewResponse:
    """Choose the look. "Preview" shows it without saving anything."""
    form = LookForm()
    if not form.is_submitted():
        form.fill(db.session.get(StoreSettings, ROW_ID))
        return _page(form, form.problems)
    if not form.validate():
        return _page(form, form.problems), 422
    if "preview" in request.form:
        return _page(form, form.problems)
    write(lambda: _save(form))
    clear_store_cache()
    flash("Saved. Every page looks like this within a few seconds", "good")
    return redirect(url_for("admin.look"), 303)


@admin.get("/look/palette")
@may("owner")
def look_palette() -> Response:
    """The colours that follow from one, for the live preview (static/js/look.js)."""
    colour = request.args.get("colour", "")
    return jsonify(_schemes(palette(colour if is_colour(colour) else DEFAULT)))


def _save(form: LookForm) -> None:
    row = store_settings_row()
    db.session.refresh(row, with_for_update=True)
    refuse_if_changed("the look", _shown(row), labels=form.labels())
    row.colour = "" if form.colour.data.lower() == DEFAULT else form.colour.data.lower()
    row.corners, row.typeface = form.corners.data, form.typeface.data
    audit("Changed the look of the shop")


def _schemes(found: Palette) -> dict[str, dict[str, str]]:
    """The variables of both schemes, as the style sheets name them."""
    return {
        name: {
            "--brand": scheme.brand,
            "--on-brand": scheme.on_brand,
            "--brand-ink": scheme.brand_ink,
        }
        for name, scheme in (("light", found.light), ("dark", found.dark))
    }


def _shown(row: StoreSettings | None) -> dict[str, str]:
    form = LookForm(formdata=None)
    form.fill(row)
    return form.shown()


allow_upload("admin.set_stand_in", MAX_FILE_BYTES)


@admin.post("/look/stand-in")
@may("owner")
def set_stand_in() -> ViewResponse:
    """Replace the image that stands for products without one."""
    try:
        use_uploaded(STAND_IN)
    except ImageRefused as refused:
        form = LookForm(formdata=None)
        form.fill(db.session.get(StoreSettings, ROW_ID))
        return _page(form, [(STAND_IN.file_field, str(refused))]), 422
    flash("The stand-in image is changed", "good")
    return redirect(url_for("admin.look"), 303)


@admin.post("/look/stand-in/remove")
@may("owner")
def remove_stand_in() -> ViewResponse:
    """Remove the shop's own stand-in image; products without an image show the default one."""
    if question := ask_for_confirmation(
        "Remove the stand-in image?",
        "Products without an image show the default one instead. Your image is deleted.",
        button="Remove",
        back=url_for("admin.look"),
    ):
        return question
    found = remove(STAND_IN)
    flash(*(("The stand-in image is removed", "good") if found else ("It was removed already", "problem")))
    return redirect(url_for("admin.look"), 303)


def _page(form: LookForm, problems: list[tuple[str, str]]) -> str:
    colour = form.colour.data if is_colour(form.colour.data or "") else DEFAULT
    row = db.session.get(StoreSettings, ROW_ID)
    return render_template(
        "admin/store/look.html",
        form=form,
        shown=_shown(row),
        preview=palette(colour),
        stand_in=row.stand_in if row else "",
        problems=problems,
    )
