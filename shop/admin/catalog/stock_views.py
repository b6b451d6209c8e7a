"""The stock of one SKU: its ledger, and the form for pieces that were received, returned, damaged or counted."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response as AnyResponse
from wtforms import HiddenField, RadioField
from wtforms.validators import ValidationError

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, has_role, may
from shop.admin.catalog.fields import form_page, refuse
from shop.catalog.back_in_stock import phone_told, waiting_by_variant, waiting_phones
from shop.catalog.models import StockEntry, Variant
from shop.catalog.stock import MAX_STOCK, HeldByOrders, NotEnoughStock, StockTooHigh, change_stock, set_stock
from shop.config import Settings
from shop.core.database import db, write
from shop.core.phones import whatsapp_link
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments.manual_payments import cancel_orders_without_stock, orders_without_stock
from shop.web.base_form import BaseForm, ViewResponse
from shop.web.fingerprints import UNKNOWN, Change, posted_fingerprint, stale_form
from shop.web.form_fields import WholeNumberField, text_line
from shop.web.pagination import Page, page_arg, paginate

PER_PAGE = 25
MAX_NOTE_LENGTH = 120  # characters
MAX_CANCELLED = 200  # orders, with one change of stock
KINDS = {  # kind: (words of the ledger, 1 adds the pieces, -1 takes them away, 0 sets their number)
    "received": ("Received", 1),
    "returned": ("Returned by a buyer", 1),
    "damaged": ("Damaged or lost", -1),
    "counted": ("Stock count", 0),
}


@dataclass(frozen=True)
class Line:
    """A line of the ledger: `on_hand` and `held` are changes, `then` and `then_held` the numbers after it."""

    at: datetime
    reason: str
    on_hand: int
    held: int
    then: int
    then_held: int
    order: str | None
    actor: str


@dataclass(frozen=True)
class Ledger(Page):
    """One page of a SKU's ledger, newest first."""

    lines: list[Line]


class StockChangeForm(BaseForm):
    """What happened to a stock."""

    kind = RadioField("What happened?", validate_choice=False)
    note = text_line("The note", MAX_NOTE_LENGTH, required=False)

    def validate_kind(self, field: RadioField) -> None:
        """It must be one of KINDS."""
        if field.data not in KINDS:
            raise ValidationError("Choose what happened")


class StockForm(StockChangeForm):
    """A change of the stock of one SKU."""

    pieces = WholeNumberField("Pieces", 0, MAX_STOCK, needed=True)
    idempotency_key = HiddenField()

    def __init__(self) -> None:
        super().__init__()
        self.pieces.least = 0 if self.kind.data == "counted" else 1

    @property
    def checked_key(self) -> str | None:
        """The form's key; None when it is not one of ours."""
        typed = self.idempotency_key.data or ""
        return typed if re.fullmatch(r"[A-Za-z0-9_-]{16,32}", typed) else None


@admin.get("/stock/<sku>")
@may("staff")
def stock(sku: str) -> ViewResponse:
    """How many there are of a SKU, and why."""
    return _page(_variant(sku), StockForm())


@admin.post("/stock/<sku>")
@may("staff")
def stock_change(sku: str) -> ViewResponse:
    """Record a change of a SKU's stock."""
    variant, form = _variant(sku), StockForm()
    if not form.validate():
        return _page(variant, form)
    name = f"{variant.product.name} ({variant.label})" if variant.label else variant.product.name
    unsupplied: Sequence[Order] = ()
    try:
        left = write(lambda: _change(sku, name, form, _to_cancel()))
        flash(f"Saved. {sku} has {left:,} here now", "good")
    except NotEnoughStock as few:
        here = f"Only {few.on_hand:,} {'are' if few.on_hand != 1 else 'is'} here" if few.on_hand else "None are here"
        refuse(form, "pieces", f"{here}, so no more can be taken away")
    except HeldByOrders as short:
        refuse(form, "pieces", f"Unpaid orders hold {short.held} of these. See below which cannot be supplied")
        unsupplied = orders_without_stock(sku, short.left)
    except StockTooHigh as full:
        refuse(form, "pieces", f"There are {full.on_hand:,} already; the shop counts up to {MAX_STOCK:,}")
    except StaleState:
        flash(
            "Nothing was saved: one of these orders changed while you were looking at it. Reload and try again",
            "problem",
        )
    except IntegrityError:
        flash("That was saved already; it counts once", "good")
    if form.problems:
        return _page(_variant(sku), form, unsupplied)
    return redirect(url_for("admin.stock", sku=sku), 303)


@admin.post("/stock/<sku>/told")
@may("staff")
def stock_told(sku: str) -> AnyResponse:
    """Delete the phone number of a buyer whom the user has told that the variant is back."""
    variant, phone = _variant(sku), request.form.get("phone", "")[:12]
    if write(lambda: _told(variant, phone)):
        flash("Told. The number is deleted", "good")
    else:
        flash("This number was deleted already", "problem")
    return redirect(url_for("admin.stock", sku=sku, _anchor="waiting"), 303)


def _told(variant: Variant, phone: str) -> bool:
    told = phone_told(variant.id, phone)
    if told:
        audit(f"Told a buyer that {variant.sku} is back")
    return told


