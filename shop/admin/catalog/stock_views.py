"""The stock of one SKU: every change of it, and what has arrived, broken, come back or been counted."""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, has_role, may
from shop.admin.catalog.answers import Answers
from shop.catalog.models import StockEntry, Variant
from shop.catalog.stock import MAX_STOCK, HeldByOrders, NotEnoughStock, StockTooHigh, change_stock, set_stock
from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.orders.transitions import StaleState
from shop.payments.unsupplied_orders import cancel_orders_without_stock, orders_without_stock
from shop.web.base_form import ViewResponse
from shop.web.fingerprints import UNKNOWN, Change, posted_fingerprint, stale_form
from shop.web.pagination import Page, page_arg, paginate

PER_PAGE = 25
LONGEST_NOTE = 120  # characters
MOST_CANCELLED = 200  # orders, with one loss
KINDS = {  # what happened: (words of the ledger, which way the pieces go; 0: they were counted)
    "received": ("Received", 1),
    "returned": ("Returned by a buyer", 1),
    "damaged": ("Damaged or lost", -1),
    "counted": ("Counted anew", 0),
}


@dataclass(frozen=True)
class Line:
    """A line of the ledger: `on_hand` and `held` are changes, `then` and `then_held` what was there after it."""

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


@admin.get("/stock/<sku>")
@may("staff")
def stock(sku: str) -> ViewResponse:
    """How many there are of a SKU, and why."""
    return _page(_variant(sku), Answers({}))


@admin.post("/stock/<sku>")
@may("staff")
def stock_change(sku: str) -> ViewResponse:
    """Write down what happened to a SKU's stock."""
    one, answers = _variant(sku), Answers(request.form)
    kind = answers.typed.get("kind", "")
    if kind not in KINDS:
        answers.refuse("kind", "Choose what happened")
    lowest = 0 if kind == "counted" else 1
    pieces = answers.whole("pieces", "Pieces", lowest, MAX_STOCK)
    note = answers.line("note", "The note", LONGEST_NOTE, needed=False)
    if answers.errors:
        return _page(one, answers)
    name = f"{one.product.name} ({one.label})" if one.label else one.product.name
    try:
        left = write(lambda: _change(sku, kind, pieces, note, _once(answers), name, _to_cancel()))
    except NotEnoughStock as few:
        here = f"Only {few.on_hand:,} {'are' if few.on_hand != 1 else 'is'} here" if few.on_hand else "None are here"
        answers.refuse("pieces", f"{here}, so no more can be taken away")
        return _page(_variant(sku), answers)
    except HeldByOrders as short:
        answers.refuse("pieces", f"Unpaid orders hold {short.held} of these. See below which cannot be supplied")
        return _page(_variant(sku), answers, orders_without_stock(sku, short.left))
    except StaleState:
        flash("Nothing was changed: one of the orders was paid or ended meanwhile. Look again", "problem")
    except StockTooHigh as full:
        answers.refuse("pieces", f"There are {full.on_hand:,} already; the desk counts up to {MAX_STOCK:,}")
        return _page(_variant(sku), answers)
    except IntegrityError:
        flash("That was written down already; it counts once", "good")
    else:
        flash(f"Written down. {sku} has {left:,} here now", "good")
    return redirect(url_for("admin.stock", sku=sku), 303)


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
    """The orders that an owner gives up with the loss."""
    return request.form.getlist("cancel")[:MOST_CANCELLED] if has_role("owner") else []


def _change(
    sku: str, kind: str, pieces: int, note: str, idempotency_key: str | None, name: str, cancel: list[str]
) -> int:
    words, way = KINDS[kind]
    sent_before = idempotency_key and db.session.scalar(
        select(StockEntry.id).where(StockEntry.idempotency_key == idempotency_key)
    )
    if not way and not sent_before:
        _refuse_if_moved(sku)
    reason, who = f"{words}: {note}" if note else words, current_user_name()
    if cancel:
        here = db.session.scalar(select(Variant.on_hand).where(Variant.sku == sku)) or 0
        for order in cancel_orders_without_stock(sku, here + way * pieces if way else pieces, cancel):
            audit(f"Cancelled the unpaid order: its goods are gone ({sku}, {reason})", order)
    if way:
        change_stock(sku, way * pieces, reason, who, idempotency_key)
    else:
        set_stock(sku, pieces, reason, who, idempotency_key)
    left = db.session.scalar(select(Variant.on_hand).where(Variant.sku == sku)) or 0
    audit(f"Stock of {name}, {sku}: {reason}, {pieces:,} {'piece' if pieces == 1 else 'pieces'}; {left:,} here now")
    return left


def _shown(sku: str, on_hand: int) -> dict[str, str]:
    """What a page shows of a stock: how many, after which line of the ledger."""
    last = db.session.scalar(select(func.max(StockEntry.id)).where(StockEntry.sku == sku))
    return {"on_hand": str(on_hand), "last": str(last or 0)}


def _refuse_if_moved(sku: str) -> None:
    """Who counted compared with what the page showed: what was sold since is not to be set back."""
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


def _once(answers: Answers) -> str | None:
    """The one-time key of the form; a forged one is none."""
    typed = answers.typed.get("once", "")
    return typed if re.fullmatch(r"[A-Za-z0-9_-]{16,32}", typed) else None


def _page(one: Variant, answers: Answers, unsupplied: Sequence[Order] = ()) -> ViewResponse:
    page = render_template(
        "admin/catalog/stock.html",
        variant=one,
        ledger=ledger_of(one.sku, page_arg(request.args.get("page", ""))),
        kinds=KINDS,
        typed=answers.typed,
        errors=answers.errors,
        problems=answers.problems,
        unsupplied=unsupplied,
        can_cancel=all(order.payment == Payment.AWAITING for order in unsupplied),
        idempotency_key=answers.typed.get("once") or secrets.token_urlsafe(18),
        shown=_shown(one.sku, one.on_hand),
        link_to_page=lambda number: url_for("admin.stock", sku=one.sku, page=number),
    )
    return page, 422 if answers.errors else 200
