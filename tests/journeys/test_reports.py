"""What the merchant sees of the day's sales, and where it leads."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor


def shown_takings(merchant: Visitor) -> int:
    """What the report of today says was taken."""
    merchant.open("/admin/reports?days=1")
    return int(re.sub(r"\D", "", merchant.page.locator(".key-figures__main dd a").first.inner_text()))


@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_the_report_sums_what_was_bought_and_leads_to_the_orders(comes: Callable[..., Visitor], size: str):
    merchant, buyer = comes(size), comes("phone")
    merchant.sign_in()
    before = shown_takings(merchant)
    for ending in ("Pay", "Balance too low", "Pay"):
        buyer.buy(ending)
    paid = [(number, total) for number, payment, total in buyer.orders if payment == "paid"]

    after = shown_takings(merchant)

    assert len(paid) == 2
    assert after - before == sum(total for _, total in paid)
    page = merchant.page
    page.locator(".key-figures__main dd a").first.click()
    for number, _ in paid:
        expect(page.get_by_role("link", name=number)).to_be_visible()
    merchant.open("/admin/reports?days=1")
    page.get_by_role("row", name=re.compile("^There was not enough money")).get_by_role("link").click()
    merchant.sees_heading("Payment attempts: There was not enough money for the payment")
