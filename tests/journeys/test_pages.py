"""What single pages do in a browser."""

from playwright.sync_api import expect


def test_the_error_summary_takes_the_focus_and_its_links_lead_to_the_fields(user):
    user.add()
    user.press("Checkout")
    user.page.get_by_label("Email address").fill("buyer@")
    user.pay_button.click()
    summary = user.page.get_by_role("alert")
    links = summary.get_by_role("link")

    expect(summary).to_be_focused()
    expect(user.page).to_have_title("Error: Checkout – Mkono")
    expect(links).to_have_count(5)
    for link in links.all():
        link.click()
        field = user.page.locator(link.get_attribute("href"))
        expect(field).to_be_focused()
        expect(field).to_be_in_viewport()
    expect(user.page.get_by_label("Email address")).to_have_value("buyer@")


def test_the_total_follows_the_chosen_area_at_once(user):
    user.open_checkout()
    total, delivery = (user.page.locator(f"[data-part={part}]") for part in ("total", "delivery"))
    expect(total).to_have_text("KSh 2,650")
    user.page.get_by_label("Mombasa").check()

    expect(total).to_have_text("KSh 2,900")
    expect(user.pay_button).to_have_text("Pay KSh 2,900")
    user.page.get_by_label("Pick up at the workshop").check()
    expect(delivery).to_have_text("Free")
    expect(user.pay_button).to_have_text("Pay KSh 2,450")


def test_what_was_typed_is_there_again_after_leaving_the_checkout(user):
    user.open_checkout(**{"Email address": "x"})
    user.pay_button.click()
    user.sees("There is a problem")

    user.open("/")
    user.open("/checkout")

    expect(user.page.get_by_label("Full name", exact=True)).to_have_value("Wanjiru Test")
    expect(user.page.get_by_label("Nairobi CBD")).to_be_checked()


def test_the_answer_to_a_button_is_in_sight_and_takes_the_focus(user):
    page = user.page
    user.add()
    expect(page.get_by_text("added to your cart")).to_be_focused()
    user.press("Remove Classic sisal kiondo, Terracotta bands")
    expect(page.get_by_text("is out of your cart")).to_be_in_viewport()
    user.press("Undo: put Classic sisal kiondo (Terracotta bands) back into the cart")
    page.get_by_text("Have a discount code?").click()
    page.get_by_label("Discount code").fill("MWISHO20")
    user.press("Apply")
    expect(page.get_by_text("Discount code MWISHO20 has expired")).to_be_in_viewport()
    page.get_by_label("Where should it go?").select_option(label="Mombasa, KSh 450")
    user.press("Show the total for this area")
    expect(page.get_by_text("With delivery to Mombasa the total is KSh 2,900.")).to_be_focused()


def test_a_product_page_shows_the_area_that_was_chosen_in_the_cart(user):
    user.add()
    user.page.get_by_label("Where should it go?").select_option(label="Mombasa, KSh 450")
    user.press("Show the total for this area")
    user.open("/products/kiondo-classic")

    expect(user.page.locator("summary")).to_contain_text("Mombasa between")


def test_a_quantity_that_no_order_takes_is_refused_in_the_shops_own_words(user):
    user.add()
    user.page.get_by_label("Quantity").fill("25")
    user.press("Update cart")

    user.sees("Quantity must be 20 or fewer. For more, write to us.")


def test_the_open_tab_is_in_sight_on_a_phone(user):
    user.sign_in()
    page = user.open("/admin/?tab=all")

    expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=0.9)
