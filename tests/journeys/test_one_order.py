"""Impatient buyers, the back button and two tabs: one order, and nobody pays a sum not shown."""

import re
import time
from contextlib import suppress

import pytest
from playwright.sync_api import expect


@pytest.mark.parametrize("scripted", [True, False], ids=["with scripts", "without scripts"])
def test_a_double_click_on_pay_makes_one_order(comes, scripted):
    visitor = comes("phone", java_script_enabled=scripted)
    visitor.to_checkout()
    if not scripted:  # the page could not say the total before, and asks
        visitor.expected.add(409)
        visitor.pay_button.click()
    visitor.pay_button.dblclick()
    # Without scripts the second press breaks off the first, and finds its order open or still being opened.
    order_page = "" if scripted else f"|{re.escape(visitor.shop.url)}/orders/"
    expect(visitor.page).to_have_url(re.compile(f"^({re.escape(visitor.shop.sandbox_url)}/{order_page})"))

    assert len(visitor.orders) == 1


def test_a_second_press_on_a_slow_line_sends_nothing_more(visitor):
    sent = []

    def slowly(route):
        if route.request.method == "POST":
            sent.append(route.request.url)
            time.sleep(0.5)
        route.continue_()

    visitor.to_checkout()
    visitor.context.route("**/checkout", slowly)
    visitor.pay_button.evaluate("button => { button.click(); setTimeout(() => button.click(), 200); }")
    visitor.page.wait_for_url(f"{visitor.shop.sandbox_url}/**")

    assert len(sent) == len(visitor.orders) == 1


def test_a_double_click_on_try_again_leads_to_one_payment_page(visitor):
    visitor.buy("Balance too low")
    visitor.pay_button.dblclick()
    provider = re.compile(f"^{re.escape(visitor.shop.sandbox_url)}/")
    with suppress(AssertionError):
        expect(visitor.page).to_have_url(provider)
    if not provider.match(visitor.page.url):
        visitor.pay_button.click()  # the second click came while the page was being opened: the order leads to it
        expect(visitor.page).to_have_url(provider)
    visitor.at_the_provider()

    visitor.sees_paid()
    assert len(visitor.orders) == 1


def test_back_from_the_payment_page_and_pay_again_is_the_same_order(visitor):
    visitor.to_checkout()
    visitor.pay()
    visitor.page.go_back()
    visitor.pay()
    visitor.at_the_provider()

    visitor.sees_paid()
    assert len(visitor.orders) == 1


def test_a_cart_changed_in_a_second_tab_is_asked_about_before_anything_is_paid(visitor):
    visitor.expected.add(409)
    visitor.to_checkout()
    first, visitor.page = visitor.page, visitor.context.new_page()
    visitor.add("stoneware-mug", quantity=2)
    mugs = visitor.page.locator(".lines > li", has_text="stoneware mug").locator(".price").inner_text()
    visitor.page = first
    visitor.pay_button.click()

    visitor.sees("It was KSh 2,650.")
    visitor.sees(mugs)
    assert visitor.orders == []
    shown = visitor.pay_button.inner_text().removeprefix("Pay ")
    visitor.pay()
    expect(visitor.page.locator(".bill__amount")).to_have_text(shown)
    assert len(visitor.orders) == 1


def test_a_cart_emptied_in_a_second_tab_is_not_ordered(visitor):
    visitor.to_checkout()
    first, visitor.page = visitor.page, visitor.context.new_page()
    visitor.open("/cart").get_by_role("button", name="Remove").click()
    visitor.page = first
    visitor.pay_button.click()

    visitor.sees_heading("Your cart is empty")
    assert visitor.orders == []
