"""A merchant adds goods with an image from the phone and counts them; a buyer takes one of them home."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.journeys.visitor import Visitor
from tests.malicious_files import GPS, exif, grainy, photo

SIZES = ["phone", "laptop"]
SHOWS = "On the workbench, in the morning"


def in_two_colours_and_sizes(merchant: Visitor, name: str) -> None:
    """From the list of products to one with four variants, on a shelf."""
    page = merchant.open("/admin/products")
    page.get_by_role("link", name="Add a product").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("Category").select_option("Cloth & cushions")
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
    page.get_by_role("button", name="Save", exact=True).last.click()
    merchant.sees_heading(name)


def six_more_arrive(merchant: Visitor) -> None:
    """From the product to the ledger of one variant, and back."""
    page, product = merchant.page, merchant.page.url
    page.get_by_role("row", name="Large, Madder").get_by_role("link", name="Stock").click()
    page.get_by_label("Received").check()
    page.get_by_label("Pieces").fill("6")
    page.get_by_label("Note").fill("From the weavers")
    merchant.press("Save")
    merchant.sees("has 6 here now")
    page.goto(product)


def photographed(merchant: Visitor) -> None:
    """A drawing first, then a photo taken with the phone held upright, which is put before it and gets its words."""
    page = merchant.page
    page.get_by_role("link", name="Images", exact=True).click()
    upright = grainy(4032, 3024, exif=exif(6))  # 12 megapixels lying on their side, and where they were taken
    for file, content in (("drawing.jpg", photo()), ("IMG_1.jpg", upright)):
        page.get_by_label("Images from your phone").set_input_files(
            {"name": file, "mimeType": "image/jpeg", "buffer": content}
        )
        merchant.press("Add images")
        merchant.sees("Added 1 image.")
    expect(page.get_by_text(re.compile(r"MB became [0-9.]+ [KM]B"))).to_be_visible()
    merchant.press("Move image 2 earlier")
    page.get_by_label("What image 1 shows").fill(SHOWS)
    merchant.press("Save the description of image 1")
    expect(page.get_by_label("What image 1 shows")).to_have_value(SHOWS)
    sees_it_upright(merchant)


def sees_it_upright(visitor: Visitor) -> None:
    """The photo is on the page, its long side up, and says no more than it shows."""
    shown = visitor.page.get_by_alt_text(SHOWS).first
    expect(shown).to_be_visible()
    width, height, address = shown.evaluate(
        "image => image.decode().then(() => [image.naturalWidth, image.naturalHeight, image.currentSrc])"
    )
    assert width < height
    assert address.endswith(".webp")
    assert GPS not in visitor.context.request.get(address).body()


@pytest.mark.smoke
@pytest.mark.parametrize("size", SIZES)
def test_goods_with_an_image_from_the_phone_are_added_counted_and_bought(comes: Callable[..., Visitor], size: str):
    merchant, buyer = comes(size), comes(size)
    name = f"Woven mat for a {size}"
    merchant.sign_in()
    in_two_colours_and_sizes(merchant, name)
    six_more_arrive(merchant)
    photographed(merchant)

    page = buyer.open("/categories/cloth")
    sees_it_upright(buyer)
    page.get_by_role("link", name=name).click()
    sees_it_upright(buyer)
    page.get_by_label(re.compile("Large, Madder")).check()
    buyer.press("Add to cart")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your cart")
    buyer.press("Checkout")
    buyer.fill_in()
    buyer.pay()
    buyer.at_the_provider()
    buyer.sees_paid()

    number, page = buyer.orders[0][0], merchant.open("/admin/")
    expect(page.get_by_role("row", name=number)).to_contain_text("KSh 3,300")
    page.get_by_role("link", name=number).click()
    expect(page.locator(".lines__name")).to_have_text(name)
    merchant.open("/admin/products")
    page.get_by_label("Find by name").fill(name)
    merchant.press("Search")
    page.get_by_role("link", name=name).click()
    page.get_by_role("row", name="Large, Madder").get_by_role("link", name="Stock").click()
    sold = page.get_by_role("row", name="Sold")
    expect(sold).to_contain_text(f"order {number}")
    expect(sold).to_contain_text("−1 to 5")