def waiting_buyers(variant: Variant) -> dict[str, Any]:
    """Who waits for a variant: the numbers of emails and phones, and the phones with a link to write to each."""
    emails, phones = waiting_by_variant([variant.id]).get(variant.id, (0, 0))
    settings: Settings = current_app.config["SETTINGS"]
    link = f"{settings.shop_url}{url_for('catalog.product', slug=variant.product.slug)}"
    text = render_template("whatsapp/back_in_stock.txt", variant=variant, link=link).strip() if phones else ""
    numbers = waiting_phones(variant.id) if phones else ()
    return {"emails": emails, "phones": phones, "links": [(one, whatsapp_link(text, one)) for one in numbers]}


def ledger_of(sku: str, number: int) -> Ledger:
    """A page of a SKU's ledger. A page past the last one is the last one."""
    mine = StockEntry.sku == sku
    count = db.session.scalar(select(func.count()).select_from(StockEntry).where(mine)) or 0
    here = paginate(number, count, PER_PAGE)
    query = select(StockEntry, Order.number).outerjoin(Order, Order.id == StockEntry.order_id).where(mine)
    rows = db.session.execute(query.order_by(StockEntry.id.desc()).limit(PER_PAGE).offset(here.start)).all()
    return Ledger(here.number, count, PER_PAGE, list(_lines(sku, rows)))


def _lines(sku: str, rows: Any) -> list[Line]:
    if not rows:
        return []
    until = select(func.sum(StockEntry.on_hand), func.sum(StockEntry.held))
    there, held = db.session.execute(until.where(StockEntry.sku == sku, StockEntry.id <= rows[0][0].id)).one()
    lines = []
    for move, order in rows:
        lines.append(Line(move.at, move.reason, move.on_hand, move.held, int(there), int(held), order, move.actor))
        there, held = there - move.on_hand, held - move.held
    return lines


def _to_cancel() -> list[str]:
    """The numbers of the orders that an owner cancels with this change."""
    return request.form.getlist("cancel")[:MAX_CANCELLED] if has_role("owner") else []


def _change(sku: str, name: str, form: StockForm, cancel: list[str]) -> int:
    """Change the stock; return how many pieces are there now."""
    words, way = KINDS[form.kind.data]
    key, pieces, note = form.checked_key, form.pieces.number or 0, form.note.data
    sent_before = key and db.session.scalar(select(StockEntry.id).where(StockEntry.idempotency_key == key))
    if not way and not sent_before:
        _refuse_if_moved(sku)
    reason, who = f"{words}: {note}" if note else words, current_user_name()
    if cancel:
        here = db.session.scalar(select(Variant.on_hand).where(Variant.sku == sku)) or 0
        for order in cancel_orders_without_stock(sku, here + way * pieces if way else pieces, cancel):
            audit(f"Cancelled the unpaid order: it cannot be supplied ({sku}, {reason})", order)
    if way:
        change_stock(sku, way * pieces, reason, who, key)
    else:
        set_stock(sku, pieces, reason, who, key)
    left = db.session.scalar(select(Variant.on_hand).where(Variant.sku == sku)) or 0
    audit(f"Stock of {name}, {sku}: {reason}, {pieces:,} {'piece' if pieces == 1 else 'pieces'}; {left:,} here now")
    return left


def _shown(sku: str, on_hand: int) -> dict[str, str]:
    """What a page shows of a stock: the number, and the id of the newest line of the ledger."""
    last = db.session.scalar(select(func.max(StockEntry.id)).where(StockEntry.sku == sku))
    return {"on_hand": str(on_hand), "last": str(last or 0)}


def _refuse_if_moved(sku: str) -> None:
    """Raise StaleForm if the stock changed after the page was opened: a count would undo what was sold since."""
    here = db.session.scalars(select(Variant.on_hand).where(Variant.sku == sku).with_for_update()).one()
    seen, now = posted_fingerprint(f"stock {sku}"), _shown(sku, here)
    last = (seen or {}).get("last", "")
    if seen is None or not re.fullmatch("[0-9]{1,18}", last):
        raise stale_form(f"stock {sku}", now, [], UNKNOWN)
    since = select(StockEntry.on_hand, StockEntry.order_id).where(StockEntry.sku == sku, StockEntry.id > int(last))
    moves = db.session.execute(since.where(StockEntry.on_hand != 0)).all()
    if not moves and seen.get("on_hand") == str(here):
        return
    sold = -sum(pieces for pieces, order_id in moves if order_id is not None)
    others = sum(pieces for pieces, order_id in moves if order_id is None)
    words = [f"{sold:,} {'was' if sold == 1 else 'were'} sold"] if sold > 0 else []
    words += [f"{abs(others):,} {'came' if others > 0 else 'left'} by other changes"] if others else []
    what = " and ".join(words) or "It was changed"
    change = Change("pieces", f"{what} since you opened this page: {here:,} here now")
    raise stale_form(f"stock {sku}", now, [change])


def _variant(sku: str) -> Variant:
    query = select(Variant).where(Variant.sku == sku).options(joinedload(Variant.product))
    return db.session.scalar(query) or abort(404)


def _page(variant: Variant, form: StockForm, unsupplied: Sequence[Order] = ()) -> ViewResponse:
    return form_page(
        "stock",
        form,
        variant=variant,
        waiting=waiting_buyers(variant),
        ledger=ledger_of(variant.sku, page_arg(request.args.get("page", ""))),
        kinds=KINDS,
        unsupplied=unsupplied,
        can_cancel=all(order.payment == Payment.AWAITING for order in unsupplied),
        idempotency_key=form.idempotency_key.data or secrets.token_urlsafe(18),
        shown=_shown(variant.sku, variant.on_hand),
        link_to_page=lambda number: url_for("admin.stock", sku=variant.sku, page=number),
    )
