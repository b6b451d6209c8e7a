"""Wrong discount codes, counted for each client address: in the cart and at the checkout alike."""

from contextlib import suppress

from limits import parse

from shop.cart import rows
from shop.extensions import limiter
from shop.limits import client_address
from shop.pricing.claiming import code_named, tidy_code

MOST = parse("30 per hour")
SCOPE = "wrong discount codes"
TOO_MANY = "Too many wrong discount codes came from your network. Wait an hour, or go on without one"


def may_try(typed: str | None) -> bool:
    """Whether a typed discount code may be looked at. A wrong one is counted, a right one and one kept before never is.

    When too many were wrong a right one is not looked at either: it would tell which it is.
    """
    code = tidy_code(typed or "")
    if not code or code == rows.kept().code or not limiter.enabled:
        return True
    with suppress(Exception):  # a counter that is away must not stop a sale
        if not limiter.limiter.test(MOST, SCOPE, client_address()):
            return False
        if code_named(code) is None:
            limiter.limiter.hit(MOST, SCOPE, client_address())
    return True
