"""What the checkout page showed, sent along with its form: nobody buys what they have not seen.

The words say only what the page said. Prices and sums are always read afresh; what was shown is compared, never used.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from shop.cart.contents import MOST_LINES, MOST_OF_ONE, CartContents
from shop.core.money import shillings
from shop.pricing.models import DeliveryArea

LONGEST = 40_000  # characters of a form's account of what it showed


@dataclass(frozen=True)
class ShownLine:
    """A line as the page showed it. `price` is whole shillings for one."""

    sku: str
    name: str
    quantity: int
    price: int


@dataclass(frozen=True)
class ShownArea:
    """A delivery area as the page showed it; the fee in whole shillings."""

    name: str
    fee: int
    note: str


@dataclass(frozen=True)
class PageSnapshot:
    """All that a checkout page showed. An empty one knows of nothing."""

    lines: dict[str, ShownLine] = field(default_factory=dict)
    areas: dict[str, ShownArea] = field(default_factory=dict)
    code: str = ""  # the discount code that counted

    @property
    def quantities(self) -> dict[str, int]:
        """Pieces by SKU, at most as many as a cart takes."""
        bounded = {sku: min(line.quantity, MOST_OF_ONE) for sku, line in self.lines.items() if line.quantity > 0}
        return dict(list(bounded.items())[:MOST_LINES])


def snapshot_of(basket: CartContents) -> str:
    """What a page with this cart shows, for a hidden field of its form."""
    account = {
        "lines": [[line.sku, line.full_name, line.quantity, line.price] for line in basket.lines],
        "areas": {str(area.id): [area.name, area.fee, area.note] for area in basket.areas},
        "code": basket.discount_code.code if basket.discount_code else "",
    }
    return json.dumps(account, separators=(",", ":"), ensure_ascii=False)


def read_snapshot(text: str | None) -> PageSnapshot:
    """What a form says its page showed; an empty account for anything that is none."""
    try:
        account = json.loads(text) if text and len(text) <= LONGEST else {}
        lines = [ShownLine(_text(sku), _text(name), _count(n), _count(p)) for sku, name, n, p in account["lines"]]
        areas = {_text(key): ShownArea(_text(a), _count(b), _text(c)) for key, (a, b, c) in account["areas"].items()}
        return PageSnapshot({line.sku: line for line in lines}, areas, _text(account["code"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return PageSnapshot()


def what_moved(shown: PageSnapshot, shown_total: str, basket: CartContents, area: DeliveryArea | None) -> list[str]:
    """What is no longer as the page showed it, a sentence each, without full stops; none when all of it is."""
    if not shown.lines:  # a form that says nothing of its page: what the cart itself knows has to do
        said = [*basket.notices, *_total(shown_total, basket)]
        return said or ["Check your order once more"]
    return [
        *dict.fromkeys(basket.withdrawn.values()),
        *_lines(shown, basket),
        *_area(shown, area),
        *_total(shown_total, basket),
    ]


def area_withdrawn(shown: PageSnapshot, basket: CartContents, area_id: str) -> str | None:
    """Words for an area that was on the page and is not offered any more."""
    was = shown.areas.get(area_id)
    if was is None or any(str(area.id) == area_id for area in basket.areas):
        return None
    return f"We no longer deliver to {was.name}. Choose where it should go"


def _lines(shown: PageSnapshot, basket: CartContents) -> list[str]:
    now = {line.sku: line for line in basket.lines}
    fresh = [line for sku, line in now.items() if sku not in shown.lines]
    lost = [line for sku, line in shown.lines.items() if sku not in now and sku not in basket.withdrawn]
    if len(fresh) == len(lost) == 1:
        said = [f"Your cart now holds {_pieces(fresh[0].quantity, fresh[0].full_name)} instead of {lost[0].name}"]
    else:
        said = [f"Your cart now also holds {_pieces(line.quantity, line.full_name)}" for line in fresh]
        said += [f"{line.name} is no longer in your cart" for line in lost]
    for sku, was in shown.lines.items():
        line = now.get(sku)
        if line is None:
            continue
        if line.full_name != was.name:
            said.append(f"{was.name} is now {line.full_name}")
        if line.quantity != was.quantity:
            said.append(f"Your cart now holds {line.quantity} of {line.full_name}, not {was.quantity}")
        if line.price != was.price:
            said.append(f"The price of {line.full_name} is now {shillings(line.price)}. It was {shillings(was.price)}")
    return said


def _area(shown: PageSnapshot, area: DeliveryArea | None) -> list[str]:
    was = shown.areas.get(str(area.id)) if area else None
    if area is None:
        return []
    if was is None:
        return [f"It goes to {area.name}: {area.note}"]
    said = [f"The delivery area {was.name} is now {area.name}"] if area.name != was.name else []
    if area.fee != was.fee:
        said.append(f"Delivery to {area.name} is now {shillings(area.fee)}. It was {shillings(was.fee)}")
    if area.note != was.note:
        said.append(f"{area.name} is now: {area.note}. It was: {was.note}")
    return said


def _total(shown_total: str, basket: CartContents) -> list[str]:
    total = basket.quote.total if basket.quote else None
    if total is None or shown_total == str(total):
        return []
    if re.fullmatch("[0-9]{1,9}", shown_total):
        return [f"The total is now {shillings(total)}. It was {shillings(int(shown_total))}"]
    return [f"The total is {shillings(total)} with delivery"]


def _pieces(count: int, name: str) -> str:
    return name if count == 1 else f"{count} × {name}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise TypeError(value)
    return value
