"""From the home page to "Paid", and every way a payment can end."""

import pytest
from playwright.sync_api import expect


@pytest.mark.smoke
def test_a_buyer_goes_from_the_home_page_to_paid_by_mpesa(visitor):
    page = visitor.open("/")
    page.get_by_role("link", name="Baskets").click()
    page.get_by_role("link", name="Classic sisal kiondo").click()
    page.get_by_label("Indigo diamonds").check()
    page.get_by_role("button", name="Add to cart").click()
    visitor.sees("Indigo diamonds, KSh 2,450 each")
    page.get_by_role("button", name="Checkout").click()
    visitor.fill_in(area="Eastlands")
    expect(visitor.pay_button).to_have_text("Pay KSh 2,750")
    visitor.pay()
    visitor.sees("KSh 2,750")
    visitor.at_the_provider()

    visitor.sees_paid()
    visitor.sees_heading("Paid. We have received KSh 2,750.")
    visitor.sees("It goes to Eastlands")
    assert [order[1:] for order in visitor.orders] == [("paid", 2750)]


def test_a_buyer_at_a_desk_pays_by_card(comes):
    visitor = comes("laptop")
    visitor.buy(card=True)

    visitor.sees_paid()
    assert [order[1:] for order in visitor.orders] == [("paid", 2650)]


@pytest.mark.smoke
def test_a_balance_too_low_is_said_plainly_and_paid_at_the_second_try(visitor):
    visitor.buy("Balance too low")
    visitor.sees_heading("The payment did not go through.")
    visitor.sees("The M-PESA balance was too low")
    assert "Insufficient funds" not in visitor.page.content()
    expect(visitor.pay_button).to_have_text("Try again")

    visitor.pay()
    visitor.at_the_provider()

    visitor.sees_paid()
    assert len(visitor.orders) == 1


def test_a_payment_the_buyer_cancelled_can_be_tried_again(visitor):
    visitor.buy("Cancelled by the buyer")

    visitor.sees_heading("The payment did not go through.")
    visitor.sees("cancelled")
    expect(visitor.pay_button).to_have_text("Try again")


def test_a_failure_that_is_corrected_turns_the_page_to_paid_by_itself(visitor):
    visitor.buy("Failure, then success")
    visitor.sees_heading("The payment did not go through.")

    visitor.sees_paid()


def test_a_buyer_whose_payment_is_confirmed_late_is_told_not_to_pay_again_until_the_page_says_paid(visitor):
    visitor.buy("Paid, but the callback comes late")
    visitor.sees("Do not pay again. Your payment may still be on its way.")
    visitor.sees("This page updates by itself when your payment is confirmed.")

    visitor.sees_paid()
    expect(visitor.page.get_by_text("Do not pay again")).to_have_count(0)


def test_a_confirmation_that_comes_twice_is_one_payment(visitor):
    visitor.buy("Paid twice")

    visitor.sees_paid()
    assert [order[1:] for order in visitor.orders] == [("paid", 2650)]


def test_a_wrong_amount_is_being_checked_and_asks_for_no_second_payment(visitor):
    visitor.buy("Wrong amount")

    visitor.sees_heading("Your payment is being checked by a person.")
    visitor.sees("Do not pay again")
    expect(visitor.pay_button).to_have_count(0)
    assert visitor.orders[0][1] == "review"


def test_a_payment_nothing_is_heard_of_keeps_the_page_waiting_without_an_error(visitor):
    visitor.page.clock.install()
    visitor.buy("No callback at all")
    with visitor.page.expect_response("**/status") as answer:
        visitor.page.clock.run_for(2000)
    answer.value.finished()

    visitor.sees_heading("We are waiting to hear about your payment.")
    visitor.sees("Do not pay again")
    assert visitor.orders[0][1] == "awaiting"
