"""An order made in the admin and paid by its buyer."""

import re

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_merchant_makes_an_order_on_a_phone_and_its_buyer_pays_it(new_user, scripted):
    merchant, buyer = new_user("phone", java_script_enabled=scripted), new_user("phone")
    merchant.expected_statuses.add(409)  # the total is shown before anything is made
    merchant.sign_in()
    page = merchant.page
    merchant.go_to("New order")
    page.get_by_label("Find a product").fill("kiondo terracotta")
    page.get_by_label("Find a product").press("Enter")
    page.get_by_role("button", name="Add Classic sisal kiondo, Terracotta bands").click()
    page.get_by_label("Quantity of Classic sisal kiondo").fill("2")
    page.get_by_label("Full name", exact=True).fill("Wanjiru Test")
    page.get_by_label("Phone number", exact=True).fill(buyer.phone_number)
    page.get_by_label("Nairobi CBD").check()
    page.get_by_label("Address or landmark").fill("Blue gate")
    page.get_by_role("button", name="Make the order").click()
    merchant.sees("The total is KSh 5,100. If that is correct, press Make the order")
    page.get_by_role("button", name="Make the order").click()

    merchant.sees_heading("Send the link to pay")
    digits = "254" + re.sub(r"\D", "", buyer.phone_number)[1:]
    whatsapp = page.get_by_role("link", name="Open WhatsApp")
    expect(whatsapp).to_have_attribute("href", re.compile(rf"^https://wa\.me/{digits}\?text=.*orders%2F"))
    buyer.open(page.get_by_label("Only the link").input_value())
    buyer.sees_heading("Check your order, then pay.")
    buyer.pay()
    buyer.choose_outcome()

    buyer.sees_paid()
    assert [order[1:] for order in buyer.orders] == [("paid", 5100)]
    page.get_by_role("link", name="Open it").click()
    merchant.sees(f"Made order {buyer.orders[0][0]} for the buyer")
