"""The cart: `{sku: quantity}` in the session, everything else read afresh each time it is shown.

The session also remembers the price each line was last shown at, so that a change is said before it is paid.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import session
from sqlalchemy import Select, and_, select

from shop.catalog.models import Picture, Product, Variant, stock_word
from shop.clock import utcnow
from shop.database import db
from shop.money import shillings
from shop.orders.placing import Item
from shop.pricing.claiming import code_named, tidy_code
from shop.pricing.models import DeliveryArea, DiscountCode, delivery_areas
from shop.pricing.quote import Quote, quote

MOST_OF_ONE = 20  # of one SKU in one order
MOST_LINES = 40  # keeps the cookie far below the 4 KB a browser takes
GONE = "Something in your cart is no longer sold. We took it out"


class CartProblem(ValueError):
    """What was asked of the cart cannot be done. Its message is for the buyer."""


@dataclass(frozen=True)
class BasketLine:
    """One SKU in the cart, as it is sold now."""

    sku: str
    name: str
    label: str
    slug: str
    picture: str
    alt: str
    price: int
    quantity: int
    left: int

    @property
    def subtotal(self) -> int:
        """Whole shillings."""
        return self.price * self.quantity

    @property
    def stock(self) -> str:
        """One of in, low and out."""
        return stock_word(self.left)

    @property
    def problem(self) -> str | None:
        """What must change before it can be bought, in words."""
        if self.left <= 0:
            return f"{self.full_name} is sold out. Remove it to go on"
        if self.quantity > self.left:
            return f"Only {self.left} {self.full_name} {'is' if self.left == 1 else 'are'} left. Change the quantity"
        return None

    @property
    def full_name(self) -> str:
        """Name and variant."""
        return f"{self.name} ({self.label})" if self.label else self.name


@dataclass(frozen=True)
class Basket:
    """The cart as it stands now, priced. Sums are whole shillings."""

    lines: list[BasketLine]
    notices: list[str]
    areas: list[DeliveryArea]
    area: DeliveryArea | None
    code: str
    code_problem: str | None
    discount_code: DiscountCode | None = field(repr=False)

    @property
    def goods(self) -> int:
        """The lines together."""
        return sum(line.subtotal for line in self.lines)

    @property
    def quote(self) -> Quote | None:
        """The whole sum; None until it is known where it goes."""
        return self.quote_for(self.area) if self.area else None

    def quote_for(self, area: DeliveryArea) -> Quote:
        """The whole sum if it went there."""
        return quote(self.lines, area.fee, self.discount_code.reduction if self.discount_code else None)

    @property
    def discount(self) -> int:
        """What the code takes off."""
        return self.discount_code.reduction.discount_on(self.goods) if self.discount_code else 0

    @property
    def area_id(self) -> int | None:
        """The chosen area's id."""
        return self.area.id if self.area else None

    @property
    def delivery_from(self) -> int | None:
        """The lowest fee to have it brought."""
        return min((area.fee for area in self.areas if not area.pickup), default=None)

    @property
    def count(self) -> int:
        """Pieces."""
        return sum(line.quantity for line in self.lines)

    @property
    def ready(self) -> bool:
        """Whether it can go to the checkout."""
        return bool(self.lines) and not any(line.problem for line in self.lines)

    @property
    def items(self) -> list[Item]:
        """The lines in the words of an order."""
        return [Item(line.sku, line.name, line.label, line.picture, line.price, line.quantity) for line in self.lines]


def current_basket(area_id: str | None = None, code: str | None = None) -> Basket:
    """The visitor's cart, priced for the area and code given or chosen before. What is withdrawn drops out."""
    asked_area = session.get("area") if area_id is None else area_id
    return basket_of(_lines(), str(asked_area), session.get("code", "") if code is None else code, _prices())


def basket_of(
    wanted: Mapping[str, int], area_id: str = "", code: str = "", last_prices: Mapping[str, int] | None = None
) -> Basket:
    """Any quantities by SKU, priced now; `last_prices` are those last shown, of which changes are said."""
    lines, notices = _read(wanted, last_prices or {})
    areas = delivery_areas()
    area = next((area for area in areas if str(area.id) == area_id), None)
    typed = tidy_code(code)
    discount, problem = _discount(typed, sum(line.subtotal for line in lines), utcnow())
    return Basket(lines, notices, areas, area, typed, problem, discount)


def add(sku: str, quantity: int) -> None:
    """Put pieces of a SKU into the cart, at most MOST_OF_ONE of each. Raises CartProblem when that cannot be."""
    lines, prices = _lines(), _prices()
    sold, _ = _read({sku: quantity}, {})
    if not sold:
        raise CartProblem("That is no longer sold")
    line = sold[0]
    if line.left <= 0:
        raise CartProblem(f"{line.full_name} is sold out")
    if sku not in lines and len(lines) >= MOST_LINES:
        raise CartProblem(f"Your cart holds {MOST_LINES} different things, the most one order takes. Check out first")
    count = lines.get(sku, 0) + quantity
    if count > MOST_OF_ONE:
        raise CartProblem(f"One order takes {MOST_OF_ONE} of {line.full_name}. For more, write to us")
    session["prices"] = {**prices, sku: prices.get(sku, line.price)}
    _save({**lines, sku: count})


