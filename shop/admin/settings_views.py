"""What the shop says of itself on every page and in every mail."""

from email_validator import EmailNotValidError
from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField, TextAreaField
from wtforms.validators import Length, ValidationError

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.upload_limits import takes
from shop.catalog.images import serving
from shop.catalog.images.paths import files_of
from shop.catalog.images.processing import MAX_FILE_BYTES, ImageRefused
from shop.catalog.images.uploads import store_image
from shop.checkout.forms import BAD_EMAIL
from shop.config import Settings
from shop.core.database import db, write
from shop.core.money import shillings
from shop.core.phones import PhoneError, kenyan_mobile, readable_phone
from shop.core.text import normalised_email, typed_line, typed_text
from shop.store.settings import (
    DEFAULT_VERIFICATION_THRESHOLD,
    ROW_ID,
    StoreSettings,
    clear_store_cache,
    current_store,
    store_settings_row,
)
from shop.web.base_form import BaseForm
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import Label, refuse_if_changed
from shop.web.form_fields import MAX_SHILLINGS, WholeNumberField

TEXTS = ("name", "tagline", "phone", "whatsapp", "email", "address", "about")
FIELDS = (*TEXTS, "verification_threshold")


def _phone(field: StringField) -> None:
    try:
        field.data and kenyan_mobile(field.data)
    except PhoneError:
        raise ValidationError(f"{field.label.text} must be a Kenyan mobile, like 0712 345 678") from None


