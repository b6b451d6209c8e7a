"""Fixtures of the tests about payments in the admin."""

from collections.abc import Callable

import pytest

from tests.payment_pages import PaymentPages
from tests.shopper import SKU, Bought, Shopper


@pytest.fixture
def before(ledger) -> tuple[int, int]:
    """On hand and held before anything is bought."""
    return ledger.stock(SKU)


@pytest.fixture
def buy(app, provider, before) -> Callable[..., Bought]:
    """A function that buys two pieces, up to the payment page."""
    return lambda **answers: Shopper(app, provider).buy(quantity=2, **answers)


@pytest.fixture
def actions(app, owner, ledger) -> PaymentPages:
    """An owner at the payment pages of orders."""
    return PaymentPages(app, owner, ledger)
