"""The visitor's own cart: what is in it, and each way to change it."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from flask_limiter import RateLimitExceeded

from shop.cart import storage
from shop.cart.contents import (
    MOST_LINES,
    MOST_OF_ONE,
    CartContents,
    CartContentsLine,
    CartProblem,
    cart_contents,
    read_lines,
)
from shop.pricing.discount_codes import normalised_code
from shop.web.extensions import limiter

NEW_CARTS = "600 per hour"  # of one client address: carriers put thousands of phones behind one
TOO_MANY_CARTS = "Very many carts come from your network at the moment. Wait 10 minutes, then add it again"
Result = TypeVar("Result")


def current_cart(area_id: str | None = None, code: str | None = None) -> CartContents:
    """The visitor's cart, priced for the area and code given or chosen before. What is withdrawn drops out."""
    kept = storage.kept()
    asked_area, asked_code = kept.area if area_id is None else area_id, kept.code if code is None else code
    return cart_contents(kept.lines, asked_area, asked_code, kept.prices)


def add(sku: str, quantity: int) -> CartContentsLine:
    """Put pieces of a SKU into the cart, at most MOST_OF_ONE of each: what was added.

    Raises CartProblem when that cannot be.
    """
    sold, *_ = read_lines({sku: quantity})
    if not sold:
        raise CartProblem("That is no longer sold")
    line = sold[0]
    if line.left <= 0:
        raise CartProblem(f"{line.full_name} is sold out")

    def put(cart: storage.Opened) -> None:
        count = cart.lines.get(sku, 0) + quantity
        if sku not in cart.lines and len(cart.lines) >= MOST_LINES:
            raise CartProblem(
                f"Your cart holds {MOST_LINES} different things, the most one order takes. Check out first"
            )
        if count > MOST_OF_ONE:
            raise CartProblem(f"One order takes {MOST_OF_ONE} of {line.full_name}. For more, write to us")
        cart.forget_removed()
        cart.put(sku, count, line.price)

    _in_cart(put)
    return line


def take_in(shared: CartContents) -> list[str]:
    """Put what somebody shared into the cart, as far as it is there; what could not be, in words.

    Doing it again changes nothing: of each SKU the cart then holds as many as were shared, or as it held before.
    """
    return _in_cart(lambda cart: _taken_in(cart, shared))


def _taken_in(cart: storage.Opened, shared: CartContents) -> list[str]:
    missed = []
    cart.forget_removed()
    for line in shared.lines:
        count = min(line.quantity, line.left, MOST_OF_ONE)
        if count <= 0:
            missed.append(f"{line.full_name} is sold out, so it is not in your cart")
        elif line.sku not in cart.lines and len(cart.lines) >= MOST_LINES:
            missed.append(f"{line.full_name} did not fit: one order takes {MOST_LINES} different things")
        else:
            if count < line.quantity:
                missed.append(f"Only {count} of {line.full_name}: there are no more")
            cart.put(line.sku, max(count, cart.lines.get(line.sku, 0)), line.price)
    return missed


def _in_cart(work: Callable[[storage.Opened], Result]) -> Result:
    """Change the visitor's cart, making one for who has none. Raises CartProblem where too many are made."""
    if storage.is_there():
        return storage.with_cart(work)
    try:
        with limiter.limit(NEW_CARTS):
            return storage.with_cart(work)
    except RateLimitExceeded:
        raise CartProblem(TOO_MANY_CARTS) from None


def change(quantities: Mapping[str, int], shown: Mapping[str, int] | None = None) -> None:
    """Set the quantity of lines in the cart; 0 removes one. What still is as the page had `shown` it stays as it is."""
    asked = {sku: count for sku, count in quantities.items() if shown is None or shown.get(sku) != count}

    def set_them(cart: storage.Opened) -> None:
        cart.forget_removed()
        for sku, count in asked.items():
            cart.set(sku, min(count, MOST_OF_ONE))

    if asked:
        storage.if_cart(set_them)


def put_back() -> None:
    """Undo the last removal."""
    storage.if_cart(lambda cart: cart.put_back())


def last_removed() -> list[CartContentsLine]:
    """What was removed last and can be put back, as it is sold now."""
    return read_lines(storage.removed())[0]


def choose(area_id: str | None, code: str | None) -> None:
    """Remember where it goes and the code typed; None leaves what was chosen before."""
    chosen = {} if area_id is None else {"area": area_id[:12]}
    if code is not None:
        chosen["code"] = normalised_code(code)
    if chosen:
        storage.note(**chosen)


def fill(quantities: Mapping[str, int]) -> None:
    """Fill the visitor's cart with what is sold of these. Raises CartProblem where too many carts are made."""
    lines, *_ = read_lines(quantities)

    def put(cart: storage.Opened) -> None:
        for line in lines[:MOST_LINES]:
            cart.put(line.sku, min(line.quantity, MOST_OF_ONE), line.price)

    if lines:
        _in_cart(put)


def bought(basket: CartContents) -> None:
    """After the order is placed: what was bought leaves the cart, what was added meanwhile stays."""

    def take_out(cart: storage.Opened) -> None:
        for line in basket.lines:
            cart.set(line.sku, cart.lines.get(line.sku, 0) - line.quantity)
        cart.forget_removed()

    storage.if_cart(take_out, code="", typed="", typed_at=None)


def accept_changes(basket: CartContents) -> None:
    """The buyer has been shown the cart as it is now: remember its prices, forget what is withdrawn."""
    if not basket.notices:
        return
    shown = {line.sku: line.price for line in basket.lines}

    def note(cart: storage.Opened) -> None:
        for sku, row in cart.rows.items():
            row.shown_price = shown.get(sku, row.shown_price)
            if sku in basket.withdrawn:
                row.quantity = row.removed = 0

    storage.if_cart(note)
