"""A merchant adds a product with variants and photos and publishes it; a buyer buys one."""

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.browser_user import BrowserUser
from tests.malicious_files import GPS, exif, grainy, photo

ALT = "On the workbench, in the morning"


def add_product(merchant: BrowserUser, name: str) -> None:
    """Add a product with four variants."""
    page = merchant.open("/admin/products")
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Category", exact=True).select_option("Cloth & cushions")
    page.get_by_label("Price in KSh").fill("2,450")
    page.get_by_label("How many are here").fill("4")
    page.get_by_label("It comes in sizes").check()
    merchant.press("Add the product")
    merchant.sees_heading("Options")
    page.get_by_label("Option 1").fill("Size")
    page.get_by_label("Its values").nth(0).fill("Small, Large")
    page.get_by_label("Option 2").fill("Colour")
    page.get_by_label("Its values").nth(1).fill("Indigo, Madder")
    merchant.press("Show the combinations")
    merchant.sees_heading("New variants")
    page.get_by_label("Price of Large, Madder").fill("3100")
    page.get_by_label("Stock of Large, Madder", exact=True).fill("6")
    page.get_by_role("button", name="Save", exact=True).last.click()
    merchant.sees_heading(name)


def add_images(merchant: BrowserUser) -> None:
    """Add two images, move the second, an upright photo, to the front, and describe it."""
    page = merchant.page
    page.get_by_role("link", name="Images", exact=True).click()
    upright = grainy(4032, 3024, exif=exif(6))  # 12 megapixels on their side, with a GPS position
    for file, content in (("drawing.jpg", photo()), ("IMG_1.jpg", upright)):
        page.get_by_label("Images from your phone").set_input_files(
            {"name": file, "mimeType": "image/jpeg", "buffer": content}
        )
        merchant.press("Add images")
        merchant.sees("Added 1 image.")
    expect(page.get_by_text(re.compile(r"MB became [0-9.]+ [KM]B"))).to_be_visible()
    merchant.press("Move image 2 earlier")
    page.get_by_label("What image 1 shows").fill(ALT)
    merchant.press("Save the description of image 1")
    expect(page.get_by_label("What image 1 shows")).to_have_value(ALT)
    check_photo(merchant)


def publish(merchant: BrowserUser, name: str) -> None:
    """Show the draft to buyers."""
    merchant.page.get_by_role("link", name=name, exact=True).click()
    merchant.sees("Draft: buyers do not see it yet.")
    merchant.press("Publish")
    merchant.sees("is published: buyers see it now")


def check_photo(user: BrowserUser) -> None:
    """The photo is shown upright, without its GPS position."""
    shown = user.page.get_by_alt_text(ALT).first
    expect(shown).to_be_visible()
    width, height, address = shown.evaluate(
        "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight, image.currentSrc])"
    )
    assert width < height
    assert address.endswith(".webp")
    assert GPS not in user.context.request.get(address).body()


@pytest.mark.smoke
@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_a_product_with_photos_is_added_and_bought(new_user, size):
    merchant, buyer = new_user(size), new_user(size)
    name = f"Woven mat for a {size}"
    merchant.sign_in()
    add_product(merchant, name)
    add_images(merchant)
    publish(merchant, name)

    page = buyer.open("/categories/cloth")
    check_photo(buyer)
    page.get_by_role("link", name=name).click()
    check_photo(buyer)
    page.get_by_label(re.compile("Large, Madder")).check()
    buyer.press("Add to cart")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")
    buyer.press("Checkout")
    buyer.fill_in()
    buyer.pay()
    buyer.choose_outcome()
    buyer.sees_paid()

    number, page = buyer.orders[0][0], merchant.open("/admin/")
    expect(page.get_by_role("row", name=number)).to_contain_text("KSh 3,300")
    page.get_by_role("link", name=number).click()
    expect(page.locator(".lines__name")).to_have_text(name)
