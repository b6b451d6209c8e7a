"""Double clicks and the Back button: one order, and no form is sent again."""

import re
import time
from contextlib import suppress

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_double_click_on_pay_makes_one_order(new_user, scripted):
    user = new_user("phone", java_script_enabled=scripted)
    user.open_checkout()
    if not scripted:  # the page could not say the total before, and asks
        user.expected_statuses.add(409)
        user.pay_button.click()
    user.pay_button.dblclick()
    # Without scripts the second press breaks off the first, and finds its order open or still being opened.
    order_page = "" if scripted else f"|{re.escape(user.shop.url)}/orders/"
    expect(user.page).to_have_url(re.compile(f"^({re.escape(user.shop.sandbox_url)}/{order_page})"))

    assert len(user.orders) == 1


def test_a_second_press_on_a_slow_line_sends_nothing_more(user):
    sent = []

    def slowly(route):
        if route.request.method == "POST":
            sent.append(route.request.url)
            time.sleep(0.5)
        route.continue_()

    user.open_checkout()
    user.context.route("**/checkout", slowly)
    user.pay_button.evaluate("button => { button.click(); setTimeout(() => button.click(), 200); }")
    user.page.wait_for_url(f"{user.shop.sandbox_url}/**")

    assert len(sent) == len(user.orders) == 1


def test_a_double_click_on_try_again_leads_to_one_payment_page(user):
    user.buy("Balance too low")
    user.pay_button.dblclick()
    provider = re.compile(f"^{re.escape(user.shop.sandbox_url)}/")
    with suppress(AssertionError):
        expect(user.page).to_have_url(provider)
    if not provider.match(user.page.url):
        user.pay_button.click()  # the second click came while the page was being opened: the order leads to it
        expect(user.page).to_have_url(provider)
    user.choose_outcome()

    user.sees_paid()
    assert len(user.orders) == 1


def test_back_from_the_payment_page_and_pay_again_is_the_same_order(user):
    user.open_checkout()
    user.pay()
    user.page.go_back()
    user.pay()
    user.choose_outcome()

    user.sees_paid()
    assert len(user.orders) == 1


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_back_from_the_payment_page_never_asks_to_send_a_form_again(new_user, scripts):
    user = new_user("phone", java_script_enabled=scripts)
    page = user.page
    user.add()
    page.get_by_text("Have a discount code?").click()
    page.get_by_label("Discount code").fill("KARIBU10")
    user.press("Apply")
    user.sees("KARIBU10 takes off KSh 245.")
    user.press("Checkout")
    user.fill_in(**{"Email address": "x"})
    page.locator("[name=shown_total]").evaluate("field => field.value = '1'")
    user.pay_button.click()
    user.sees("There is a problem")
    user.press("Remove code")
    expect(page.get_by_label("Full name", exact=True)).to_have_value("Wanjiru Test")
    page.get_by_label("Email address").fill("buyer@example.com")
    user.pay()

    for _ in range(5):
        page.go_back()
        assert page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus") == 200
        user.sees("Find my order")
