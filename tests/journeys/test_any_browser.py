"""The shop without JavaScript and without a mouse."""

from playwright.sync_api import expect


def test_a_whole_purchase_works_without_scripts(new_user):
    user = new_user("phone", java_script_enabled=False)
    page = user.open("/")
    page.get_by_role("main").get_by_role("link", name="Baskets").click()
    page.get_by_role("link", name="Classic sisal kiondo").click()
    page.get_by_label("Indigo diamonds").check()
    page.get_by_role("button", name="Add to cart").click()
    page.get_by_label("Where should it go?").select_option("Nairobi CBD, KSh 200")
    page.get_by_role("button", name="Show the total").click()
    user.sees("KSh 2,650")
    page.get_by_role("button", name="Checkout").click()
    expect(user.pay_button).to_have_text("Pay KSh 2,650")
    user.fill_in()
    user.pay_button.click()
    page.wait_for_url(f"{user.shop.sandbox_url}/**")
    user.choose_outcome()

    user.sees_paid()


def test_without_scripts_the_order_page_reloads_itself(new_user):
    user = new_user("phone", java_script_enabled=False)
    user.expected_statuses.add(409)
    user.buy("Paid, but the callback comes late")
    expect(user.page.locator("[data-live] noscript")).to_be_visible()

    user.sees_paid()


def test_a_whole_purchase_works_with_the_keyboard_alone(new_user):
    user = new_user("laptop")
    page, press = user.open("/"), user.page.keyboard.press
    press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
    press("Enter")
    for link in ("Baskets", "Classic sisal kiondo"):
        user.tab_to(page.get_by_role("main").get_by_role("link", name=link))
        press("Enter")
        user.sees_heading(link)
    user.tab_to(page.get_by_label("Terracotta bands"))
    press("ArrowDown")
    user.tab_to(page.get_by_role("button", name="Add to cart"))
    press("Enter")
    user.sees("Indigo diamonds")
    user.tab_to(page.get_by_role("button", name="Checkout"))
    press("Enter")
    answers = ("Wanjiru Test", user.phone_number, "buyer@example.com")
    for question, answer in zip(("Full name", "Phone number", "Email address"), answers, strict=True):
        user.tab_to(page.get_by_label(question).first)
        page.keyboard.type(answer)
    user.tab_to(page.get_by_label("Nairobi CBD"))
    press("Space")
    user.tab_to(page.get_by_label("Address or landmark"))
    page.keyboard.type("Near the stage")
    user.tab_to(user.pay_button)
    expect(user.pay_button).to_have_text("Pay KSh 2,650")
    press("Enter")
    page.wait_for_url(f"{user.shop.sandbox_url}/**")
    user.tab_to(page.get_by_role("button", name="Pay", exact=True))
    press("Enter")

    user.sees_paid()


def test_enter_in_a_field_of_the_cart_updates_it_and_removes_nothing(user):
    user.add()
    quantity = user.page.get_by_label("Quantity of Classic sisal kiondo")
    quantity.fill("3")
    quantity.press("Enter")

    user.sees("KSh 7,350")
    expect(quantity).to_have_value("3")


def test_enter_in_the_code_box_applies_the_code_and_pays_nothing(user):
    user.open_checkout()
    user.page.get_by_text("Have a discount code?").click()
    code = user.page.get_by_label("Discount code")
    code.fill("karibu10")
    code.press("Enter")

    user.sees("Discount KARIBU10")
    expect(user.pay_button).to_have_text("Pay KSh 2,405")
    assert user.orders == []
