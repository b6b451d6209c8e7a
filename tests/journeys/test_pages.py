"""What single pages do in a browser."""

import re

from playwright.sync_api import expect


def test_the_error_summary_takes_the_focus_and_its_links_lead_to_the_fields(visitor):
    visitor.expected.add(422)
    visitor.to_checkout(**{"Email address": "buyer@", "Full name": ""})
    visitor.pay_button.click()
    summary = visitor.page.get_by_role("alert")

    expect(summary).to_be_focused()
    expect(visitor.page).to_have_title("Error: Checkout – Mkono")
    summary.get_by_role("link", name="Enter an email address").click()
    expect(visitor.page.get_by_label("Email address")).to_be_focused()
    expect(visitor.page.get_by_label("Email address")).to_have_value("buyer@")
    summary.get_by_role("link", name="Enter your full name").click()
    expect(visitor.page.get_by_label("Full name")).to_be_focused()


def test_an_empty_checkout_names_everything_that_is_missing(visitor):
    visitor.expected.add(422)
    visitor.add()
    visitor.page.get_by_role("button", name="Checkout").click()
    visitor.pay_button.click()
    links = visitor.page.get_by_role("alert").get_by_role("link")

    expect(links).to_have_count(5)
    for link in links.all():
        link.click()
        field = visitor.page.locator(link.get_attribute("href"))
        expect(field).to_be_focused()
        expect(field).to_be_in_viewport()


def test_the_total_follows_the_chosen_area_at_once(visitor):
    visitor.to_checkout()
    total, delivery = (visitor.page.locator(f"[data-part={part}]") for part in ("total", "delivery"))
    expect(total).to_have_text("KSh 2,650")
    visitor.page.get_by_label("Mombasa").check()

    expect(total).to_have_text("KSh 2,900")
    expect(visitor.pay_button).to_have_text("Pay KSh 2,900")
    visitor.page.get_by_label("Pick up at the workshop").check()
    expect(delivery).to_have_text("Free")
    expect(visitor.pay_button).to_have_text("Pay KSh 2,450")


def test_a_sold_out_product_says_so_and_offers_no_button(visitor):
    page = visitor.open("/search?q=teapot")
    page.locator(".card--out a").first.click()

    visitor.sees("Sold out.")
    expect(page.get_by_role("button", name="Add to cart")).to_have_count(0)


def test_a_sold_out_variant_cannot_be_chosen(visitor):
    page = visitor.open("/search?q=sandals")
    page.get_by_role("link", name="sandals").first.click()

    expect(page.get_by_label("41")).to_be_disabled()
    expect(page.get_by_role("button", name="Add to cart")).to_be_enabled()


def test_an_empty_cart_leads_back_to_the_shop(visitor):
    visitor.open("/cart")
    visitor.sees_heading("Your cart is empty")
    visitor.page.get_by_role("link", name="See what we make").click()

    visitor.sees_heading("Made by hand, made to be used.")


def test_a_lost_link_is_sent_by_mail_and_opens_the_order(visitor):
    visitor.buy()
    number = visitor.orders[0][0]
    page = visitor.open("/orders/find")
    page.get_by_label("Order number").fill(number)
    page.get_by_label("Phone number").fill(visitor.phone_number)
    page.get_by_role("button", name="Send me the link").click()

    visitor.sees("the link is on its way")
    mail = visitor.shop.mail_with("To: buyer@example.com", "link to your order", number)
    page.goto(re.search(rf"{visitor.shop.url}/orders/\S+", mail)[0])
    visitor.sees_paid()


def test_an_empty_lookup_says_what_is_missing_and_takes_the_focus(visitor):
    visitor.expected.add(422)
    visitor.open("/orders/find").get_by_role("button", name="Send me the link").click()

    expect(visitor.page.get_by_role("alert")).to_be_focused()
    visitor.sees("Enter your order number")


def test_an_unknown_code_is_named_and_stays_open_to_be_corrected(visitor):
    visitor.add()
    visitor.page.get_by_text("Have a discount code?").click()
    visitor.page.get_by_label("Discount code").fill("NONESUCH")
    visitor.page.get_by_role("button", name="Apply").click()

    visitor.sees("Discount code NONESUCH is not known. Check the spelling")
    expect(visitor.page.get_by_label("Discount code")).to_be_visible()


def test_a_page_that_is_not_there_leads_back_to_the_shop(visitor):
    visitor.expected.add(404)
    visitor.open("/products/none-such").get_by_role("link", name="Go to the shop").click()

    visitor.sees_heading("Made by hand, made to be used.")
