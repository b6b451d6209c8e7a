"""The shop's settings and its logo."""

import re
from datetime import date

from email_validator import EmailNotValidError
from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField, TextAreaField
from wtforms.validators import Length, ValidationError

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.store.shop_images import LOGO, remove, use_uploaded
from shop.admin.upload_limits import allow_upload
from shop.catalog.images.paths import files_of
from shop.catalog.images.processing import MAX_FILE_BYTES, ImageRefused
from shop.checkout.forms import BAD_EMAIL
from shop.config import Settings
from shop.core.database import db, write
from shop.core.money import shillings
from shop.core.phones import PhoneError, kenyan_mobile, readable_phone
from shop.core.text import normalised_email, typed_line, typed_text
from shop.store.settings import (
    DEFAULT_VERIFICATION_THRESHOLD,
    ROW_ID,
    SOCIAL,
    StoreSettings,
    clear_store_cache,
    current_store,
    store_settings_row,
)
from shop.web.base_form import BaseForm
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import refuse_if_changed
from shop.web.form_fields import MAX_SHILLINGS, DayField, DaysField, WholeNumberField

SOCIAL_FIELDS = tuple(name.lower() for name in SOCIAL)
TEXTS = (
    *("name", "tagline", "phone", "whatsapp", "email", "address", "about"),
    *("announcement", "hours", "kra_pin", *SOCIAL_FIELDS),
)
FIELDS = (*TEXTS, "closed_until", "closed_days", "verification_threshold")
MAX_CLOSED_DAYS = 100


def _phone(field: StringField) -> None:
    try:
        field.data and kenyan_mobile(field.data)
    except PhoneError:
        raise ValidationError(f"{field.label.text} must be a Kenyan mobile, like 0712 345 678") from None


def web_address(_form: BaseForm, field: StringField) -> None:
    """Require a full address of a web page, at most 160 characters."""
    if field.data and (not field.data.startswith("https://") or len(field.data) > 160 or " " in field.data):
        raise ValidationError(
            f"{field.label.text} must be the full address of your page, like https://example.com/shop"
        )


class SettingsForm(BaseForm):
    """The shop's settings. An empty text uses the server's setting; an empty threshold verifies no payment."""

    name = StringField(
        "Shop name",
        [Length(max=60, message="Shop name must be 60 characters or fewer")],
        filters=[typed_line],
    )
    tagline = StringField(
        "Tagline",
        [Length(max=160, message="Tagline must be 160 characters or fewer")],
        filters=[typed_line],
    )
    phone = StringField("Phone number", filters=[typed_line])
    whatsapp = StringField("WhatsApp number", filters=[typed_line])
    email = StringField("Email address", filters=[typed_line])
    address = StringField(
        "Address",
        [Length(max=250, message="Address must be 250 characters or fewer")],
        filters=[typed_line],
    )
    about = TextAreaField(
        "About the shop",
        [Length(max=4000, message="About the shop must be 4,000 characters or fewer")],
        filters=[typed_text],
    )

    announcement = StringField(
        "Announcement",
        [Length(max=160, message="Announcement must be 160 characters or fewer")],
        filters=[typed_line],
    )
    closed_until = DayField("Closed until")
    closed_days = DaysField("Closed days", MAX_CLOSED_DAYS)
    hours = StringField(
        "Opening hours",
        [Length(max=160, message="Opening hours must be 160 characters or fewer")],
        filters=[typed_line],
    )
    kra_pin = StringField("KRA PIN", filters=[typed_line])
    facebook = StringField("Facebook", [web_address], filters=[typed_line])
    instagram = StringField("Instagram", [web_address], filters=[typed_line])
    tiktok = StringField("TikTok", [web_address], filters=[typed_line])

    verification_threshold = WholeNumberField("Verify payments from", 1, MAX_SHILLINGS, money=True)

    def validate_kra_pin(self, field: StringField) -> None:
        """A letter, nine digits and a letter, as on the certificate."""
        if field.data and not re.fullmatch(r"[A-Za-z][0-9]{9}[A-Za-z]", field.data):
            raise ValidationError("KRA PIN must be a letter, nine digits and a letter, like A012345678B")

    def validate_phone(self, field: StringField) -> None:
        _phone(field)

    def validate_whatsapp(self, field: StringField) -> None:
        _phone(field)

    def validate_email(self, field: StringField) -> None:
        try:
            field.data and normalised_email(field.data)
        except EmailNotValidError:
            raise ValidationError(BAD_EMAIL) from None

    def fill(self, row: StoreSettings) -> None:
        """Fill in the form from the saved settings."""
        for name in TEXTS:
            self[name].data = getattr(row, name)
        self.closed_until.data = row.closed_until.isoformat() if row.closed_until else ""
        self.closed_days.fill(map(date.fromisoformat, row.closed_days.split()))
        self.verification_threshold.data = str(row.verification_threshold or "")
        self.phone.data, self.whatsapp.data = readable_phone(row.phone), readable_phone(row.whatsapp)

    def values(self) -> dict[str, str | int | date | None]:
        """The checked answers, as columns of StoreSettings."""
        typed = {name: self[name].data for name in TEXTS}
        numbers = {name: kenyan_mobile(typed[name]) for name in ("phone", "whatsapp") if typed[name]}
        email = normalised_email(typed["email"]) if typed["email"] else ""
        more = {
            "closed_until": self.closed_until.day,
            "closed_days": " ".join(day.isoformat() for day in self.closed_days.days),
            "verification_threshold": self.verification_threshold.number or 0,
        }
        return {**typed, **numbers, "email": email, "kra_pin": typed["kra_pin"].upper(), **more}