def take_in(shared: Basket) -> list[str]:
    """Put what somebody shared into the cart, as far as it is there; what could not be, in words.

    Doing it again changes nothing: of each SKU the cart then holds as many as were shared, or as it held before.
    """
    lines, prices, missed = _lines(), _prices(), []
    for line in shared.lines:
        count = min(line.quantity, line.left, MOST_OF_ONE)
        if count <= 0:
            missed.append(f"{line.full_name} is sold out, so it is not in your cart")
        elif line.sku not in lines and len(lines) >= MOST_LINES:
            missed.append(f"{line.full_name} did not fit: one order takes {MOST_LINES} different things")
        else:
            if count < line.quantity:
                missed.append(f"Only {count} of {line.full_name}: there are no more")
            lines[line.sku] = max(count, lines.get(line.sku, 0))
            prices.setdefault(line.sku, line.price)
    session["prices"] = prices
    _save(lines)
    return missed


def change(quantities: dict[str, int]) -> None:
    """Set the quantity of lines in the cart; 0 removes one."""
    lines = {sku: quantities.get(sku, count) for sku, count in _lines().items()}
    _save({sku: min(count, MOST_OF_ONE) for sku, count in lines.items() if count > 0})


def choose(area_id: str | None, code: str | None) -> None:
    """Remember where it goes and the code typed; None leaves what was chosen before."""
    if area_id is not None:
        session["area"] = area_id[:12]
    if code is not None:
        session["code"] = tidy_code(code)
    session.permanent = True


def empty() -> None:
    """After the order is placed."""
    for key in ("cart", "prices", "code"):
        session.pop(key, None)


def read_quantity(text: str) -> int:
    """A quantity as typed. Raises CartProblem with the cure."""
    tidy = text.strip()
    if not re.fullmatch("[0-9]+", tidy):
        raise CartProblem(f"Quantity must be a whole number from 0 to {MOST_OF_ONE}")
    if len(tidy) > 4 or int(tidy) > MOST_OF_ONE:
        raise CartProblem(f"Quantity must be {MOST_OF_ONE} or fewer. For more, write to us")
    return int(tidy)


def _read(wanted: Mapping[str, int], prices: Mapping[str, int]) -> tuple[list[BasketLine], list[str]]:
    columns = (Variant.sku, Product.name, Variant.label, Product.slug, Picture.path, Picture.alt, Variant.price)
    asked = _sold().with_only_columns(*columns, Variant.on_hand - Variant.held).where(Variant.sku.in_(wanted))
    sold = {row[0]: row for row in db.session.execute(asked)} if wanted else {}
    notices, lines = [], []
    for sku, quantity in wanted.items():
        if sku not in sold:
            if GONE not in notices:
                notices.append(GONE)
            continue
        _, name, label, slug, picture, alt, price, left = sold[sku]
        line = BasketLine(sku, name, label, slug, picture or "img/logo.svg", alt or name, price, quantity, left)
        if prices.get(sku, price) != price:
            notices.append(f"The price of {line.full_name} is now {shillings(price)}. It was {shillings(prices[sku])}")
        lines.append(line)
    return lines, notices


def accept_changes(basket: Basket) -> None:
    """The buyer has been shown the cart as it is now: remember its prices, forget what is withdrawn."""
    shown = {line.sku: line.price for line in basket.lines}
    if shown != _prices() or set(shown) != set(_lines()):
        session["prices"] = shown
        _save({line.sku: line.quantity for line in basket.lines})


def _discount(typed: str, goods: int, now: datetime) -> tuple[DiscountCode | None, str | None]:
    if not typed:
        return None, None
    code = code_named(typed)
    if code is None:
        return None, f"Discount code {typed} is not known. Check the spelling"
    problem = code.problem_with(goods, now)
    return (None, problem) if problem else (code, None)


def _sold() -> Select[Any]:
    return (
        select(Variant)
        .join(Product, and_(Product.id == Variant.product_id, Product.active))
        .outerjoin(Picture, and_(Picture.product_id == Product.id, Picture.position == 0))
        .where(Variant.active)
    )


def _lines() -> dict[str, int]:
    return dict(session.get("cart", {}))


def _prices() -> dict[str, int]:
    return dict(session.get("prices", {}))


def _save(lines: dict[str, int]) -> None:
    session["cart"] = lines
    session.permanent = True  # 30 days, see PERMANENT_SESSION_LIFETIME
    session.modified = True
