"""Where we deliver and for how much, and where orders are picked up."""

import re
import secrets
from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy import select, update
from werkzeug.wrappers import Response as AnyResponse
from wtforms import RadioField, StringField
from wtforms.validators import DataRequired, Length, ValidationError

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.core.database import db, updated, write
from shop.core.money import shillings
from shop.core.text import typed_line
from shop.pricing.models import DeliveryArea
from shop.store.settings import clear_store_cache
from shop.web.base_form import BaseForm
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import Label, refuse_if_changed
from shop.web.form_fields import WholeNumberField, row_id
from shop.web.idempotency import make_once

MOST_FEE = 100_000
ORDER: dict[str, Label] = {"order": "The order of the areas"}
KINDS = {"brought": "We bring it", "pickup": "They pick it up"}
LAST_ONE = "One way to get the goods must stay on: switch another area on first"


class AreaForm(BaseForm):
    """An area we bring orders to, or a point where they are picked up."""

    kind = RadioField("How buyers get their order", default="brought", validate_choice=False)
    name = StringField(
        "Name",
        [DataRequired("Enter a name"), Length(max=80, message="Name must be 80 characters or fewer")],
        filters=[typed_line],
    )
    fee = WholeNumberField("Fee", 0, MOST_FEE, needed=True, money=True)
    delivery_time = StringField(
        "How long it takes",
        [
            DataRequired("Enter how long it takes, like 1 to 2 days"),
            Length(max=40, message="How long it takes must be 40 characters or fewer"),
        ],
        filters=[typed_line],
    )
    place = StringField(
        "Address of the pickup point",
        [Length(max=200, message="Address must be 200 characters or fewer")],
        filters=[typed_line],
    )
    hours = StringField(
        "Opening hours", [Length(max=80, message="Opening hours must be 80 characters or fewer")], filters=[typed_line]
    )

    def validate_kind(self, field: RadioField) -> None:
        """One of the two."""
        if field.data not in ("brought", "pickup"):
            raise ValidationError("Choose whether you bring it or they pick it up")

    def validate_place(self, field: StringField) -> None:
        """Nobody finds a pickup point without it."""
        if self.kind.data == "pickup" and not field.data:
            raise ValidationError("Enter where it is picked up, like a street, building or landmark")

    def fill(self, area: DeliveryArea) -> None:
        """Show an area as it is."""
        self.kind.data = "pickup" if area.pickup else "brought"
        self.name.data, self.fee.data, self.delivery_time.data = area.name, str(area.fee), area.delivery_time
        self.place.data, self.hours.data = area.place, area.hours

    def put_into(self, area: DeliveryArea) -> None:
        """The checked answers. What does not belong to the kind is left out."""
        area.pickup = self.kind.data == "pickup"
        area.name, area.fee, area.delivery_time = self.name.data, self.fee.number or 0, self.delivery_time.data
        area.place = self.place.data if area.pickup else ""
        area.hours = self.hours.data if area.pickup else ""


@admin.get("/selling/areas")
@may("owner")
def selling_areas() -> str:
    """All areas, in the order buyers see them."""
    areas = db.session.scalars(select(DeliveryArea).order_by(DeliveryArea.position, DeliveryArea.id)).all()
    return render_template("admin/sales/delivery_areas.html", areas=areas, order=_order(areas))


@admin.route("/selling/areas/new", methods=["GET", "POST"])
@may("owner")
def selling_area_new() -> str | tuple[str, int] | AnyResponse:
    """Add an area, at the end of the list."""
    form = AreaForm()
    if not form.is_submitted():
        return _form_page(form, None)
    if not form.validate():
        return _form_page(form, None), 422
    made = make_once(lambda: _add(form))
    return _done(f"{form.name.data} is added" if made.first else "")


@admin.route("/selling/areas/<area_id>", methods=["GET", "POST"])
@may("owner")
def selling_area(area_id: str) -> str | tuple[str, int] | AnyResponse:
    """Change an area. Orders keep the name, fee and place they were placed with."""
    area = _area(area_id)
    form = AreaForm()
    if not form.is_submitted():
        form.fill(area)
        return _form_page(form, area)
    if not form.validate():
        return _form_page(form, area), 422
    write(lambda: _change(row_id(area_id), form))
    return _done(f"{form.name.data} is changed")


