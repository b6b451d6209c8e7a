"""The list of discount codes with their sales, and the form of one code."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response as AnyResponse

from shop.accounts.audit_log import audit
from shop.accounts.permissions import admin, may
from shop.admin.labels import Badge, discount_code_badge
from shop.admin.sales.discount_code_form import KINDS, DiscountCodeForm
from shop.cart.contents import counted_category
from shop.catalog.models import Category
from shop.config import Settings
from shop.core.clock import NAIROBI, utcnow
from shop.core.database import db, updated, write
from shop.core.phones import whatsapp_link
from shop.orders.models import Order
from shop.orders.states import Payment
from shop.pricing.discount_codes import offer_of
from shop.pricing.models import DiscountCode
from shop.store.settings import current_store
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.fingerprints import Label, refuse_if_changed
from shop.web.form_fields import PER_PAGE, last_day_before, row_id
from shop.web.idempotency import make_once
from shop.web.pagination import page_arg, paginate


@dataclass(frozen=True)
class CodeSales:
    """The paid orders with a code. Amounts are whole shillings."""

    orders: int = 0
    subtotal: int = 0  # after the discount, without delivery
    discount: int = 0


@dataclass(frozen=True)
class CodeRow:
    """A row of the list."""

    code: DiscountCode
    badge: Badge
    offer: str
    days: str
    sales: CodeSales


@admin.get("/discount-codes")
@may("owner")
def discount_codes() -> str:
    """The discount codes with their sales, newest first."""
    total = db.session.scalar(select(func.count(DiscountCode.id))) or 0
    page = paginate(page_arg(request.args.get("page", "")), total, PER_PAGE)
    newest = select(DiscountCode).order_by(DiscountCode.id.desc()).limit(PER_PAGE).offset(page.start)
    codes, now = db.session.scalars(newest).all(), utcnow()
    sales = sales_of([code.id for code in codes])
    names = dict(db.session.execute(select(Category.id, Category.name)).all())
    rows = [
        CodeRow(
            code,
            discount_code_badge(code, now),
            offer_of(code, names.get(code.category_id or 0, "")),
            days_of(code),
            sales.get(code.id, CodeSales()),
        )
        for code in codes
    ]

    def link_to_page(number: int) -> str:
        return url_for("admin.discount_codes", page=number)

    return render_template("admin/sales/discount_codes.html", rows=rows, listing=page, link_to_page=link_to_page)


@admin.route("/discount-codes/new", methods=["GET", "POST"])
@may("owner")
def discount_code_new() -> str | tuple[str, int] | AnyResponse:
    """Add a code."""
    form = DiscountCodeForm()
    if not form.is_submitted():
        return _form_page(form, None)
    if form.validate():
        try:
            made = make_once(lambda: _make(form))
        except IntegrityError:
            form.code.errors = [f"Code {form.normalised_code} exists already. Choose another"]
        else:
            if made.first:
                flash(f"Code {form.normalised_code} is added. Open it for a link to share", "good")
            return redirect(made.address, 303)
    return _form_page(form, None), 422


@admin.route("/discount-codes/<code_id>", methods=["GET", "POST"])
@may("owner")
def discount_code(code_id: str) -> str | tuple[str, int] | AnyResponse:
    """Change a code. A used code keeps its name, and no limit goes below its uses."""
    code = _code(code_id)
    form = DiscountCodeForm(saved=code)
    if not form.is_submitted():
        form.fill(code)
        return _form_page(form, code)
    if form.validate():
        try:
            saved = write(lambda: _save(code, form))
        except IntegrityError:
            form.code.errors = [f"Code {form.normalised_code} exists already. Choose another"]
        else:
            if saved:
                flash(f"Code {code.code} is changed: {_offer(code)}", "good")
                return redirect(url_for("admin.discount_codes"), 303)
            form.validate()  # the code was used meanwhile
    return _form_page(form, code), 422


@admin.post("/discount-codes/<code_id>/<turn>")
@may("owner")
def discount_code_switch(code_id: str, turn: str) -> AnyResponse:
    """Switch a code on or off. Orders that used it keep their price."""
    code = _code(code_id) if turn in ("on", "off") else abort(404)
    if turn == "off" and (
        question := ask_for_confirmation(
            f"Switch code {code.code} off?",
            "No new order can use it. Orders that used it keep their price. You can switch it on again.",
            button="Switch off",
            back=url_for("admin.discount_codes"),
        )
    ):
        return question
    if write(partial(_switch, code.id, code.code, turn)):
        flash(f"Code {code.code} is {turn}", "good")
    else:
        flash(f"Code {code.code} was {turn} already", "problem")
    return redirect(url_for("admin.discount_codes"), 303)


def _switch(code_id: int, name: str, turn: str) -> bool:
    switched = update(DiscountCode).where(DiscountCode.id == code_id, DiscountCode.active.is_(turn == "off"))
    if not updated(switched.values(active=turn == "on")):
        return False
    audit(f"Switched discount code {name} {turn}")
    return True


def sales_of(ids: Sequence[int]) -> dict[int, CodeSales]:
    """The sales of each of these codes in paid orders, in one query."""
    subtotal = func.sum(Order.subtotal - Order.discount)
    query = select(Order.discount_code_id, func.count(), subtotal, func.sum(Order.discount))
    paid = query.where(Order.discount_code_id.in_(ids), Order.payment == Payment.PAID).group_by(Order.discount_code_id)
    return {
        code_id: CodeSales(count, int(subtotal), int(discount))
        for code_id, count, subtotal, discount in db.session.execute(paid)
        if code_id is not None
    }


def days_of(code: DiscountCode) -> str:
    """The days on which the code can be used, as a text."""
    first = f"{code.starts_at.astimezone(NAIROBI):%-d %b %Y}" if code.starts_at else ""
    last = f"{last_day_before(code.expires_at):%-d %b %Y}" if code.expires_at else ""
    if first and last:
        return f"{first} to {last}"
    return f"from {first}" if first else f"until {last}" if last else "always"


def _code(code_id: str) -> DiscountCode:
    return db.session.get(DiscountCode, row_id(code_id)) or abort(404)


def _make(form: DiscountCodeForm) -> str:
    code = DiscountCode(**form.values(), uses=0, active=True)
    db.session.add(code)
    db.session.flush()
    audit(f"Added discount code {code.code}: {_offer(code)}, {days_of(code)}")
    return url_for("admin.discount_codes")


def _save(code: DiscountCode, form: DiscountCodeForm) -> bool:
    """Save the form. Returns False if buyers have used the code more often than the form allows."""
    locked = db.session.get_one(DiscountCode, code.id, with_for_update=True)
    labels: dict[str, Label] = {**form.labels(), "kind": (form.kind.label.text, KINDS)}
    labels["category"] = (form.category.label.text, form.categories)
    refuse_if_changed(f"code {code.id}", DiscountCodeForm.shown_of(locked), labels=labels)
    values = {**form.values(), "demo": False}
    fits = update(DiscountCode).where(DiscountCode.id == code.id)
    if values["max_uses"] is not None:
        fits = fits.where(DiscountCode.uses <= values["max_uses"])
    if values["code"] != code.code:
        fits = fits.where(or_(DiscountCode.uses == 0, DiscountCode.code == values["code"]))
    if not updated(fits.values(values)):
        return False
    db.session.refresh(code)
    audit(f"Changed discount code {code.code}: {_offer(code)}, {days_of(code)}")
    return True


def _offer(code: DiscountCode) -> str:
    category = counted_category(code)
    return offer_of(code, category.name if category else "")


def _form_page(form: DiscountCodeForm, code: DiscountCode | None) -> str:
    shown = DiscountCodeForm.shown_of(code) if code else None
    link = message = ""
    if code:
        settings: Settings = current_app.config["SETTINGS"]
        link = settings.shop_url + url_for("cart.discount_link", discount=code.code)
        message = whatsapp_link(f"{_offer(code)} at {current_store().name} with code {code.code}: {link}")
    return render_template(
        "admin/sales/discount_code.html",
        form=form,
        code=code,
        kinds=KINDS,
        shown=shown,
        problems=form.problems,
        link=link,
        whatsapp_url=message,
    )
