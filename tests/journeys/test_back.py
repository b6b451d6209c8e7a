"""Back, in a real browser: whatever was pressed, it meets pages and never asks to send a form again."""

import pytest
from playwright.sync_api import expect

STATUS = "performance.getEntriesByType('navigation')[0].responseStatus"


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_back_from_the_payment_page_never_asks_to_send_a_form_again(comes, scripts):
    visitor = comes("phone", java_script_enabled=scripts)
    page = visitor.page
    visitor.add()
    page.get_by_text("Have a discount code?").click()
    page.get_by_label("Discount code").fill("KARIBU10")
    visitor.press("Apply")
    visitor.sees("KARIBU10 takes off KSh 245.")
    visitor.press("Checkout")
    visitor.fill_in(**{"Email address": "x"})
    page.locator("[name=shown_total]").evaluate("field => field.value = '1'")
    visitor.pay_button.click()
    visitor.sees("There is a problem")
    visitor.press("Remove code")
    expect(page.get_by_label("Full name")).to_have_value("Wanjiru Test")
    page.get_by_label("Email address").fill("buyer@example.com")
    visitor.pay()

    for _ in range(5):
        page.go_back()
        assert page.evaluate(STATUS) == 200
        visitor.sees("Find my order")


def test_what_was_typed_is_there_again_after_leaving_the_checkout(visitor):
    visitor.to_checkout(**{"Email address": "x"})
    visitor.pay_button.click()
    visitor.sees("There is a problem")

    visitor.open("/")
    visitor.open("/checkout")

    expect(visitor.page.get_by_label("Full name")).to_have_value("Wanjiru Test")
    expect(visitor.page.get_by_label("Nairobi CBD")).to_be_checked()


def test_the_answer_to_a_button_is_in_sight_and_takes_the_focus(visitor):
    page = visitor.page
    visitor.add()
    expect(page.get_by_text("added to your cart")).to_be_focused()
    visitor.press("Remove Classic sisal kiondo, Terracotta bands")
    expect(page.get_by_text("is out of your cart")).to_be_in_viewport()
    visitor.press("Undo: put Classic sisal kiondo (Terracotta bands) back into the cart")
    page.get_by_text("Have a discount code?").click()
    page.get_by_label("Discount code").fill("MWISHO20")
    visitor.press("Apply")
    expect(page.get_by_text("Discount code MWISHO20 has expired")).to_be_in_viewport()
    page.get_by_label("Where should it go?").select_option(label="Mombasa, KSh 450")
    visitor.press("Show the total for this area")
    expect(page.get_by_text("With delivery to Mombasa the total is KSh 2,900.")).to_be_focused()


def test_a_quantity_that_no_order_takes_is_refused_in_the_shops_own_words(visitor):
    visitor.add()
    visitor.page.get_by_label("Quantity").fill("25")
    visitor.press("Update cart")

    visitor.sees("Quantity must be 20 or fewer. For more, write to us.")
