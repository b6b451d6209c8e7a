"""A merchant adds goods in sizes and colours and counts them; a buyer takes one of them home."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.test_access import SMALL_TARGETS, serious_findings
from tests.journeys.visitor import Visitor


def looked_over(visitor: Visitor) -> None:
    """Nothing on the page as it is stands in anybody's way."""
    assert serious_findings(visitor.page) + visitor.page.evaluate(SMALL_TARGETS) == []


@pytest.mark.parametrize("size", ["phone", "desk"])
def test_goods_in_sizes_and_colours_are_added_counted_and_bought(comes: Callable[..., Visitor], size: str):
    merchant, buyer = comes(size, reduced_motion="reduce"), comes("phone", reduced_motion="reduce")
    name = f"Woven mat for a {size}"
    merchant.sign_in()
    page = merchant.page
    merchant.open("/admin/products")
    looked_over(merchant)
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Category").select_option("Cloth & cushions")
    page.get_by_label("Price in KSh").fill("2,450")
    page.get_by_label("How many are here").fill("4")
    page.get_by_label("It comes in sizes").check()
    looked_over(merchant)
    page.get_by_role("button", name="Add the product").click()

    merchant.sees_heading("Options")
    page.get_by_label("Option 1").fill("Size")
    page.get_by_label("Its values").nth(0).fill("Small, Large")
    page.get_by_label("Option 2").fill("Colour")
    page.get_by_label("Its values").nth(1).fill("Indigo, Madder")
    looked_over(merchant)
    page.get_by_role("button", name="Show the combinations").click()
    merchant.sees_heading("New variants")
    page.get_by_label("Price of Large, Madder").fill("3100")
    looked_over(merchant)
    page.get_by_role("button", name="Save", exact=True).last.click()

    merchant.sees_heading(name)
    looked_over(merchant)
    page.get_by_role("row", name="Large, Madder").get_by_role("link", name="Stock").click()
    page.get_by_label("Received").check()
    page.get_by_label("Pieces").fill("6")
    page.get_by_label("Note").fill("From the weavers")
    page.get_by_role("button", name="Write it down").click()
    merchant.sees("has 6 here now")
    looked_over(merchant)
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="Edit").click()
    looked_over(merchant)
    page.get_by_role("link", name=name).click()
    page.get_by_role("link", name="as buyers see it").click()

    buyer.open(page.url.removeprefix(buyer.shop.url))
    looked_over(buyer)
    buyer.page.get_by_label(re.compile("Large, Madder")).check()
    buyer.page.get_by_role("button", name="Add to cart").click()
    expect(buyer.page.get_by_role("heading", level=1)).to_have_text("Your cart")
    buyer.open("/checkout")
    buyer.fill_in()
    buyer.pay()
    buyer.at_the_provider("Pay")
    buyer.sees_paid()

    merchant.open("/admin/products")
    page.get_by_label("Find by name").fill(name)
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=name).click()
    page.get_by_role("row", name="Large, Madder").get_by_role("link", name="Stock").click()
    expect(page.get_by_role("row", name="Sold")).to_contain_text(f"order {buyer.orders[0][0]}")
    merchant.open("/admin/categories")
    looked_over(merchant)
