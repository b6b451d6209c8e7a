"""A parcel on its way, from the admin to the buyer: on a phone and on a wide screen."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor

SIZES = pytest.mark.parametrize("size", ["phone", "laptop"])


@pytest.mark.smoke
@SIZES
def test_a_paid_order_is_packed_and_sent_and_its_buyer_knows(comes: Callable[..., Visitor], size: str):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy()
    buyer.sees_paid()  # the admin's page does not wait for the callback
    number, page = buyer.orders[0][0], merchant.page
    merchant.sign_in()
    merchant.open(f"/admin/orders/{number}")

    page.get_by_role("button", name="Mark packed").click()
    merchant.sees("Packed")
    page.get_by_role("button", name="Mark sent").click()
    merchant.sees("Marked sent.")
    expect(page.locator(".order-head__states")).to_contain_text("Sent")
    expect(page.get_by_role("button", name="Mark delivered")).to_be_visible()

    assert "Near the stage, blue gate" in merchant.shop.mail_with(f"Subject: Your order {number} is on its way")
    buyer.page.reload()
    buyer.sees_heading("Your order is on its way.")


@SIZES
def test_a_pickup_order_is_handed_over_for_the_code_the_buyer_shows(comes: Callable[..., Visitor], size: str):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy(area="Pick up at the workshop")
    buyer.sees_paid()
    number, page = buyer.orders[0][0], merchant.page
    merchant.sign_in()
    merchant.open(f"/admin/orders/{number}")
    page.get_by_role("button", name="Mark packed: ready to collect").click()

    buyer.page.reload()
    buyer.sees_heading("Your order is ready to collect.")
    code = buyer.page.locator(".status__code strong").inner_text()
    mail = merchant.shop.mail_with(f"Subject: Your order {number} is ready to collect")
    assert re.search(r"Your collection code: (\d{4})", mail)[1] == code

    page.get_by_label("Collection code").fill(f"{(int(code) + 1) % 10_000:04d}")
    page.get_by_role("button", name="Hand over", exact=True).click()
    merchant.sees("That is not the collection code of this order.")
    page.get_by_label("Collection code").fill(code)
    page.get_by_role("button", name="Hand over", exact=True).click()
    merchant.sees("Nothing to do: collected.")
    buyer.page.reload()
    buyer.sees_heading("Your order has been collected.")


@SIZES
def test_what_is_written_to_the_buyer_arrives_and_a_private_note_does_not(comes: Callable[..., Visitor], size: str):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy()
    number, page = buyer.orders[0][0], merchant.page
    merchant.sign_in()
    merchant.open(f"/admin/orders/{number}")
    page.get_by_text("Write a private note").click()
    page.get_by_label("Private note").fill("Likes to be called first")
    page.get_by_role("button", name="Save note").click()
    merchant.sees("Likes to be called first")
    page.get_by_text("Write to the buyer").click()
    page.get_by_label("Message to the buyer").fill("The rider comes at four")
    page.get_by_role("button", name="Send to the buyer").click()
    merchant.sees("The rider comes at four")

    assert "The rider comes at four" in merchant.shop.mail_with(f"Subject: A message about your order {number}")
    buyer.page.reload()
    buyer.sees("The rider comes at four")
    expect(buyer.page.get_by_text("Likes to be called first")).to_have_count(0)


@SIZES
def test_a_rider_slip_fills_one_sheet_of_a6(comes: Callable[..., Visitor], size: str):
    visitor = comes(size)
    visitor.buy()
    visitor.sees_paid()
    number = visitor.orders[0][0]
    visitor.sign_in()
    page = visitor.open(f"/admin/print?slip=rider&order={number}&order={number}")
    expect(page.get_by_text("PAID")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_visible()

    printed = page.pdf(prefer_css_page_size=True)
    sheets = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
    millimetres = [tuple(round(float(side) * 25.4 / 72) for side in sheet) for sheet in sheets]
    assert millimetres == [(105, 148)]
