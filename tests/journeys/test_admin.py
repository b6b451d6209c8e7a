"""What the merchant sees of a purchase that was just made."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor


@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_a_purchase_stands_at_the_desk_with_everything_the_provider_said(comes: Callable[..., Visitor], size: str):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy()
    number = buyer.orders[0][0]
    merchant.sign_in()
    page = merchant.page
    expect(page.get_by_role("row", name=number)).to_contain_text("KSh 2,650")
    page.get_by_role("link", name=number).click()

    merchant.sees_heading(f"Order {number}")
    merchant.sees("Wanjiru Test")
    page.get_by_text("What was sent").click()
    expect(page.locator("pre.raw-text").last).to_contain_text('"payment_status": "Payment complete."')
    expect(page.locator("pre.raw-text").last).to_contain_text(re.compile(r'"amount": "2650"'))


def test_an_order_is_found_by_its_phone_number_and_a_doubtful_one_says_not_to_send(visitor):
    visitor.buy("Wrong amount")
    visitor.sign_in()
    page = visitor.page
    page.get_by_label("Find by number").fill(visitor.phone_number)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=visitor.orders[0][0]).click()

    visitor.sees("Do not send anything yet.")


def test_signing_out_closes_the_desk(visitor):
    visitor.sign_in()
    visitor.page.get_by_role("button", name="Sign out").click()
    visitor.open("/admin/")

    visitor.sees_heading("Sign in")
