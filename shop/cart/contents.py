"""The contents of a cart: quantities by SKU, with prices and stock read from the catalogue each time."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select

from shop.catalog.images.paths import NO_IMAGE
from shop.catalog.models import Category, Product, ProductImage, Variant, stock_word
from shop.catalog.queries import image_of_variant
from shop.core.clock import utcnow
from shop.core.database import db
from shop.core.money import shillings
from shop.pricing.discount_codes import discount_code_by_name, normalised_code
from shop.pricing.models import DeliveryArea, DiscountCode, delivery_areas, not_known
from shop.pricing.quote import LineItem, Quote, full_name, quote

MAX_QUANTITY = 20  # of one SKU in one order
MAX_LINES = 40  # different SKUs in one order
WITHDRAWN = "Something in your cart is no longer sold. We took it out"


class CartProblem(ValueError):
    """A change of the cart that is not possible. The message is for the buyer."""


@dataclass(frozen=True)
class CartContents:
    """A cart with its current prices. Amounts are whole shillings."""

    lines: list[LineItem]
    price_changes: list[str]  # since the page that showed it last: sentences for the buyer
    withdrawn: dict[str, str]  # SKUs that are no longer sold, each with a sentence for the buyer
    areas: list[DeliveryArea]
    area: DeliveryArea | None
    code: str
    code_problem: str | None
    discount_code: DiscountCode | None = field(repr=False)
    discount_category: str = ""  # the name of the only category on whose lines the code counts

    @property
    def notices(self) -> list[str]:
        """Changes that the buyer has not seen yet: sentences without full stops."""
        return [*dict.fromkeys(self.withdrawn.values()), *self.price_changes]

    @property
    def available_lines(self) -> list[LineItem]:
        """The lines that are not sold out."""
        return [line for line in self.lines if line.left > 0]

    @property
    def subtotal(self) -> int:
        """The sum of the lines that are not sold out."""
        return sum(line.subtotal for line in self.available_lines)

    @property
    def quote(self) -> Quote | None:
        """The amounts with delivery; None until an area is chosen."""
        return self.quote_for(self.area) if self.area else None

    def quote_for(self, area: DeliveryArea) -> Quote:
        """The amounts with delivery to this area."""
        return quote(self.available_lines, area.rate, self.discount_code.as_discount if self.discount_code else None)

    @property
    def discount(self) -> int:
        """The amount that the discount code takes off."""
        return self.discount_code.as_discount.discount_on(self.available_lines) if self.discount_code else 0

    def fee_for(self, area: DeliveryArea) -> int:
        """The delivery fee of this cart to this area."""
        return area.rate.fee_for(self.subtotal - self.discount)

    def missing_for_free(self, area: DeliveryArea) -> int:
        """How much more this cart needs for free delivery to this area; 0 if it is free, or never free."""
        return area.rate.missing_for_free(self.subtotal - self.discount)

    @property
    def area_id(self) -> int | None:
        """The chosen area's id."""
        return self.area.id if self.area else None

    @property
    def delivery_from(self) -> int | None:
        """The lowest delivery fee, pickup points excluded."""
        return min((self.fee_for(area) for area in self.areas if not area.pickup), default=None)

    @property
    def ready(self) -> bool:
        """True when the cart can go to the checkout."""
        return bool(self.lines) and not any(line.problem for line in self.lines)


def cart_contents(
    quantities: Mapping[str, int], area_id: str = "", code: str = "", last_prices: Mapping[str, int] | None = None
) -> CartContents:
    """Price quantities by SKU. `last_prices` are the prices that the buyer saw last, to report changes."""
    lines, price_changes, withdrawn = read_lines(quantities, last_prices)
    areas = delivery_areas()
    area = next((area for area in areas if str(area.id) == area_id), None)
    normalised = normalised_code(code)
    available = [line for line in lines if line.left > 0]
    discount, category, problem = _discount(normalised, available, utcnow())
    return CartContents(lines, price_changes, withdrawn, areas, area, normalised, problem, discount, category)


def read_quantity(text: str) -> int:
    """Parse a typed quantity. Raises CartProblem."""
    tidy = text.strip()
    if not re.fullmatch("[0-9]+", tidy):
        raise CartProblem(f"Quantity must be a whole number from 0 to {MAX_QUANTITY}")
    if len(tidy) > 4 or int(tidy) > MAX_QUANTITY:
        raise CartProblem(f"Quantity must be {MAX_QUANTITY} or fewer. For more, write to us")
    return int(tidy)


def read_lines(
    quantities: Mapping[str, int], last_prices: Mapping[str, int] | None = None
) -> tuple[list[LineItem], list[str], dict[str, str]]:
    """Read SKUs from the catalogue, in the given order: their lines, price changes, and SKUs no longer sold."""
    lines, price_changes = [], []
    withdrawn: dict[str, str] = {}
    found = {row.sku: row for row in _rows(quantities)} if quantities else {}
    for sku, quantity in quantities.items():
        row = found.get(sku)
        if row is None or not row.sold:
            withdrawn[sku] = f"{full_name(row.name, row.label)} is no longer sold. We took it out" if row else WITHDRAWN
            continue
        line = LineItem(
            sku=sku,
            name=row.name,
            label=row.label,
            slug=row.slug,
            category=row.category,
            image=row.path or NO_IMAGE,
            alt=row.alt or row.name,
            unit_price=row.price,
            quantity=quantity,
            left=row.left,
            stock=stock_word(row.left),
            category_id=row.category_id,
        )
        last_price = (last_prices or {}).get(sku, line.unit_price)
        if last_price != line.unit_price:
            price_changes.append(
                f"The price of {line.full_name} is now {shillings(line.unit_price)}. It was {shillings(last_price)}"
            )
        lines.append(line)
    return lines, price_changes, withdrawn


def counted_category(code: DiscountCode) -> Category | None:
    """The only category on whose products a code counts, None for all."""
    return db.session.get(Category, code.category_id) if code.category_id is not None else None


def _discount(typed: str, lines: list[LineItem], now: datetime) -> tuple[DiscountCode | None, str, str | None]:
    """The code that applies, the name of its category, and why it does not apply."""
    if not typed:
        return None, "", None
    code = discount_code_by_name(typed)
    if code is None:
        return None, "", not_known(typed)
    if problem := code.problem_with(sum(line.subtotal for line in lines), now):
        return None, "", problem
    category = counted_category(code)
    if category is None:
        return code, "", None
    if not any(map(code.as_discount.counts_on, lines)):
        return None, "", f"Discount code {code.code} counts only for {category.name}"
    return code, category.name, None


def _rows(skus: Iterable[str]) -> Sequence[Any]:
    query = (
        select(
            Variant.sku,
            Variant.label,
            Variant.price,
            Product.name,
            Product.slug,
            ProductImage.path,
            ProductImage.alt,
            Category.slug.label("category"),
            Product.category_id,
            (Variant.on_hand - Variant.held).label("left"),
            and_(Variant.active, Product.published).label("sold"),
        )
        .join(Product, Product.id == Variant.product_id)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(ProductImage, image_of_variant())
    )
    return db.session.execute(query.where(Variant.sku.in_(skus))).all()
