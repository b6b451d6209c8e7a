"""Limits wrong discount codes: of buyers by client address, in the admin by account."""

from contextlib import suppress

from limits import parse

from shop.cart import storage
from shop.pricing.discount_codes import discount_code_by_name, normalised_code
from shop.web.extensions import limiter
from shop.web.rate_limits import client_address

MOST = parse("30 per hour")
SCOPE = "wrong discount codes"
TOO_MANY_IN_ADMIN = "Too many wrong discount codes were typed from your account. Wait an hour, or go on without one"
TOO_MANY = "Too many wrong discount codes came from your network. Wait an hour, or go on without one"


def may_try_code(typed: str | None) -> bool:
    """Whether a typed discount code may be looked at. A wrong one is counted, a right one and one kept before never is.

    When too many were wrong a right one is not looked at either: it would tell which it is.
    """
    code = normalised_code(typed or "")
    return not code or code == storage.kept().code or _counted(code, client_address())


def may_try_code_in_admin(typed: str | None, user_id: int) -> bool:
    """As `may_try`, for a code typed into an order that is made in the admin; counted by account."""
    code = normalised_code(typed or "")
    return not code or _counted(code, f"account {user_id}")


def _counted(code: str, whose: str) -> bool:
    if not limiter.enabled:
        return True
    with suppress(Exception):  # a counter that is away must not stop a sale
        if not limiter.limiter.test(MOST, SCOPE, whose):
            return False
        if discount_code_by_name(code) is None:
            limiter.limiter.hit(MOST, SCOPE, whose)
    return True
