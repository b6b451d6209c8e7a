"""What the shop says of itself on every page and in every mail."""

from email_validator import EmailNotValidError
from flask import current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField, TextAreaField
from wtforms.validators import Length, ValidationError

from shop.admin.acts import acted
from shop.admin.frame import admin, may
from shop.admin.selling.asking import MOST_SHILLINGS, WholeNumber
from shop.catalog.pictures import files_of
from shop.checkout.forms import BAD_EMAIL, mail_address, one_line, tidy_note
from shop.config import Settings
from shop.database import db, write
from shop.details import LOOK_FROM, ONE, ShopDetails, details, details_row, forget_details
from shop.fingerprints import refuse_if_changed
from shop.money import shillings
from shop.phones import PhoneError, kenyan_mobile, readable_phone
from shop.typed import TypedForm

TEXTS = ("name", "tagline", "phone", "whatsapp", "email", "address", "about")
FIELDS = (*TEXTS, "look_from")


def _phone(field: StringField) -> None:
    try:
        field.data and kenyan_mobile(field.data)
    except PhoneError:
        raise ValidationError(f"{field.label.text} must be a Kenyan mobile, like 0712 345 678") from None


class SettingsForm(TypedForm):
    """The shop's details. What is left empty is as the server's settings have it; of the sum: no payment is held up."""

    name = StringField(
        "Name of the shop",
        [Length(max=60, message="Name of the shop must be 60 characters or fewer")],
        filters=[one_line],
    )
    tagline = StringField(
        "One sentence about it",
        [Length(max=160, message="One sentence about it must be 160 characters or fewer")],
        filters=[one_line],
    )
    phone = StringField("Phone number", filters=[one_line])
    whatsapp = StringField("WhatsApp number", filters=[one_line])
    email = StringField("E-mail address", filters=[one_line])
    address = StringField(
        "Where people find it",
        [Length(max=250, message="Where people find it must be 250 characters or fewer")],
        filters=[one_line],
    )
    about = TextAreaField(
        "About the shop",
        [Length(max=4000, message="About the shop must be 4,000 characters or fewer")],
        filters=[tidy_note],
    )

    look_from = WholeNumber("Look at payments from", 1, MOST_SHILLINGS, money=True)

    def validate_phone(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling."""
        _phone(field)

    def validate_whatsapp(self, field: StringField) -> None:
        """A Kenyan mobile in any spelling."""
        _phone(field)

    def validate_email(self, field: StringField) -> None:
        """An address that could exist: new paid orders are told to it."""
        try:
            field.data and mail_address(field.data)
        except EmailNotValidError:
            raise ValidationError(BAD_EMAIL) from None

    def fill(self, row: ShopDetails) -> None:
        """Show what is set."""
        for name in TEXTS:
            self[name].data = getattr(row, name)
        self.look_from.data = str(row.look_from or "")
        self.phone.data, self.whatsapp.data = readable_phone(row.phone), readable_phone(row.whatsapp)

    def values(self) -> dict[str, str | int]:
        """The checked answers, as columns of ShopDetails."""
        typed = {name: self[name].data for name in TEXTS}
        numbers = {name: kenyan_mobile(typed[name]) for name in ("phone", "whatsapp") if typed[name]}
        email = mail_address(typed["email"]) if typed["email"] else ""
        return {**typed, **numbers, "email": email, "look_from": self.look_from.number or 0}


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
    forget_details()
    flash("Saved. Every page says so within a few seconds", "good")
    return redirect(url_for("admin.settings"), 303)


def _save(form: SettingsForm) -> None:
    values, row = form.values(), details_row()
    db.session.refresh(row, with_for_update=True)
    refuse_if_changed("settings", _shown(row), labels=form.labels())
    changed = [name for name in FIELDS if getattr(row, name) != values[name]]
    for name in changed:
        setattr(row, name, values[name])
    texts = [name for name in changed if name in TEXTS]
    if texts:
        acted(f"Changed the shop’s details: {', '.join(texts)}")
    if "look_from" in changed:
        acted(f"Payments have to be seen {_from(row.look_from)}")


def _from(sum_: int) -> str:
    return f"from {shillings(sum_)} before the goods leave" if sum_ else "no more before the goods leave"


def _as_it_comes() -> ShopDetails:
    """What holds before anything was saved."""
    return ShopDetails(**dict.fromkeys(TEXTS, ""), look_from=LOOK_FROM)


def _shown(row: ShopDetails) -> dict[str, str]:
    form = SettingsForm(formdata=None)
    form.fill(row)
    return form.shown()


def kept_page(problems: list[tuple[str, str]]) -> str:
    """The page as the settings are now. `problems` are those of another form on it."""
    form = SettingsForm(formdata=None)
    form.fill(db.session.get(ShopDetails, ONE) or _as_it_comes())
    return _page(form, problems)


def _page(form: SettingsForm, problems: list[tuple[str, str]]) -> str:
    ours: Settings = current_app.config["SETTINGS"]
    row = db.session.get(ShopDetails, ONE) or _as_it_comes()
    return render_template(
        "admin/selling/settings.html",
        form=form,
        shown=_shown(row),
        ours=ours,
        problems=problems,
        own_logo=bool(files_of(details().logo)),
        logo={"logo": row.logo or ""},
    )
