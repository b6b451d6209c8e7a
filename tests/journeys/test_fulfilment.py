"""An order on its way to the buyer."""

import re

import pytest
from playwright.sync_api import expect

SIZES = pytest.mark.parametrize("size", ["phone", "laptop"])


@pytest.mark.smoke
@SIZES
def test_a_paid_order_is_packed_and_sent_and_its_buyer_knows(new_user, size):
    buyer, merchant = new_user("phone"), new_user(size)
    buyer.buy()
    buyer.sees_paid()  # the admin's page does not wait for the callback
    number, page = buyer.orders[0][0], merchant.page
    merchant.sign_in()
    merchant.open(f"/admin/orders/{number}")

    merchant.press("Mark packed")
    merchant.sees("Packed")
    merchant.press("Mark sent")
    merchant.sees("Marked sent.")
    expect(page.locator(".order-head__states")).to_contain_text("Sent")
    expect(page.get_by_role("button", name="Mark delivered")).to_be_visible()

    assert "Near the stage, blue gate" in merchant.shop.email_with(f"Subject: Your order {number} is on its way")
    buyer.page.reload()
    buyer.sees_heading("Your order is on its way.")


@SIZES
def test_a_pickup_order_is_handed_over_for_the_code_the_buyer_shows(new_user, size):
    buyer, merchant = new_user("phone"), new_user(size)
    buyer.buy(area="Pick up at the workshop")
    buyer.sees_paid()
    number, page = buyer.orders[0][0], merchant.page
    merchant.sign_in()
    merchant.open(f"/admin/orders/{number}")
    merchant.press("Mark packed: ready to collect")

    buyer.page.reload()
    buyer.sees_heading("Your order is ready to collect.")
    code = buyer.page.locator(".status__code strong").inner_text()
    mail = merchant.shop.email_with(f"Subject: Your order {number} is ready to collect")
    assert re.search(r"Your collection code: (\d{4})", mail)[1] == code

    page.get_by_label("Collection code").fill(f"{(int(code) + 1) % 10_000:04d}")
    merchant.press("Hand over")
    merchant.sees("That is not the collection code of this order.")
    page.get_by_label("Collection code").fill(code)
    merchant.press("Hand over")
    merchant.sees("Nothing to do: collected.")
    buyer.page.reload()
    buyer.sees_heading("Your order has been collected.")


def test_a_rider_slip_fills_one_sheet_of_a6(user):
    user.buy()
    user.sees_paid()
    number = user.orders[0][0]
    user.sign_in()
    page = user.open(f"/admin/slips?slip=rider&order={number}&order={number}")
    expect(page.get_by_text("PAID")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_be_visible()

    printed = page.pdf(prefer_css_page_size=True)
    sheets = re.findall(rb"/MediaBox \[0 0 ([0-9.]+) ([0-9.]+)\]", printed)
    millimetres = [tuple(round(float(side) * 25.4 / 72) for side in sheet) for sheet in sheets]
    assert millimetres == [(105, 148)]
