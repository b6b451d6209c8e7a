"""Forty orders of one buyer at one moment: five are placed, on both databases, to the order."""

from collections import Counter

import pytest

from shop.emails import messages
from shop.orders import placement
from shop.orders.models import Order
from tests import both_databases
from tests.faults.at_once import at_once
from tests.shopper import SKU

BUYERS = 40
ONE = pytest.mark.parametrize(
    "same", [{"phone_number": "0722 345 678"}, {"email": "one@example.com"}], ids=["phone", "email"]
)


@pytest.fixture
def settings(settings):
    return {**settings, "WEB_THREADS": "60", "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


def programme(same: dict[str, str]) -> str:
    """What the proof calls it."""
    return f"{BUYERS} unpaid orders of one {next(iter(same)).partition('_')[0]} at once"


@pytest.fixture
def rush(shopper, ledger, crowd, together):
    """All of them at once, who have these answers in common; how they were answered."""

    def run(**same):
        ledger.shelve(SKU, 1_000)
        shopper.add(SKU)
        buyers = crowd(BUYERS, **same)
        together(BUYERS)
        return Counter(reply.status_code for reply in at_once(buyers))

    return run


@both_databases
@ONE
def test_forty_at_once_are_five(rush, ledger, same, reached):
    assert rush(**same) == {303: 5, 200: BUYERS - 5}
    assert (ledger.count(Order), ledger.stock(SKU)) == (5, (1_000, 5))
    reached(programme(same), "5 placed")


@both_databases
def test_the_days_mails_of_an_address_are_counted_to_the_mail(rush, ledger, monkeypatch):
    monkeypatch.setattr(placement, "MAX_OPEN_ORDERS", 1_000)

    assert rush(email="one@example.com") == {303: BUYERS}
    assert ledger.mails("placed") == messages.MAX_UNPROVEN
