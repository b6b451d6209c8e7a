"""Limit wrong discount codes: by client address in the shop, by user in the admin."""

from contextlib import suppress

from limits import parse

from shop.cart import storage
from shop.pricing.discount_codes import discount_code_by_name, normalised_code
from shop.web.extensions import client_address, limiter

LIMIT = parse("30 per hour")
SCOPE = "wrong discount codes"
TOO_MANY_IN_ADMIN = "Too many wrong discount codes were typed from your account. Wait an hour, or go on without one"
TOO_MANY = "Too many wrong discount codes came from your network. Wait an hour, or go on without one"


def may_try_code(typed: str | None) -> bool:
    """True when a buyer may try this discount code. Only wrong codes count, and never the one in the cart.

    Over the limit correct codes are refused too: accepting them would tell which ones exist.
    """
    code = normalised_code(typed or "")
    return not code or code == storage.stored_cart().code or _allowed(code, client_address())


def may_try_code_in_admin(typed: str | None, user_id: int) -> bool:
    """True when a user may try this discount code for a draft order."""
    code = normalised_code(typed or "")
    return not code or _allowed(code, f"account {user_id}")


def _allowed(code: str, key: str) -> bool:
    if not limiter.enabled:
        return True
    with suppress(Exception):  # a rate limit store that is down must not stop a sale
        if not limiter.limiter.test(LIMIT, SCOPE, key):
            return False
        if discount_code_by_name(code) is None:
            limiter.limiter.hit(LIMIT, SCOPE, key)
    return True