@admin.post("/selling/areas/<area_id>/<act>")
@may("owner")
def selling_area_act(area_id: str, act: str) -> AnyResponse:
    """Switch an area on or off, or move it one place up."""
    name = _area(area_id).name
    if act == "off":
        asked = ask_for_confirmation(
            f"Switch {name} off?",
            "Buyers can no longer choose it. Orders placed for it stay as they are. You can switch it on again.",
            button="Switch off",
            back=url_for("admin.selling_areas"),
        )
        if asked:
            return asked
        if not write(lambda: _switch_off(row_id(area_id))):
            flash(LAST_ONE, "problem")
            return redirect(url_for("admin.selling_areas"), 303)
        return _done(f"{name} is off: it is no longer offered. Orders placed for it stay as they are")
    if act == "on":
        write(lambda: _switch_on(row_id(area_id)))
        return _done(f"{name} is on")
    if act == "up":
        write(lambda: _move_up(row_id(area_id)))
        return _done(f"{name} is one place up")
    abort(404)


def _area(area_id: str) -> DeliveryArea:
    return db.session.get(DeliveryArea, row_id(area_id)) or abort(404)


def _locked() -> list[DeliveryArea]:
    """All areas, so that nobody else changes any of them until this transaction ends; in one order, as all do."""
    every = db.session.scalars(select(DeliveryArea).order_by(DeliveryArea.id).with_for_update()).all()
    return sorted(every, key=lambda area: (area.position, area.id))


def _add(form: AreaForm) -> str:
    areas = _locked()
    slug = re.sub("[^a-z0-9]+", "-", form.name.data.lower()).strip("-")[:30] or "area"
    area = DeliveryArea(code=f"{slug}-{secrets.token_hex(3)}", position=len(areas), active=True)
    form.put_into(area)
    for position, other in enumerate(areas):
        other.position = position
    db.session.add(area)
    audit(f"Added {_in_words(area)}")
    return url_for("admin.selling_areas")


def _change(area_id: int, form: AreaForm) -> None:
    area = db.session.get_one(DeliveryArea, area_id, with_for_update=True)
    labels: dict[str, Label] = {**form.labels(), "kind": (form.kind.label.text, KINDS)}
    refuse_if_changed(f"area {area_id}", _shown(area), labels=labels)
    before = _in_words(area)
    form.put_into(area)
    audit(f"Changed {before} to {_in_words(area)}")


def _switch_off(area_id: int) -> bool:
    areas = _locked()
    if not any(area.active for area in areas if area.id != area_id):
        return False
    off = update(DeliveryArea).where(DeliveryArea.id == area_id, DeliveryArea.active)
    if updated(off.values(active=False)):
        audit(f"Switched off {next(area.name for area in areas if area.id == area_id)}")
    return True


def _switch_on(area_id: int) -> None:
    on = update(DeliveryArea).where(DeliveryArea.id == area_id, DeliveryArea.active.is_(False))
    if updated(on.values(active=True)):
        audit(f"Switched on {db.session.get_one(DeliveryArea, area_id).name}")


def _move_up(area_id: int) -> None:
    areas = _locked()
    refuse_if_changed("the order of areas", _order(areas), labels=ORDER)
    here = next(place for place, area in enumerate(areas) if area.id == area_id)
    if here:
        areas[here - 1], areas[here] = areas[here], areas[here - 1]
    for position, area in enumerate(areas):
        area.position = position
    audit(f"Moved {next(area.name for area in areas if area.id == area_id)} one place up")


def _shown(area: DeliveryArea) -> dict[str, str]:
    form = AreaForm(formdata=None)
    form.fill(area)
    return form.shown()


def _order(areas: Sequence[DeliveryArea]) -> dict[str, str]:
    """What a page shows of the order of all areas."""
    return {"order": ", ".join(area.name for area in areas)}


def _in_words(area: DeliveryArea) -> str:
    kind = "pickup point" if area.pickup else "delivery area"
    return f"{kind} {area.name} ({shillings(area.fee)}, {area.note})"


def _done(words: str) -> AnyResponse:
    clear_store_cache()  # pages say the lowest fee
    if words:
        flash(words, "good")
    return redirect(url_for("admin.selling_areas"), 303)


def _form_page(form: AreaForm, area: DeliveryArea | None) -> str:
    shown = _shown(area) if area else None
    return render_template(
        "admin/sales/delivery_area.html", form=form, area=area, kinds=KINDS, shown=shown, problems=form.problems
    )
