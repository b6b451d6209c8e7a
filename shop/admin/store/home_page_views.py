"""The sections of the home page: which there are, in which order, and what each shows."""

from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response as AnyResponse
from wtforms import BooleanField, FileField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.upload_limits import allow_upload
from shop.catalog.images import serving
from shop.catalog.images.processing import MAX_FILE_BYTES, ImageRefused
from shop.catalog.images.uploads import store_image
from shop.catalog.models import Category
from shop.core.database import db, write
from shop.core.text import typed_text
from shop.store.home_page import MAX_SECTIONS, default_sections
from shop.store.markup import is_allowed_link
from shop.store.models import HomeSection, SectionKind
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import Label, refuse_if_changed
from shop.web.form_fields import max_length, row_id, text_line
from shop.web.idempotency import make_once

ORDER: dict[str, Label] = {"order": "The order of the sections"}
KINDS = {
    SectionKind.BANNER: "Banner: picture, headline, line and button",
    SectionKind.FACTS: "Facts: short points in one row",
    SectionKind.NEWEST: "Newest products",
    SectionKind.FEATURED: "Featured products",
    SectionKind.CATEGORY: "Products of one category",
    SectionKind.CATEGORIES: "Tiles of all categories",
    SectionKind.TEXT: "Text with a picture",
}
FIELDS = {  # the fields that a kind has, besides its heading
    SectionKind.BANNER: ("text", "image", "alt", "button", "link"),
    SectionKind.FACTS: ("text",),
    SectionKind.CATEGORY: ("category",),
    SectionKind.TEXT: ("text", "image", "alt", "button", "link"),
}


class HomeSectionForm(BaseForm):
    """A section of the home page."""

    heading = text_line("Heading", 80, required=False)
    text = TextAreaField("Text", [max_length(2000)], filters=[typed_text])
    image = FileField("Picture")
    alt = text_line("What the picture shows", 200, required=False)
    button = text_line("Words on the button", 40, required=False)
    link = text_line("Where the button leads", 200, required=False)
    category = SelectField("Category", validate_choice=False)
    active = BooleanField("Show this section")

    def validate_link(self, field: StringField) -> None:
        """A page of this shop or a full web address."""
        if field.data and not is_allowed_link(field.data):
            raise ValidationError("Where the button leads must begin with / or https://, like /products")

    def fill(self, section: HomeSection) -> None:
        """Fill in the form from a section."""
        for name in ("heading", "text", "alt", "button", "link"):
            self[name].data = getattr(section, name)
        self.category.data = str(section.category_id or "")
        self.active.data = section.active

    def save_to(self, section: HomeSection) -> None:
        """Save the checked answers, except for the picture."""
        fields = FIELDS.get(SectionKind(section.kind), ())
        section.heading, section.active = self.heading.data, bool(self.active.data)
        for name in ("text", "alt", "button", "link"):
            setattr(section, name, self[name].data if name in fields else "")
        if section.button and not section.link:
            section.link = url_for("catalog.products")
        chosen = self.category.data or ""
        section.category_id = int(chosen) if "category" in fields and chosen.isdecimal() else None


@admin.get("/home-page")
@may("owner")
def home_page() -> str:
    """All sections in their order."""
    sections = _sections()
    return render_template(
        "admin/store/home_page.html",
        sections=sections or default_sections(),
        own=bool(sections),
        kinds=KINDS,
        order=_order(sections),
        most=MAX_SECTIONS,
    )


@admin.post("/home-page/arrange")
@may("owner")
def home_page_arrange() -> AnyResponse:
    """Write the default sections down, so that the owner can change them."""
    made = make_once(_add_defaults)
    return _done("Now change, move or remove each section" if made.first else "")


@admin.route("/home-page/new/<kind>", methods=["GET", "POST"])
@may("owner")
def home_section_new(kind: str) -> ViewResponse:
    """Add a section of a kind, at the end."""
    if kind not in KINDS:
        abort(404)
    section = HomeSection(kind=kind, position=0, active=True, heading="", text="", image="", alt="", button="", link="")
    form = _form(section)
    if not form.is_submitted():
        form.fill(section)
        return _form_page(form, section)
    image = _checked_image(form, section)
    if image is None:
        return _form_page(form, section), 422
    made = make_once(lambda: _add(section, form, image))
    return _done("The section is added" if made.first else "")


@admin.route("/home-page/<section_id>", methods=["GET", "POST"])
@may("owner")
def home_section(section_id: str) -> ViewResponse:
    """Change a section."""
    section = db.session.get(HomeSection, row_id(section_id)) or abort(404)
    form = _form(section)
    if not form.is_submitted():
        form.fill(section)
        return _form_page(form, section)
    image = _checked_image(form, section)
    if image is None:
        return _form_page(form, section), 422
    write(lambda: _change(row_id(section_id), form, image))
    return _done("The section is saved")


@admin.post("/home-page/<section_id>/up")
@may("owner")
def home_section_up(section_id: str) -> AnyResponse:
    """Move a section up."""
    write(lambda: _move_up(row_id(section_id)))
    return _done("The section is moved up")


