"""Delivery areas with their fees, and pickup points."""

import re
import secrets
from collections.abc import Sequence

from flask import abort, flash, redirect, render_template, url_for
from sqlalchemy import select, update
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.sales.delivery_area_form import KINDS, AreaForm, calendar_words
from shop.core.database import db, updated, write
from shop.core.money import shillings
from shop.pricing.models import DeliveryArea
from shop.store.settings import clear_store_cache
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import Label, refuse_if_changed
from shop.web.form_fields import row_id
from shop.web.idempotency import make_once

ORDER: dict[str, Label] = {"order": "The order of the areas"}
LAST_ACTIVE = "At least one area or pickup point must be on: switch another one on first"


@admin.get("/delivery-areas")
@may("owner")
def delivery_areas() -> str:
    """All areas, in the order that buyers see."""
    areas = db.session.scalars(select(DeliveryArea).order_by(DeliveryArea.position, DeliveryArea.id)).all()
    return render_template("admin/sales/delivery_areas.html", areas=areas, order=_order(areas))


@admin.route("/delivery-areas/new", methods=["GET", "POST"])
@may("owner")
def delivery_area_new() -> str | tuple[str, int] | AnyResponse:
    """Add an area, at the end of the list."""
    form = AreaForm()
    if not form.is_submitted():
        return _form_page(form, None)
    if not form.validate():
        return _form_page(form, None), 422
    made = make_once(lambda: _add(form))
    return _done(f"{form.name.data} is added" if made.first else "")


@admin.route("/delivery-areas/<area_id>", methods=["GET", "POST"])
@may("owner")
def delivery_area(area_id: str) -> str | tuple[str, int] | AnyResponse:
    """Change an area. Existing orders keep its former name, fee and address."""
    area = _area(area_id)
    form = AreaForm()
    if not form.is_submitted():
        form.fill(area)
        return _form_page(form, area)
    if not form.validate():
        return _form_page(form, area), 422
    write(lambda: _change(row_id(area_id), form))
    return _done(f"{form.name.data} is changed")


@admin.post("/delivery-areas/<area_id>/<act>")
@may("owner")
def delivery_area_act(area_id: str, act: str) -> AnyResponse:
    """Switch an area on or off, or move it up."""
    name = _area(area_id).name
    if act == "off":
        if question := ask_for_confirmation(
            f"Switch {name} off?",
            "Buyers can no longer choose it. Existing orders do not change. You can switch it on again.",
            button="Switch off",
            back=url_for("admin.delivery_areas"),
        ):
            return question
        if not write(lambda: _switch_off(row_id(area_id))):
            flash(LAST_ACTIVE, "problem")
            return redirect(url_for("admin.delivery_areas"), 303)
        return _done(f"{name} is off: buyers can no longer choose it. Existing orders do not change")
    if act == "on":
        write(lambda: _switch_on(row_id(area_id)))
        return _done(f"{name} is on")
    if act == "up":
        write(lambda: _move_up(row_id(area_id)))
        return _done(f"{name} is moved up")
    abort(404)


def _area(area_id: str) -> DeliveryArea:
    return db.session.get(DeliveryArea, row_id(area_id)) or abort(404)


def _locked() -> list[DeliveryArea]:
    """Lock all areas until the transaction ends, always in the order of their ids. Returns them by position."""
    areas = db.session.scalars(select(DeliveryArea).order_by(DeliveryArea.id).with_for_update()).all()
    return sorted(areas, key=lambda area: (area.position, area.id))


def _add(form: AreaForm) -> str:
    areas = _locked()
    slug = re.sub("[^a-z0-9]+", "-", form.name.data.lower()).strip("-")[:30] or "area"
    area = DeliveryArea(code=f"{slug}-{secrets.token_hex(3)}", position=len(areas), active=True)
    form.save_to(area)
    for position, other in enumerate(areas):
        other.position = position
    db.session.add(area)
    audit(f"Added {_describe(area)}")
    return url_for("admin.delivery_areas")


def _change(area_id: int, form: AreaForm) -> None:
    area = db.session.get_one(DeliveryArea, area_id, with_for_update=True)
    labels: dict[str, Label] = {**form.labels(), "kind": (form.kind.label.text, KINDS)}
    refuse_if_changed(f"area {area_id}", AreaForm.shown_of(area), labels=labels)
    before = _describe(area)
    form.save_to(area)
    area.demo = False
    audit(f"Changed {before} to {_describe(area)}")


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
    audit(f"Moved {next(area.name for area in areas if area.id == area_id)} up")


def _order(areas: Sequence[DeliveryArea]) -> dict[str, str]:
    """The order of all areas, for the fingerprint."""
    return {"order": ", ".join(area.name for area in areas)}


def _describe(area: DeliveryArea) -> str:
    kind = "pickup point" if area.pickup else "delivery area"
    free = f"free from {shillings(area.free_from)}" if area.free_from else ""
    details = (shillings(area.fee), free, area.delivery_time, calendar_words(area.calendar), area.pickup_place)
    return f"{kind} {area.name} ({', '.join(filter(None, details))})"


def _done(words: str) -> AnyResponse:
    clear_store_cache()  # pages show the lowest fee
    if words:
        flash(words, "good")
    return redirect(url_for("admin.delivery_areas"), 303)


def _form_page(form: AreaForm, area: DeliveryArea | None) -> str:
    shown = AreaForm.shown_of(area) if area else None
    return render_template(
        "admin/sales/delivery_area.html", form=form, area=area, kinds=KINDS, shown=shown, problems=form.problems
    )
