"""The shop in other hands: no JavaScript, no mouse, a narrow screen."""

from playwright.sync_api import expect


def test_a_whole_purchase_works_without_scripts(comes):
    visitor = comes("phone", java_script_enabled=False)
    page = visitor.open("/")
    page.get_by_role("link", name="Baskets").click()
    page.get_by_role("link", name="Classic sisal kiondo").click()
    page.get_by_label("Indigo diamonds").check()
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_label("Where should it go?").select_option("Nairobi CBD, KSh 200")
    page.get_by_role("button", name="Show the total").click()
    visitor.sees("KSh 2,650")
    page.get_by_role("button", name="Checkout").click()
    expect(visitor.pay_button).to_have_text("Pay KSh 2,650")
    visitor.fill_in()
    visitor.pay_button.click()
    page.wait_for_url(f"{visitor.shop.sandbox_url}/**")
    visitor.at_the_provider()

    visitor.sees_paid()


def test_without_scripts_the_order_page_looks_again_by_itself(comes):
    visitor = comes("phone", java_script_enabled=False)
    visitor.expected.add(409)
    visitor.buy("Paid, but the callback comes late")
    expect(visitor.page.locator("[data-live] noscript")).to_be_visible()

    visitor.sees_paid()


def test_without_scripts_an_area_chosen_at_the_checkout_is_priced_before_it_is_paid(comes):
    visitor = comes("phone", java_script_enabled=False)
    visitor.expected.add(409)
    visitor.to_checkout(area="Mombasa")
    expect(visitor.pay_button).to_have_text("Pay")
    visitor.pay_button.click()

    visitor.sees("The total is KSh 2,900 with delivery. If that is right, press Pay")
    expect(visitor.page.get_by_label("Full name")).to_have_value("Wanjiru Test")
    assert visitor.orders == []


def test_a_whole_purchase_works_with_the_keyboard_alone(comes):
    visitor = comes("laptop")
    page, press = visitor.open("/"), visitor.page.keyboard.press
    press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    press("Enter")
    for link in ("Baskets", "Classic sisal kiondo"):
        visitor.tab_to(page.get_by_role("link", name=link))
        press("Enter")
        visitor.sees_heading(link)
    visitor.tab_to(page.get_by_label("Terracotta bands"))
    press("ArrowDown")
    visitor.tab_to(page.get_by_role("button", name="Add to cart"))
    press("Enter")
    visitor.sees("Indigo diamonds")
    visitor.tab_to(page.get_by_role("button", name="Checkout"))
    press("Enter")
    answers = ("Wanjiru Test", visitor.phone_number, "buyer@example.com")
    for question, answer in zip(("Full name", "M-PESA phone number", "Email address"), answers, strict=True):
        visitor.tab_to(page.get_by_label(question))
        page.keyboard.type(answer)
    visitor.tab_to(page.get_by_label("Nairobi CBD"))
    press("Space")
    visitor.tab_to(page.get_by_label("Address or landmark"))
    page.keyboard.type("Near the stage")
    visitor.tab_to(visitor.pay_button)
    expect(visitor.pay_button).to_have_text("Pay KSh 2,650")
    press("Enter")
    page.wait_for_url(f"{visitor.shop.sandbox_url}/**")
    visitor.tab_to(page.get_by_role("button", name="Pay", exact=True))
    press("Enter")

    visitor.sees_paid()


def test_enter_in_a_field_of_the_cart_updates_it_and_removes_nothing(visitor):
    visitor.add()
    quantity = visitor.page.get_by_label("Quantity of Classic sisal kiondo")
    quantity.fill("3")
    quantity.press("Enter")

    visitor.sees("KSh 7,350")
    expect(quantity).to_have_value("3")


def test_enter_in_the_code_box_applies_the_code_and_pays_nothing(visitor):
    visitor.to_checkout()
    visitor.page.get_by_text("Have a discount code?").click()
    code = visitor.page.get_by_label("Discount code")
    code.fill("karibu10")
    code.press("Enter")

    visitor.sees("Discount KARIBU10")
    expect(visitor.pay_button).to_have_text("Pay KSh 2,405")
    assert visitor.orders == []
