"""The visitor's own cart: its contents, each way to change it, and the limit of wrong discount codes."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TypeVar

from flask_limiter import RateLimitExceeded
from limits import RateLimitItem, parse

from shop.cart import storage
from shop.cart.contents import MAX_LINES, MAX_QUANTITY, CartContents, CartProblem, cart_contents, read_lines
from shop.cart.storage import LockedCart
from shop.pricing.discount_codes import discount_code_by_name, normalised_code
from shop.pricing.quote import LineItem
from shop.web.extensions import client_address, limiter

NEW_CARTS = "600 per hour"  # of one client address: mobile operators put thousands of phones behind one
TOO_MANY_CARTS = "Very many carts come from your network at the moment. Wait 10 minutes, then add it again"
WRONG_CODES = parse("300 per hour")  # of one client address, which thousands of phones may share
WRONG_CODES_IN_ADMIN = parse("30 per hour")  # of one user
TOO_MANY_CODES = "Too many wrong discount codes came from your network. Wait an hour, or go on without one"
Result = TypeVar("Result")


def current_cart(area_id: str | None = None, code: str | None = None) -> CartContents:
    """The visitor's cart, priced for this area and discount code, or for those chosen before."""
    stored = storage.stored_cart()
    area_id, code = stored.area if area_id is None else area_id, stored.code if code is None else code
    return cart_contents(stored.lines, area_id, code, stored.prices)


def add(sku: str, quantity: int) -> LineItem:
    """Add pieces of a SKU to the cart, at most MAX_QUANTITY of each. Raises CartProblem."""
    sold, *_ = read_lines({sku: quantity})
    if not sold:
        raise CartProblem("That is no longer sold")
    line = sold[0]
    if line.left <= 0:
        raise CartProblem(f"{line.full_name} is sold out")
    _change_or_create(lambda cart: _put(cart, line))
    return line


def _put(cart: LockedCart, line: LineItem) -> None:
    quantity = cart.lines.get(line.sku, 0) + line.quantity
    if line.sku not in cart.lines and len(cart.lines) >= MAX_LINES:
        raise CartProblem(f"Your cart holds {MAX_LINES} different things, the most one order takes. Check out first")
    if quantity > MAX_QUANTITY:
        raise CartProblem(f"One order takes {MAX_QUANTITY} of {line.full_name}. For more, write to us")
    cart.delete_removed()
    cart.put(line.sku, quantity, line.unit_price)


def add_shared(shared: CartContents) -> list[str]:
    """Add a shared cart to the visitor's cart as far as stock allows. Returns sentences about what was left out.

    A second call changes nothing: each quantity becomes the larger one of the two carts.
    """
    return _change_or_create(lambda cart: _put_shared(cart, shared))


def _put_shared(cart: LockedCart, shared: CartContents) -> list[str]:
    left_out = []
    cart.delete_removed()
    for line in shared.lines:
        quantity = min(line.quantity, line.left, MAX_QUANTITY)
        if quantity <= 0:
            left_out.append(f"{line.full_name} is sold out, so it is not in your cart")
        elif line.sku not in cart.lines and len(cart.lines) >= MAX_LINES:
            left_out.append(f"{line.full_name} did not fit: one order takes {MAX_LINES} different things")
        else:
            if quantity < line.quantity:
                left_out.append(f"Only {quantity} of {line.full_name}: there are no more")
            cart.put(line.sku, max(quantity, cart.lines.get(line.sku, 0)), line.unit_price)
    return left_out


def fill(quantities: Mapping[str, int]) -> None:
    """Fill the visitor's cart with these SKUs, as far as they are sold. Raises CartProblem."""
    lines, *_ = read_lines(quantities)
    if lines:
        _change_or_create(lambda cart: _put_all(cart, lines[:MAX_LINES]))


def _put_all(cart: LockedCart, lines: list[LineItem]) -> None:
    for line in lines:
        cart.put(line.sku, min(line.quantity, MAX_QUANTITY), line.unit_price)


