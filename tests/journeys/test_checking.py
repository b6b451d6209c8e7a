"""What the merchant does about payments that are not clear, from the list to the buyer's page."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.live_server import PASSWORD
from tests.journeys.visitor import Visitor

SIZES = ["phone", "laptop"]


def to_checks(merchant: Visitor):
    merchant.sign_in()
    merchant.go_to("To review")
    merchant.sees_heading("To review")
    return merchant.page


@pytest.mark.parametrize("size", SIZES)
def test_the_rest_is_asked_for_with_one_tap_and_the_buyer_pays_it(comes: Callable[..., Visitor], size: str):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy("Wrong amount")
    buyer.sees_heading("Your payment is being checked by a person.")
    number = buyer.orders[0][0]
    page = to_checks(merchant)
    card = page.locator(".review-item", has=page.get_by_role("link", name=f"Order {number}"))
    expect(card).to_contain_text("KSh 2,650")
    expect(card).to_contain_text("KSh 1,325")
    card.get_by_role("button", name="Ask for the remaining KSh 1,325").click()

    merchant.sees("The buyer is asked for KSh 1,325.")
    assert "1,325" in buyer.shop.mail_with(f"KSh 1,325 remains to be paid for your order {number}")
    buyer.page.reload()
    buyer.sees_heading("KSh 1,325 of KSh 2,650 has come.")
    buyer.page.get_by_role("button", name="Pay the remaining KSh 1,325").click()
    buyer.page.get_by_role("button", name="Pay", exact=True).click()
    buyer.sees_paid()
    assert buyer.orders[0][1] == "paid"


@pytest.mark.smoke
@pytest.mark.parametrize("size", SIZES)
def test_another_is_refused_and_its_money_given_back(comes: Callable[..., Visitor], size: str):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy("Wrong amount")
    number = buyer.orders[0][0]
    page = to_checks(merchant)
    card = page.locator(".review-item", has=page.get_by_role("link", name=f"Order {number}"))
    card.get_by_role("link", name="Accept less, or refuse").click()
    merchant.sees_heading(f"Was the payment for order {number} received?")
    page.get_by_role("button", name="Refuse: cancel the order").click()
    merchant.sees("refund due: KSh 1,325")
    page.get_by_role("link", name="Record refund").click()
    page.get_by_label("Cash").check()
    page.get_by_label("Reason").fill("Only half had come")
    page.get_by_role("button", name="Record refund").click()

    merchant.sees("Refund of KSh 1,325 recorded")
    buyer.page.reload()
    buyer.sees_heading("This order was cancelled.")
    buyer.sees("KSh 1,325 was refunded.")
    assert buyer.shop.mail_with(f"Your order {number} was cancelled")
    assert buyer.shop.mail_with(f"Refund for your order {number}", "in cash")


@pytest.mark.parametrize("size", SIZES)
def test_a_lost_payment_is_marked_paid_by_the_code_its_buyer_offered(comes: Callable[..., Visitor], size: str):
    buyer, merchant = comes("phone"), comes(size)
    buyer.buy("No callback at all")
    number, code = buyer.orders[0][0], f"SK{buyer.orders[0][0]}"
    buyer.page.get_by_text("I have paid: give the M-PESA code").click()
    buyer.page.get_by_label("M-PESA code").fill(code.lower())
    buyer.page.get_by_role("button", name="Send").click()
    buyer.sees(f"We have your M-PESA code {code}.")
    page = to_checks(merchant)
    card = page.locator(".review-item", has=page.get_by_role("link", name=f"Order {number}"), has_text=code)
    card.get_by_role("link", name="Look up the code").click()
    merchant.sees_heading("M-PESA code lookup")
    merchant.sees("A buyer entered this code; no payment is known")
    page.get_by_role("link", name="Mark paid by hand").click()
    expect(page.get_by_label("M-PESA code")).to_have_value(code)
    page.get_by_label("Reason").fill("Seen in the till's M-PESA")
    page.get_by_role("button", name="Mark it paid").click()

    merchant.sees(f"Order {number} is paid")
    buyer.sees_paid()
    page.goto(f"/admin/codes?code={code}")
    merchant.sees(f"This payment is recorded for order {number}")
    page.goto("/admin/money")
    merchant.sees("The ledger and the orders agree.")


def test_money_by_hand_asks_who_it_is_where_the_password_is_long_ago(visitor: Visitor):
    visitor.buy("No callback at all")
    number = visitor.orders[0][0]
    visitor.sign_in()
    visitor.open(f"/admin/confirm?next=/admin/orders/{number}/mark-paid%3Fcode%3DSKA1B2C3D4")
    visitor.page.get_by_label("Your password").fill(PASSWORD)
    visitor.page.get_by_role("button", name="Continue").click()

    visitor.sees_heading(f"Mark order {number} paid by hand")
    expect(visitor.page.get_by_label("M-PESA code")).to_have_value("SKA1B2C3D4")
