"""A snapshot of what the checkout page showed, sent back by its form: a changed order is shown before it is placed.

Prices and totals are always read from the database. A snapshot is only compared with them.
"""

import json
import re
from dataclasses import dataclass, field
from typing import Any

from shop.cart.contents import MAX_LINES, MAX_QUANTITY, CartContents
from shop.core.money import shillings
from shop.store.delivery_promise import area_note

MAX_SNAPSHOT_LENGTH = 40_000  # characters


@dataclass(frozen=True)
class ShownLine:
    """A cart line that the page showed. `price` is whole shillings for one."""

    sku: str
    name: str
    quantity: int
    price: int


@dataclass(frozen=True)
class ShownArea:
    """A delivery area that the page showed; the fee in whole shillings."""

    name: str
    fee: int
    note: str


@dataclass(frozen=True)
class PageSnapshot:
    """The lines and delivery areas that a checkout page showed."""

    lines: dict[str, ShownLine] = field(default_factory=dict)  # by SKU
    areas: dict[str, ShownArea] = field(default_factory=dict)  # by id
    code: str = ""  # the discount code that was applied

    @property
    def quantities(self) -> dict[str, int]:
        """Quantities by SKU, within the limits of a cart."""
        bounded = {sku: min(line.quantity, MAX_QUANTITY) for sku, line in self.lines.items() if line.quantity > 0}
        return dict(list(bounded.items())[:MAX_LINES])


def snapshot_of(cart: CartContents) -> str:
    """The snapshot of a page with this cart, as JSON for a hidden field."""
    snapshot = {
        "lines": [[line.sku, line.full_name, line.quantity, line.unit_price] for line in cart.lines],
        "areas": {str(area.id): [area.name, cart.fee_for(area), area_note(area)] for area in cart.areas},
        "code": cart.discount_code.code if cart.discount_code else "",
    }
    return json.dumps(snapshot, separators=(",", ":"), ensure_ascii=False)


def read_snapshot(text: str | None) -> PageSnapshot:
    """Parse the hidden field; an empty snapshot when it is missing or malformed."""
    try:
        fields = json.loads(text) if text and len(text) <= MAX_SNAPSHOT_LENGTH else {}
        lines = [ShownLine(_text(sku), _text(name), _count(n), _count(p)) for sku, name, n, p in fields["lines"]]
        areas = {_text(key): ShownArea(_text(a), _count(b), _text(c)) for key, (a, b, c) in fields["areas"].items()}
        return PageSnapshot({line.sku: line for line in lines}, areas, _text(fields["code"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return PageSnapshot()


def changes_since(shown: PageSnapshot, shown_total: str, cart: CartContents) -> list[str]:
    """The differences between the page and the current cart: sentences without full stops."""
    if not shown.lines:  # the form came without a snapshot: only the cart's own notices are known
        changes = [*cart.notices, *_total_change(shown_total, cart)]
        return changes or ["Check your order once more"]
    return [
        *dict.fromkeys(cart.withdrawn.values()),
        *_line_changes(shown, cart),
        *_area_changes(shown, cart),
        *_total_change(shown_total, cart),
    ]


def area_withdrawn(shown: PageSnapshot, cart: CartContents, area_id: str) -> str | None:
    """The message for an area that the page offered and that is no longer offered."""
    was = shown.areas.get(area_id)
    if was is None or any(str(area.id) == area_id for area in cart.areas):
        return None
    return f"We no longer deliver to {was.name}. Choose where it should go"


def _line_changes(shown: PageSnapshot, cart: CartContents) -> list[str]:
    now = {line.sku: line for line in cart.lines}
    added = [line for sku, line in now.items() if sku not in shown.lines]
    removed = [line for sku, line in shown.lines.items() if sku not in now and sku not in cart.withdrawn]
    if len(added) == len(removed) == 1:
        holds = _pieces(added[0].quantity, added[0].full_name)
        changes = [f"Your cart now holds {holds} instead of {removed[0].name}"]
    else:
        changes = [f"Your cart now also holds {_pieces(line.quantity, line.full_name)}" for line in added]
        changes += [f"{line.name} is no longer in your cart" for line in removed]
    for sku, was in shown.lines.items():
        line = now.get(sku)
        if line is None:
            continue
        if line.full_name != was.name:
            changes.append(f"{was.name} is now {line.full_name}")
        if line.quantity != was.quantity:
            changes.append(f"Your cart now holds {line.quantity} of {line.full_name}, not {was.quantity}")
        if line.unit_price != was.price:
            now_costs, cost = shillings(line.unit_price), shillings(was.price)
            changes.append(f"The price of {line.full_name} is now {now_costs}. It was {cost}")
    return changes


def _area_changes(shown: PageSnapshot, cart: CartContents) -> list[str]:
    area = cart.area
    if area is None:
        return []
    was, fee, note = shown.areas.get(str(area.id)), cart.fee_for(area), area_note(area)
    if was is None:
        return [f"It goes to {area.name}: {note}"]
    changes = [f"The delivery area {was.name} is now {area.name}"] if area.name != was.name else []
    if fee != was.fee:
        changes.append(f"Delivery to {area.name} is now {_fee_words(fee)}. It was {_fee_words(was.fee)}")
    if note != was.note:
        changes.append(f"{area.name} is now: {note}. It was: {was.note}")
    return changes


def _fee_words(fee: int) -> str:
    return shillings(fee) if fee else "free"


def _total_change(shown_total: str, cart: CartContents) -> list[str]:
    total = cart.quote.total if cart.quote else None
    if total is None or shown_total == str(total):
        return []
    if re.fullmatch("[0-9]{1,9}", shown_total):
        return [f"The total is now {shillings(total)}. It was {shillings(int(shown_total))}"]
    return [f"The total is {shillings(total)} with delivery"]


def _pieces(quantity: int, name: str) -> str:
    return name if quantity == 1 else f"{quantity} × {name}"


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 10**9:
        raise TypeError(value)
    return value
