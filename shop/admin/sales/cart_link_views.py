"""Cart links: made by users or shared by buyers. A person who opens one can put its products into their own cart."""

from collections.abc import Sequence
from functools import partial

from flask import abort, current_app, flash, redirect, render_template, request, url_for
from sqlalchemy import and_, func, select, update
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response as AnyResponse
from wtforms import StringField
from wtforms.validators import Length

from shop.accounts.audit_log import audit, current_user_name
from shop.accounts.permissions import admin, may
from shop.admin.labels import cart_link_badge
from shop.admin.orders.draft_order_views import NO_PRODUCTS, NOT_SOLD
from shop.admin.orders.product_picker import (
    BUTTONS,
    PickedProducts,
    picked_products_from_form,
    picked_products_from_query,
)
from shop.cart.cart_links import ADMIN_LINK_LIFETIME, CODE, share
from shop.cart.contents import cart_contents
from shop.cart.models import SharedCart, SharedLine
from shop.catalog.models import Product, Variant
from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, updated, write
from shop.core.phones import whatsapp_link
from shop.core.text import typed_line
from shop.web.base_form import BaseForm
from shop.web.confirmation_page import ask_for_confirmation
from shop.web.form_fields import PER_PAGE
from shop.web.idempotency import make_once
from shop.web.pagination import page_arg, paginate


class CartLinkForm(BaseForm):
    """The title of a cart link. Buyers do not see it."""

    title = StringField(
        "Title",
        [Length(max=80, message="Title must be 80 characters or fewer")],
        filters=[typed_line],
    )


@admin.get("/cart-links")
@may("staff")
def cart_links() -> str:
    """The links that users made, or those that buyers shared, newest first."""
    buyers = request.args.get("by") == "buyers"
    owner = SharedCart.actor == "" if buyers else SharedCart.actor != ""
    total = db.session.scalar(select(func.count(SharedCart.id)).where(owner)) or 0
    page = paginate(page_arg(request.args.get("page", "")), total, PER_PAGE)
    query = select(SharedCart).where(owner).order_by(SharedCart.id.desc())
    carts = db.session.scalars(query.limit(PER_PAGE).offset(page.start)).all()

    def link_to_page(number: int) -> str:
        return url_for("admin.cart_links", actor="buyers" if buyers else None, page=number)

    return render_template(
        "admin/sales/cart_links.html",
        carts=carts,
        contents=_contents_of([cart.id for cart in carts]),
        badges={cart.id: cart_link_badge(cart, utcnow()) for cart in carts},
        listing=page,
        link_to_page=link_to_page,
        buyers=buyers,
    )


@admin.route("/cart-links/new", methods=["GET", "POST"])
@may("staff")
def cart_link_new() -> str | tuple[str, int] | AnyResponse:
    """Add products and make a link to them."""
    form = CartLinkForm()
    if not form.is_submitted():
        return _form_page(form, picked_products_from_query(), [])
    picked = picked_products_from_form()
    if any(button in request.form for button in BUTTONS):
        return _form_page(form, picked, picked.problems), 422 if picked.problems else 200
    form.validate()
    cart = picked.cart()
    problems = [*picked.problems, *form.problems]
    if cart.notices or not cart.lines:
        problems.append(("q", NOT_SOLD if cart.notices else NO_PRODUCTS))
    if problems:
        return _form_page(form, picked, problems), 422
    made = make_once(lambda: url_for("admin.cart_link", code=_make(picked, form.title.data)))
    if made.first:
        flash("The link is made", "good")
    return redirect(made.address, 303)


@admin.get("/cart-links/<code>")
@may("staff")
def cart_link(code: str) -> str:
    """One link: its products, and a WhatsApp message with it."""
    cart = _cart(code)
    contents = cart_contents({line.sku: line.quantity for line in cart.lines})
    settings: Settings = current_app.config["SETTINGS"]
    link = f"{settings.shop_url}{url_for('cart.shared', code=cart.code)}"
    text = render_template("whatsapp/shared_cart.txt", cart=contents, link=link).strip()
    return render_template(
        "admin/sales/cart_link.html",
        cart=cart,
        state=cart_link_badge(cart, utcnow()),
        contents=contents,
        link=link,
        text=text,
        whatsapp_url=whatsapp_link(text),
    )


@admin.post("/cart-links/<code>/off")
@may("staff")
def cart_link_off(code: str) -> AnyResponse:
    """Switch a link off."""
    cart_id = _cart(code).id
    if question := ask_for_confirmation(
        f"Switch cart link {code} off?",
        "The link stops working at once. It can’t be switched on again.",
        button="Switch off",
        back=url_for("admin.cart_links"),
    ):
        return question

    if write(partial(_switch_off, cart_id, code)):
        flash(f"Cart link {code} is off: it does not work any more", "good")
    else:
        flash(f"Cart link {code} was off already", "problem")
    return redirect(url_for("admin.cart_links"), 303)


def _switch_off(cart_id: int, code: str) -> bool:
    if not updated(update(SharedCart).where(SharedCart.id == cart_id, SharedCart.active).values(active=False)):
        return False
    audit(f"Switched off cart link {code}")
    return True


def _make(picked: PickedProducts, title: str) -> str:
    cart = share(picked.quantities, utcnow(), ADMIN_LINK_LIFETIME, title=title, actor=current_user_name()[:80])
    audit(f"Made cart link {cart.code}{f' ({title})' if title else ''}")
    return cart.code


def _cart(code: str) -> SharedCart:
    if not CODE.fullmatch(code):
        abort(404)
    query = select(SharedCart).where(SharedCart.code == code).options(selectinload(SharedCart.lines))
    return db.session.scalar(query) or abort(404)


def _contents_of(ids: Sequence[int]) -> dict[int, str]:
    """The products of each of these links as a text, in one query."""
    columns = (SharedLine.cart_id, SharedLine.quantity, SharedLine.sku, Product.name, Variant.label)
    query = (
        select(*columns)
        .outerjoin(Variant, Variant.sku == SharedLine.sku)
        .outerjoin(Product, and_(Product.id == Variant.product_id))
        .where(SharedLine.cart_id.in_(ids))
        .order_by(SharedLine.cart_id, SharedLine.position)
    )
    contents: dict[int, list[str]] = {}
    for cart_id, count, sku, name, label in db.session.execute(query):
        full = f"{name} ({label})" if name and label else name or sku
        contents.setdefault(cart_id, []).append(f"{count} × {full}")
    return {
        cart_id: "; ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")
        for cart_id, lines in contents.items()
    }


def _form_page(form: CartLinkForm, picked: PickedProducts, problems: list[tuple[str, str]]) -> str:
    return render_template(
        "admin/sales/cart_link_new.html", form=form, picked=picked, cart=picked.cart(), problems=problems
    )
