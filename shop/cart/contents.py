"""What a cart holds, priced now: SKUs and quantities go in, everything else is read afresh each time it is shown."""

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
from shop.orders.placement import NewOrderLine
from shop.pricing.discount_codes import discount_code_by_name, normalised_code
from shop.pricing.models import DeliveryArea, DiscountCode, delivery_areas, not_known
from shop.pricing.quote import Quote, quote

MOST_OF_ONE = 20  # of one SKU in one order
MOST_LINES = 40  # different SKUs in one order
GONE = "Something in your cart is no longer sold. We took it out"


class CartProblem(ValueError):
    """What was asked of the cart cannot be done. Its message is for the buyer."""


@dataclass(frozen=True)
class CartContentsLine:
    """One SKU in the cart, as it is sold now."""

    sku: str
    name: str
    label: str
    slug: str
    category: str  # the slug of its category
    image: str
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
        return full_name(self.name, self.label)


@dataclass(frozen=True)
class CartContents:
    """The cart as it stands now, priced. Sums are whole shillings."""

    lines: list[CartContentsLine]
    price_changes: list[str]  # since the page that showed it last, in words
    withdrawn: dict[str, str]  # what is no longer sold: its SKU, and the words for it
    areas: list[DeliveryArea]
    area: DeliveryArea | None
    code: str
    code_problem: str | None
    discount_code: DiscountCode | None = field(repr=False)

    @property
    def notices(self) -> list[str]:
        """What the buyer has not been told of the cart yet, a sentence each, without full stops."""
        return [*dict.fromkeys(self.withdrawn.values()), *self.price_changes]

    @property
    def subtotal(self) -> int:
        """The lines together, without what is sold out."""
        return sum(line.subtotal for line in self.there)

    @property
    def there(self) -> list[CartContentsLine]:
        """The lines of which something is left."""
        return [line for line in self.lines if line.left > 0]

    @property
    def quote(self) -> Quote | None:
        """The whole sum; None until it is known where it goes."""
        return self.quote_for(self.area) if self.area else None

    def quote_for(self, area: DeliveryArea) -> Quote:
        """The whole sum if it went there."""
        return quote(self.there, area.fee, self.discount_code.reduction if self.discount_code else None)

    @property
    def discount(self) -> int:
        """What the code takes off."""
        return self.discount_code.reduction.discount_on(self.subtotal) if self.discount_code else 0

    @property
    def area_id(self) -> int | None:
        """The chosen area's id."""
        return self.area.id if self.area else None

    @property
    def delivery_from(self) -> int | None:
        """The lowest fee to have it brought."""
        return min((area.fee for area in self.areas if not area.pickup), default=None)

    @property
    def ready(self) -> bool:
        """Whether it can go to the checkout."""
        return bool(self.lines) and not any(line.problem for line in self.lines)

    @property
    def items(self) -> list[NewOrderLine]:
        """The lines in the words of an order."""
        return [
            NewOrderLine(line.sku, line.name, line.label, line.image, line.price, line.quantity) for line in self.lines
        ]


def cart_contents(
    wanted: Mapping[str, int], area_id: str = "", code: str = "", last_prices: Mapping[str, int] | None = None
) -> CartContents:
    """Any quantities by SKU, priced now; `last_prices` are those last shown, of which changes are said."""
    lines, price_changes, withdrawn = read_lines(wanted, last_prices)
    areas = delivery_areas()
    area = next((area for area in areas if str(area.id) == area_id), None)
    typed = normalised_code(code)
    discount, problem = _discount(typed, sum(line.subtotal for line in lines if line.left > 0), utcnow())
    return CartContents(lines, price_changes, withdrawn, areas, area, typed, problem, discount)


def read_quantity(text: str) -> int:
    """A quantity as typed. Raises CartProblem with the cure."""
    tidy = text.strip()
    if not re.fullmatch("[0-9]+", tidy):
        raise CartProblem(f"Quantity must be a whole number from 0 to {MOST_OF_ONE}")
    if len(tidy) > 4 or int(tidy) > MOST_OF_ONE:
        raise CartProblem(f"Quantity must be {MOST_OF_ONE} or fewer. For more, write to us")
    return int(tidy)


def read_lines(
    wanted: Mapping[str, int], prices: Mapping[str, int] | None = None
) -> tuple[list[CartContentsLine], list[str], dict[str, str]]:
    """SKUs as they are sold now, in the order given; price changes since `prices`, in words; what is no longer sold."""
    before, lines, price_changes = prices or {}, [], []
    withdrawn: dict[str, str] = {}
    found = {row.sku: row for row in _rows(wanted)} if wanted else {}
    for sku, quantity in wanted.items():
        row = found.get(sku)
        if row is None or not row.sold:
            withdrawn[sku] = f"{full_name(row.name, row.label)} is no longer sold. We took it out" if row else GONE
            continue
        line = CartContentsLine(
            sku=sku,
            name=row.name,
            label=row.label,
            slug=row.slug,
            category=row.category,
            image=row.path or NO_IMAGE,
            alt=row.alt or row.name,
            price=row.price,
            quantity=quantity,
            left=row.left,
        )
        was = before.get(sku, line.price)
        if was != line.price:
            price_changes.append(
                f"The price of {line.full_name} is now {shillings(line.price)}. It was {shillings(was)}"
            )
        lines.append(line)
    return lines, price_changes, withdrawn


def full_name(name: str, label: str) -> str:
    """Name and variant."""
    return f"{name} ({label})" if label else name


def _discount(typed: str, goods: int, now: datetime) -> tuple[DiscountCode | None, str | None]:
    if not typed:
        return None, None
    code = discount_code_by_name(typed)
    if code is None:
        return None, not_known(typed)
    problem = code.problem_with(goods, now)
    return (None, problem) if problem else (code, None)


def _rows(skus: Iterable[str]) -> Sequence[Any]:
    columns = (
        Variant.sku,
        Variant.label,
        Variant.price,
        Product.name,
        Product.slug,
        ProductImage.path,
        ProductImage.alt,
    )
    left, sold = (Variant.on_hand - Variant.held).label("left"), and_(Variant.active, Product.active).label("sold")
    query = (
        select(*columns, Category.slug.label("category"), left, sold)
        .join(Product, Product.id == Variant.product_id)
        .join(Category, Category.id == Product.category_id)
        .outerjoin(ProductImage, image_of_variant())
    )
    return db.session.execute(query.where(Variant.sku.in_(skus))).all()
