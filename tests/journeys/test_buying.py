"""From the home page to "Paid", and every outcome of a payment."""

import pytest
from playwright.sync_api import expect


@pytest.mark.smoke
def test_a_buyer_goes_from_the_home_page_to_paid_by_mpesa(user):
    page = user.open("/")
    page.get_by_role("main").get_by_role("link", name="Baskets").click()
    page.get_by_role("link", name="Classic sisal kiondo").click()
    page.get_by_label("Indigo diamonds").check()
    user.press("Add to cart")
    user.sees("Indigo diamonds, KSh 2,450 each")
    user.press("Checkout")
    user.fill_in(area="Eastlands")
    expect(user.pay_button).to_have_text("Pay KSh 2,750")
    user.pay()
    user.sees("KSh 2,750")
    user.choose_outcome()

    user.sees_paid()
    user.sees_heading("Paid. We have received KSh 2,750.")
    user.sees("It goes to Eastlands")
    assert [order[1:] for order in user.orders] == [("paid", 2750)]


def test_a_buyer_with_a_laptop_pays_by_card(new_user):
    user = new_user("laptop")
    user.buy(card=True)

    user.sees_paid()
    assert [order[1:] for order in user.orders] == [("paid", 2650)]


@pytest.mark.smoke
def test_a_balance_too_low_is_reported_plainly_and_paid_at_the_second_try(user):
    user.buy("Balance too low")
    user.sees_heading("The payment did not go through.")
    user.sees("The M-PESA balance was too low")
    assert "Insufficient funds" not in user.page.content()
    expect(user.pay_button).to_have_text("Try again")

    user.pay()
    user.choose_outcome()

    user.sees_paid()
    assert len(user.orders) == 1


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("Paid, but the callback comes late", "Do not pay again. Your payment may still be on its way."),
        ("Failure, then success", "The payment did not go through."),
        ("Paid twice", None),
    ],
)
def test_the_order_page_turns_to_paid_by_itself_once(user, outcome, words):
    user.buy(outcome)
    if words:
        user.sees(words)

    user.sees_paid()
    expect(user.page.get_by_text("Do not pay again")).to_have_count(0)
    assert [order[1:] for order in user.orders] == [("paid", 2650)]


@pytest.mark.parametrize(
    ("outcome", "payment", "heading", "words", "buttons"),
    [
        ("Cancelled by the buyer", "awaiting", "The payment did not go through.", "cancelled", ["Try again"]),
        ("Wrong amount", "review", "We are checking your payment.", "Do not pay again", []),
    ],
)
def test_the_order_page_says_whether_to_pay_again(user, outcome, payment, heading, words, buttons):
    user.buy(outcome)

    user.sees_heading(heading)
    user.sees(words)
    expect(user.pay_button).to_have_text(buttons)
    assert user.orders[0][1] == payment


def test_an_order_page_without_a_callback_keeps_waiting_without_an_error(user):
    user.page.clock.install()
    user.buy("No callback at all")
    with user.page.expect_response("**/status") as answer:
        user.page.clock.run_for(2000)
    answer.value.finished()

    user.sees_heading("No news of your payment yet.")
    user.sees("Do not pay again")
    assert user.orders[0][1] == "awaiting"