def _change_or_create(change: Callable[[LockedCart], Result]) -> Result:
    """Change the visitor's cart, or create one. Raises CartProblem when one network creates too many."""
    if storage.cart_exists():
        return storage.with_cart(change)
    try:
        with limiter.limit(NEW_CARTS):
            return storage.with_cart(change)
    except RateLimitExceeded:
        raise CartProblem(TOO_MANY_CARTS) from None


def set_quantities(quantities: Mapping[str, int], shown: Mapping[str, int] | None = None) -> None:
    """Set quantities of lines in the cart; 0 removes a line. Quantities equal to those the page showed are skipped."""
    changed = {sku: quantity for sku, quantity in quantities.items() if shown is None or shown.get(sku) != quantity}
    if changed:
        storage.if_cart(lambda cart: _set_quantities(cart, changed))


def _set_quantities(cart: LockedCart, quantities: Mapping[str, int]) -> None:
    cart.delete_removed()
    for sku, quantity in quantities.items():
        cart.set_quantity(sku, min(quantity, MAX_QUANTITY))


def undo_removal() -> None:
    """Put back the lines that were removed last."""
    storage.if_cart(LockedCart.undo_removal)


def removed_lines() -> list[LineItem]:
    """The lines that were removed last and can be put back, at current prices."""
    return read_lines(storage.removed_lines())[0]


def choose(area_id: str | None, code: str | None) -> None:
    """Store the chosen area and the typed discount code; None keeps the earlier one."""
    values = {} if area_id is None else {"area": area_id[:12]}
    if code is not None:
        values["code"] = normalised_code(code)
    if values:
        storage.update_cart(**values)


def keep_code(code: str) -> None:
    """Store a discount code with the cart, or in the session until there is a cart."""
    if storage.cart_exists():
        storage.update_cart(code=code)
    else:
        storage.keep_waiting_code(code)


def remove_ordered(ordered: CartContents) -> None:
    """Remove ordered lines, the discount code and the checkout answers; the area and goods added later stay."""
    area = str(ordered.area_id or "")
    storage.if_cart(lambda cart: _take_out(cart, ordered), area=area, code="", answers="", answers_at=None)


def _take_out(cart: LockedCart, ordered: CartContents) -> None:
    for line in ordered.lines:
        cart.set_quantity(line.sku, cart.lines.get(line.sku, 0) - line.quantity)
    cart.delete_removed()


def accept_changes(shown: CartContents) -> None:
    """Store the prices the buyer has seen and remove withdrawn lines, once the page has told the buyer."""
    if shown.notices:
        storage.if_cart(lambda cart: _accept_changes(cart, shown))


def _accept_changes(cart: LockedCart, shown: CartContents) -> None:
    prices = {line.sku: line.unit_price for line in shown.lines}
    for sku, row in cart.rows.items():
        row.shown_price = prices.get(sku, row.shown_price)
        if sku in shown.withdrawn:
            row.quantity = row.removed = 0


def may_try_code(typed: str | None) -> bool:
    """True when a buyer may try this discount code. Only wrong codes count, and never the one in the cart.

    Over the limit correct codes are refused too: accepting them would tell which ones exist.
    """
    code = normalised_code(typed or "")
    return not code or code == storage.stored_cart().code or _allowed(code, client_address(), WRONG_CODES)


def may_try_code_in_admin(typed: str | None, user_id: int) -> bool:
    """True when a user may try this discount code for a draft order."""
    code = normalised_code(typed or "")
    return not code or _allowed(code, f"account {user_id}", WRONG_CODES_IN_ADMIN)


def _allowed(code: str, key: str, limit: RateLimitItem) -> bool:
    if not limiter.enabled:
        return True
    with suppress(Exception):  # a rate limit store that is down must not stop a sale
        if not limiter.limiter.test(limit, "wrong discount codes", key):
            return False
        if discount_code_by_name(code) is None:
            limiter.limiter.hit(limit, "wrong discount codes", key)
    return True