class SettingsForm(BaseForm):
    """The shop's details. What is left empty is as the server's settings have it; of the sum: no payment is held up."""

    name = StringField(
        "Name of the shop",
        [Length(max=60, message="Name of the shop must be 60 characters or fewer")],
        filters=[typed_line],
    )
    tagline = StringField(
        "One sentence about it",
        [Length(max=160, message="One sentence about it must be 160 characters or fewer")],
        filters=[typed_line],
    )
    phone = StringField("Phone number", filters=[typed_line])
    whatsapp = StringField("WhatsApp number", filters=[typed_line])
    email = StringField("E-mail address", filters=[typed_line])
    address = StringField(
        "Where people find it",
        [Length(max=250, message="Where people find it must be 250 characters or fewer")],
        filters=[typed_line],
    )
    about = TextAreaField(
        "About the shop",
        [Length(max=4000, message="About the shop must be 4,000 characters or fewer")],
        filters=[typed_text],
    )

    verification_threshold = WholeNumberField("Look at payments from", 1, MAX_SHILLINGS, money=True)

    def validate_phone(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling."""
        _phone(field)

    def validate_whatsapp(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling."""
        _phone(field)

    def validate_email(self, field: StringField) -> None:
        """An address that could exist: new paid orders are told to it."""
        try:
            field.data and normalised_email(field.data)
        except EmailNotValidError:
            raise ValidationError(BAD_EMAIL) from None

    def fill(self, row: StoreSettings) -> None:
        """Show what is set."""
        for name in TEXTS:
            self[name].data = getattr(row, name)
        self.verification_threshold.data = str(row.verification_threshold or "")
        self.phone.data, self.whatsapp.data = readable_phone(row.phone), readable_phone(row.whatsapp)

    def values(self) -> dict[str, str | int]:
        """The checked answers, as columns of StoreSettings."""
        typed = {name: self[name].data for name in TEXTS}
        numbers = {name: kenyan_mobile(typed[name]) for name in ("phone", "whatsapp") if typed[name]}
        email = normalised_email(typed["email"]) if typed["email"] else ""
        return {**typed, **numbers, "email": email, "verification_threshold": self.verification_threshold.number or 0}


@admin.route("/settings", methods=["GET", "POST"])
@may("owner")
def settings() -> str | tuple[str, int] | AnyResponse:
    """Name, contact, address and the about page."""
    if request.method == "GET":
        return kept_page([])
    form = SettingsForm()
    if not form.validate():
        return _page(form, form.problems), 422
    write(lambda: _save(form))
    clear_store_cache()
    flash("Saved. Every page says so within a few seconds", "good")
    return redirect(url_for("admin.settings"), 303)


def _save(form: SettingsForm) -> None:
    values, row = form.values(), store_settings_row()
    db.session.refresh(row, with_for_update=True)
    refuse_if_changed("settings", _shown(row), labels=form.labels())
    changed = [name for name in FIELDS if getattr(row, name) != values[name]]
    for name in changed:
        setattr(row, name, values[name])
    texts = [name for name in changed if name in TEXTS]
    if texts:
        audit(f"Changed the shop’s details: {', '.join(texts)}")
    if "verification_threshold" in changed:
        audit(f"Payments have to be seen {_from(row.verification_threshold)}")


def _from(sum_: int) -> str:
    return f"from {shillings(sum_)} before the goods leave" if sum_ else "no more before the goods leave"


def _as_it_comes() -> StoreSettings:
    """What holds before anything was saved."""
    return StoreSettings(**dict.fromkeys(TEXTS, ""), verification_threshold=DEFAULT_VERIFICATION_THRESHOLD)


def _shown(row: StoreSettings) -> dict[str, str]:
    form = SettingsForm(formdata=None)
    form.fill(row)
    return form.shown()


def kept_page(problems: list[tuple[str, str]]) -> str:
    """The page as the settings are now. `problems` are those of another form on it."""
    form = SettingsForm(formdata=None)
    form.fill(db.session.get(StoreSettings, ROW_ID) or _as_it_comes())
    return _page(form, problems)


def _page(form: SettingsForm, problems: list[tuple[str, str]]) -> str:
    ours: Settings = current_app.config["SETTINGS"]
    row = db.session.get(StoreSettings, ROW_ID) or _as_it_comes()
    return render_template(
        "admin/settings.html",
        form=form,
        shown=_shown(row),
        ours=ours,
        problems=problems,
        own_logo=bool(files_of(current_store().logo)),
        logo={"logo": row.logo or ""},
    )


LOGO: dict[str, Label] = {"logo": "The logo"}
takes("admin.set_logo", MAX_FILE_BYTES)


@admin.post("/settings/logo")
@may("owner")
def set_logo() -> tuple[str, int] | AnyResponse:
    """Take in a logo, in place of the one there was."""
    file = request.files.get("logo")
    if file is None or not (file.filename or file.stream.seek(0, 2)):
        return kept_page([("logo-file", "Choose a image for the logo")]), 422
    db.session.rollback()  # no transaction stays open while a image is decoded
    try:
        path = store_image(file)
    except ImageRefused as refused:
        return kept_page([("logo-file", f"The logo was not changed: {refused}")]), 422
    _show(path, "Changed the shop’s logo")
    flash("The logo is changed. Every page shows it within a few seconds", "good")
    return _back()


@admin.post("/settings/logo/remove")
@may("owner")
def remove_logo() -> AnyResponse:
    """Go back to the drawing a new shop has."""
    asked = ask_for_confirmation(
        "Remove the logo?",
        "Every page shows the drawing of a new shop instead. Your image is deleted.",
        button="Remove",
        back=url_for("admin.settings"),
    )
    if asked:
        return asked
    if _show("", "Removed the shop’s logo"):
        flash("The logo is removed", "good")
    else:
        flash("The logo was removed already", "problem")
    return _back()


def _show(path: str, words: str) -> str:
    """Make a image the logo; the path of the one before it, whose files the sweep deletes a day later."""

    def work() -> str:
        row = store_settings_row()
        db.session.refresh(row, with_for_update=True)
        if row.logo != path:
            refuse_if_changed("the logo", {"logo": row.logo}, labels=LOGO)
        before, row.logo = row.logo, path
        if before != path:
            audit(words)
        return before

    before = write(work)
    clear_store_cache()
    serving.touch(before)
    return before


def _back() -> AnyResponse:
    return redirect(url_for("admin.settings"), 303)
