"""The product picker of draft orders and cart links. The form holds the picked products: no script, no session."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import request
from sqlalchemy import and_, func, or_, select

from shop.cart.contents import MAX_LINES, MAX_QUANTITY, CartContents, CartProblem, cart_contents, read_quantity
from shop.catalog.models import Product, Variant
from shop.core.database import db
from shop.core.text import typed_line

MAX_RESULTS = 12
MAX_WORDS = 6
MAX_SEARCH_LENGTH = 80
FIELD_PREFIX = "quantity-"
BUTTONS = ("find", "add", "remove", "show")  # change what is picked and place no order
BAD_QUANTITY = f"Quantity must be a whole number from 0 to {MAX_QUANTITY}"


@dataclass
class PickedProducts:
    """Quantities by SKU, the search and its results, and the problems of the form."""

    quantities: dict[str, int] = field(default_factory=dict)
    problems: list[tuple[str, str]] = field(default_factory=list)
    q: str = ""
    found: Sequence[Any] = ()  # each with sku, name, label, price and left

    def cart(self, area: str = "", code: str = "") -> CartContents:
        """The picked products at current prices, for a delivery area and a discount code."""
        return cart_contents(self.quantities, area, code)


def picked_products_from_form() -> PickedProducts:
    """Read the submitted form, and do what its button says: find, add one, remove, or show the total."""
    picked = PickedProducts(q=typed_line(request.form.get("q", "")[:400])[:MAX_SEARCH_LENGTH])
    for name, typed in request.form.items():
        if name.startswith(FIELD_PREFIX) and len(picked.quantities) < MAX_LINES:
            _read(picked, name.removeprefix(FIELD_PREFIX), typed)
    for sku in request.form.getlist("remove"):
        picked.quantities.pop(sku, None)
    for sku in request.form.getlist("add")[:1]:
        _add(picked, _tidy(sku))
    picked.quantities = {sku: count for sku, count in picked.quantities.items() if count}
    if not any(button in request.form for button in BUTTONS):
        picked.q = ""  # the form is submitted as a whole
    elif picked.q:
        picked.found = find_variants(picked.q)
    return picked


def picked_products_from_query() -> PickedProducts:
    """The products that the address names: ?sku=...&sku=..., one of each."""
    skus = [_tidy(sku) for sku in request.args.getlist("sku")[:MAX_LINES]]
    return PickedProducts(dict.fromkeys(filter(None, skus), 1))


def find_variants(q: str) -> Sequence[Any]:
    """The first variants on sale whose name, SKU, category, description or label holds every word, in any case."""
    words = q.lower().split()[:MAX_WORDS]
    has = [
        or_(
            Product.search_text.contains(word, autoescape=True),
            func.lower(Variant.label).contains(word, autoescape=True),
            func.lower(Variant.sku).contains(word, autoescape=True),
        )
        for word in words
    ]
    columns = (Variant.sku, Product.name, Variant.label, Variant.price, (Variant.on_hand - Variant.held).label("left"))
    query = select(*columns).join(Product, and_(Product.id == Variant.product_id, Product.published))
    query = query.where(Variant.active, *has).order_by(Product.position, Product.id, Variant.position)
    return db.session.execute(query.limit(MAX_RESULTS)).all()


def _read(picked: PickedProducts, sku: str, typed: str) -> None:
    if sku != _tidy(sku) or not sku:
        return  # not a field of this form
    try:
        picked.quantities[sku] = read_quantity(typed)
    except CartProblem:
        picked.quantities[sku] = 1
        picked.problems.append((f"{FIELD_PREFIX}{sku}", BAD_QUANTITY))


def _add(picked: PickedProducts, sku: str) -> None:
    if sku not in picked.quantities and len(picked.quantities) >= MAX_LINES:
        picked.problems.append(("q", f"One order takes {MAX_LINES} products. Make a second order for the rest"))
    elif picked.quantities.get(sku, 0) >= MAX_QUANTITY:
        picked.problems.append((f"{FIELD_PREFIX}{sku}", f"One order takes {MAX_QUANTITY} of one product"))
    elif sku:
        picked.quantities[sku] = picked.quantities.get(sku, 0) + 1


def _tidy(sku: str) -> str:
    return "".join(filter(str.isprintable, sku))[:40]
