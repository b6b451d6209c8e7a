"""What the merchant does about payments that are not clear, from the list to the buyer's page."""

import pytest
from playwright.sync_api import expect

SIZES = pytest.mark.parametrize("size", ["phone", "laptop"])


def review_item(merchant, number, **filters):
    """Sign in, and find an order's item in the review queue."""
    merchant.sign_in()
    merchant.go_to("To review")
    merchant.sees_heading("To review")
    link = merchant.page.get_by_role("link", name=f"Order {number}")
    return merchant.page.locator(".review-item", has=link, **filters)


@SIZES
def test_the_remaining_amount_is_asked_for_and_paid(new_user, size):
    buyer, merchant = new_user("phone"), new_user(size)
    buyer.buy("Wrong amount")
    buyer.sees_heading("We are checking your payment.")
    number = buyer.orders[0][0]
    card = review_item(merchant, number)
    expect(card).to_contain_text("KSh 2,650")
    expect(card).to_contain_text("KSh 1,325")
    card.get_by_role("button", name="Ask for the remaining KSh 1,325").click()

    merchant.sees("The buyer is asked for KSh 1,325.")
    assert "1,325" in buyer.shop.email_with(f"KSh 1,325 remains to be paid for your order {number}")
    buyer.page.reload()
    buyer.sees_heading("KSh 1,325 of KSh 2,650 has come.")
    buyer.page.get_by_role("button", name="Pay the remaining KSh 1,325").click()
    buyer.page.get_by_role("button", name="Pay", exact=True).click()
    buyer.sees_paid()
    assert buyer.orders[0][1] == "paid"


@pytest.mark.smoke
@SIZES
def test_an_order_is_refused_and_its_payment_refunded(new_user, size):
    buyer, merchant = new_user("phone"), new_user(size)
    buyer.buy("Wrong amount")
    number = buyer.orders[0][0]
    page, card = merchant.page, review_item(merchant, number)
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
    assert buyer.shop.email_with(f"Your order {number} was cancelled")
    assert buyer.shop.email_with(f"Refund for your order {number}", "in cash")


@SIZES
def test_a_lost_payment_is_marked_paid_by_the_code_that_its_buyer_gave(new_user, size):
    buyer, merchant = new_user("phone"), new_user(size)
    buyer.buy("No callback at all")
    number, code = buyer.orders[0][0], f"SK{buyer.orders[0][0]}"
    buyer.page.get_by_text("I have paid: give the M-PESA code").click()
    buyer.page.get_by_label("M-PESA code").fill(code.lower())
    buyer.page.get_by_role("button", name="Send").click()
    buyer.sees(f"We have your M-PESA code {code}.")
    page = merchant.page
    review_item(merchant, number, has_text=code).get_by_role("link", name="Look up the code").click()
    merchant.sees_heading("M-PESA code lookup")
    merchant.sees("A buyer entered this code; no payment is known")
    page.get_by_role("link", name="Mark paid by hand").click()
    expect(page.get_by_label("M-PESA code")).to_have_value(code)
    page.get_by_label("Reason").fill("Seen in the till's M-PESA")
    page.get_by_role("button", name="Mark it paid").click()

    merchant.sees(f"Order {number} is paid")
    buyer.sees_paid()
    page.goto(f"/admin/mpesa-codes?code={code}")
    merchant.sees(f"This payment is recorded for order {number}")
    page.goto("/admin/reconciliation")
    merchant.sees("The ledger and the orders agree.")