@admin.route("/settings", methods=["GET", "POST"])
@may("owner")
def settings() -> str | tuple[str, int] | AnyResponse:
    """Name, contact, address and the about page."""
    if request.method == "GET":
        return settings_page([])
    form = SettingsForm()
    if not form.validate():
        return _page(form, form.problems), 422
    write(lambda: _save(form))
    clear_store_cache()
    flash("Saved. Every page shows it within a few seconds", "good")
    return redirect(url_for("admin.settings"), 303)


def _save(form: SettingsForm) -> None:
    values, row = form.values(), store_settings_row()
    db.session.refresh(row, with_for_update=True)
    refuse_if_changed("settings", SettingsForm.shown_of(row), labels=form.labels())
    changed = [name for name in FIELDS if getattr(row, name) != values[name]]
    for name in changed:
        setattr(row, name, values[name])
    texts = [name.replace("_", " ") for name in changed if name != "verification_threshold"]
    if texts:
        audit(f"Changed the settings: {', '.join(texts)}")
    if "verification_threshold" in changed:
        audit(_threshold_words(row.verification_threshold))


def _threshold_words(amount: int) -> str:
    return f"Payments from {shillings(amount)} need verification" if amount else "Payments need no verification"


def _defaults() -> StoreSettings:
    """The settings before any were saved."""
    return StoreSettings(
        **dict.fromkeys((*TEXTS, "closed_days"), ""), verification_threshold=DEFAULT_VERIFICATION_THRESHOLD
    )


def settings_page(problems: list[tuple[str, str]]) -> str:
    """The page with the saved settings. `problems` are those of the logo form."""
    form = SettingsForm(formdata=None)
    form.fill(db.session.get(StoreSettings, ROW_ID) or _defaults())
    return _page(form, problems)


def _page(form: SettingsForm, problems: list[tuple[str, str]]) -> str:
    server: Settings = current_app.config["SETTINGS"]
    row = db.session.get(StoreSettings, ROW_ID) or _defaults()
    return render_template(
        "admin/settings.html",
        form=form,
        shown=SettingsForm.shown_of(row),
        server=server,
        problems=problems,
        own_logo=bool(files_of(current_store().logo)),
        logo=row.logo or "",
    )


allow_upload("admin.set_logo", MAX_FILE_BYTES)


@admin.post("/settings/logo")
@may("owner")
def set_logo() -> tuple[str, int] | AnyResponse:
    """Replace the logo."""
    try:
        use_uploaded(LOGO)
    except ImageRefused as refused:
        return settings_page([(LOGO.file_field, str(refused))]), 422
    flash("The logo is changed. Every page shows it within a few seconds", "good")
    return redirect(url_for("admin.settings"), 303)


@admin.post("/settings/logo/remove")
@may("owner")
def remove_logo() -> AnyResponse:
    """Remove the logo; pages show the default one."""
    if question := ask_for_confirmation(
        "Remove the logo?",
        "Every page shows the default logo instead. Your image is deleted.",
        button="Remove",
        back=url_for("admin.settings"),
    ):
        return question
    flash(*(("The logo is removed", "good") if remove(LOGO) else ("The logo was removed already", "problem")))
    return redirect(url_for("admin.settings"), 303)