@admin.post("/home-page/<section_id>/remove")
@may("owner")
def home_section_remove(section_id: str) -> AnyResponse:
    """Remove a section, after asking."""
    asked = ask_for_confirmation(
        "Remove this section?",
        "Its words and picture are lost. To keep them, change the section and untick “Show this section”.",
        button="Remove",
        back=url_for("admin.home_page"),
    )
    if asked:
        return asked
    write(lambda: _remove(row_id(section_id)))
    return _done("The section is removed")


def _sections(*, lock: bool = False) -> list[HomeSection]:
    query = select(HomeSection).order_by(HomeSection.id)
    found = db.session.scalars(query.with_for_update() if lock else query).all()
    return sorted(found, key=lambda section: (section.position, section.id))


def _form(section: HomeSection) -> HomeSectionForm:
    form = HomeSectionForm()
    categories = db.session.execute(
        select(Category.id, Category.name).where(Category.active).order_by(Category.position)
    )
    chosen = [SelectChoice(str(number), name) for number, name in categories]
    form.category.choices = [SelectChoice("", "Choose a category"), *chosen]
    return form


def _checked_image(form: HomeSectionForm, section: HomeSection) -> str | None:
    """Check the form and store the chosen picture. Returns its path, "" without one; None if there are problems."""
    fine = form.validate()
    fields = FIELDS.get(SectionKind(section.kind), ())
    if "category" in fields and form.category.data not in {
        choice.value for choice in form.category.choices if choice.value
    }:
        form.category.errors = ["Choose a category"]
        fine = False
    file: FileStorage | None = request.files.get("image")
    if not fine or "image" not in fields or file is None or not file.filename:
        return "" if fine else None
    db.session.rollback()  # no transaction stays open while an image is decoded
    try:
        return store_image(file)
    except ImageRefused as refused:
        form.image.errors = [f"The picture was not saved: {refused}"]
        return None


def _add_defaults() -> str:
    if not _sections(lock=True):
        db.session.add_all(default_sections())
        audit("Began to arrange the home page")
    return url_for("admin.home_page")


def _add(section: HomeSection, form: HomeSectionForm, image: str) -> str:
    """Add the section after all others. Aborts with 409 when there are MAX_SECTIONS.

    The first section that an owner adds takes the place of the default one of its kind, and the other defaults stay.
    """
    sections = _sections(lock=True)
    if len(sections) >= MAX_SECTIONS:
        abort(409)
    defaults = {} if sections else {one.kind: one for one in default_sections()}
    replaced = defaults.pop(SectionKind(section.kind), None)
    db.session.add_all(defaults.values())
    last = max((one.position for one in [*sections, *defaults.values()]), default=-1)
    form.save_to(section)
    section.image, section.position = image, replaced.position if replaced else last + 1
    db.session.add(section)
    audit(f"Added to the home page: {KINDS[SectionKind(section.kind)]}")
    return url_for("admin.home_page")


def _change(section_id: int, form: HomeSectionForm, image: str) -> None:
    section = db.session.get_one(HomeSection, section_id, with_for_update=True)
    refuse_if_changed(f"section {section_id}", _shown(section), labels=form.labels())
    form.save_to(section)
    section.demo = False
    if image:
        serving.touch(section.image)
        section.image = image
    audit(f"Changed the home page: {KINDS[SectionKind(section.kind)]}")


def _move_up(section_id: int) -> None:
    sections = _sections(lock=True)
    refuse_if_changed("the order of sections", _order(sections), labels=ORDER)
    here = next((place for place, section in enumerate(sections) if section.id == section_id), 0)
    if here:
        sections[here - 1], sections[here] = sections[here], sections[here - 1]
    for position, section in enumerate(sections):
        section.position = position
    audit("Changed the order of the home page")


def _remove(section_id: int) -> None:
    section = db.session.get(HomeSection, section_id, with_for_update=True)
    if section is not None:
        db.session.delete(section)
        audit(f"Removed from the home page: {KINDS[SectionKind(section.kind)]}")


def _shown(section: HomeSection) -> dict[str, str]:
    form = HomeSectionForm(formdata=None)
    form.fill(section)
    return form.shown()


def _order(sections: Sequence[HomeSection]) -> dict[str, str]:
    """The order of all sections, for the fingerprint."""
    return {"order": ", ".join(str(section.id) for section in sections)}


def _done(words: str) -> AnyResponse:
    if words:
        flash(words, "good")
    return redirect(url_for("admin.home_page"), 303)


def _form_page(form: HomeSectionForm, section: HomeSection) -> str:
    return render_template(
        "admin/store/home_section.html",
        form=form,
        section=section,
        fields=FIELDS.get(SectionKind(section.kind), ()),
        kinds=KINDS,
        shown=_shown(section) if section.id else None,
        problems=form.problems,
    )


allow_upload("admin.home_section", MAX_FILE_BYTES)
allow_upload("admin.home_section_new", MAX_FILE_BYTES)
