"""Picking goods at the desk, for an order or a cart link. All that is picked stands in the form itself: no script, no
session, and two windows do not get in each other's way.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from sqlalchemy import and_, func, or_, select

from shop.cart.contents import MAX_LINES, MAX_QUANTITY, CartContents, CartProblem, cart_contents, read_quantity
from shop.catalog.models import Product, Variant
from shop.core.database import db
from shop.core.text import typed_line

MOST_FOUND = 12
MOST_WORDS = 6
LONGEST_SEARCH = 80
BEGINS = "quantity-"
BUTTONS = ("find", "add", "remove", "show")  # which change the picking and place nothing
BAD_COUNT = f"Quantity must be a whole number from 0 to {MAX_QUANTITY}"


@dataclass
class PickedProducts:
    """What the form holds: quantities by SKU, what was searched for and found, and what is wrong."""

    quantities: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    q: str = ""
    found: Sequence[Any] = ()  # each with sku, name, label, price and left

    def cart(self, area: str = "", code: str = "") -> CartContents:
        """The goods, priced now for an area and a code."""
        return cart_contents(self.quantities, area, code)


def picked_products_from_form() -> PickedProducts:
    """Read the form that was sent, and do what its button says: find, add one, remove, or count again."""
    picked = PickedProducts(q=typed_line(request.form.get("q", "")[:400])[:LONGEST_SEARCH])
    for name, typed in request.form.items():
        if name.startswith(BEGINS) and len(picked.quantities) < MAX_LINES:
            _read(picked, name.removeprefix(BEGINS), typed)
    for sku in request.form.getlist("remove"):
        picked.quantities.pop(sku, None)
    for sku in request.form.getlist("add")[:1]:
        _add(picked, _tidy(sku))
    picked.quantities = {sku: count for sku, count in picked.quantities.items() if count}
    if not any(button in request.form for button in BUTTONS):
        picked.q = ""  # nobody looks for goods any more
    elif picked.q:
        picked.found = find_goods(picked.q)
    return picked


def picked_products_from_query() -> PickedProducts:
    """What a link names: ?sku=...&sku=..., one of each."""
    skus = [_tidy(sku) for sku in request.args.getlist("sku")[:MAX_LINES]]
    return PickedProducts(dict.fromkeys(filter(None, skus), 1))


def find_goods(q: str) -> Sequence[Any]:
    """The first goods on sale whose name, SKU, category, description or variant holds every word, in any case."""
    words = q.lower().split()[:MOST_WORDS]
    has = [
        or_(
            Product.search_text.contains(word, autoescape=True),
            func.lower(Variant.label).contains(word, autoescape=True),
            func.lower(Variant.sku).contains(word, autoescape=True),
        )
        for word in words
    ]
    columns = (Variant.sku, Product.name, Variant.label, Variant.price, (Variant.on_hand - Variant.held).label("left"))
    query = select(*columns).join(Product, and_(Product.id == Variant.product_id, Product.active))
    query = query.where(Variant.active, *has).order_by(Product.position, Product.id, Variant.position)
    return db.session.execute(query.limit(MOST_FOUND)).all()


def _read(picked: PickedProducts, sku: str, typed: str) -> None:
    if sku != _tidy(sku) or not sku:
        return  # no box of ours has such a name
    try:
        picked.quantities[sku] = read_quantity(typed)
    except CartProblem:
        picked.quantities[sku] = 1
        picked.problems.append((f"{BEGINS}{sku}", BAD_COUNT))


def _add(picked: PickedProducts, sku: str) -> None:
    if sku not in picked.quantities and len(picked.quantities) >= MAX_LINES:
        picked.problems.append(("q", f"One order takes {MAX_LINES} different things. Make a second one for the rest"))
    elif picked.quantities.get(sku, 0) >= MAX_QUANTITY:
        picked.problems.append((f"{BEGINS}{sku}", f"One order takes {MAX_QUANTITY} of one thing"))
    elif sku:
        picked.quantities[sku] = picked.quantities.get(sku, 0) + 1


def _tidy(sku: str) -> str:
    return "".join(filter(str.isprintable, sku))[:40]
