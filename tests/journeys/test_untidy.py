"""Pages with what people really put into them, on the narrowest phones and with the largest text."""

from collections.abc import Iterator
from threading import Thread

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from werkzeug.serving import make_server

from shop.core.database import write
from tests.admin_client import EMAIL, PASSWORD, create_owner
from tests.journeys.fonts import find_fonts
from tests.journeys.live_server import free_port
from tests.journeys.visitor import TOO_WIDE
from tests.provider import Provider
from tests.shopper import Shopper
from tests.untidy_content import BUYER, SKU, SLUG, fill_untidily

SCREENS = 15  # on the narrowest phone a button comes before so many screens
HEIGHT = 568
PUBLIC = ["/", "/categories/baskets", f"/products/{SLUG}", "/search?q=untidy", "/orders/find", "/cart", "/checkout"]
LARGE_TEXT = "addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '200%' })"


@pytest.fixture
def settings(settings: dict[str, str]) -> dict[str, str]:
    """A shop at an address that a browser can open."""
    return {**settings, "SHOP_URL": f"http://127.0.0.1:{free_port()}"}


@pytest.fixture
def untidy(app: Flask, provider: Provider) -> Iterator[Shopper]:
    """A shop full of untidy content, which answers at its SHOP_URL, and a buyer with an untidy order and cart."""
    find_fonts()
    with app.app_context():
        write(fill_untidily)
    create_owner(app)
    shopper = Shopper(app, provider)
    port = int(app.config["SHOP_URL"].rsplit(":", 1)[1])
    server = make_server("127.0.0.1", port, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield shopper
    server.shutdown()
    thread.join()


def opened(browser: Browser, app: Flask, width: int, *, large_text: bool = False) -> Page:
    """A phone of that width, with a filled cart."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHT},
        is_mobile=True,
        has_touch=True,
        bypass_csp=large_text,
        base_url=app.config["SHOP_URL"],
    )
    if large_text:
        context.add_init_script(LARGE_TEXT)
    for sku in (SKU, "KIO-CLA-TER"):
        context.request.post("/cart/add", form={"sku": sku, "quantity": "1"}, max_redirects=0)
    return context.new_page()


def too_wide(page: Page, addresses: list[str]) -> list[str]:
    """The pages that can be scrolled sideways, each with its width."""
    found = []
    for address in addresses:
        page.goto(address)
        found += [f"{address}: {words}" for words in page.evaluate(TOO_WIDE)]
    return found


def button_at(page: Page, words: str) -> float:
    """How many screens down a button ends."""
    box = page.get_by_role("button", name=words).bounding_box()
    assert box
    return (box["y"] + box["height"]) / HEIGHT


def test_no_page_is_too_wide_for_untidy_content_or_hides_its_button(app: Flask, untidy: Shopper, browser: Browser):
    bought = untidy.buy(SKU, **BUYER)
    page = opened(browser, app, 320)
    found = too_wide(page, [*PUBLIC, bought.order_path])
    screens = {}
    for address, words in ((f"/products/{SLUG}", "Add to cart"), ("/cart", "Checkout"), ("/checkout", "Pay")):
        page.goto(address)
        screens[address] = button_at(page, words)
    bought.post_callback(bought.callback())
    found += too_wide(page, [bought.order_path])

    assert found == []
    assert {address: far for address, far in screens.items() if far > SCREENS} == {}


def test_no_page_is_too_wide_with_text_twice_as_large(app: Flask, untidy: Shopper, browser: Browser):
    bought = untidy.buy(SKU, **BUYER)
    page = opened(browser, app, 360, large_text=True)

    assert too_wide(page, [*PUBLIC, "/products/kiondo-classic", "/products/beaded-sandals", bought.order_path]) == []


def test_no_page_of_the_admin_is_too_wide_for_untidy_content(app: Flask, untidy: Shopper, browser: Browser):
    bought = untidy.buy(SKU, **BUYER)
    bought.post_callback(bought.callback())
    page = opened(browser, app, 320)
    page.goto("/admin/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("row", name="Wanjiku").get_by_role("link").first.click()
    order = page.url
    page.goto("/admin/products?q=untidy")
    page.get_by_role("link", name="Kiondocha").click()
    product = page.url
    rooms = ["", "products?q=untidy", "categories", "selling/areas", "orders/new", f"stock/{SKU}", "mail"]
    own = [product, *(f"{product}/{one}" for one in ("edit", "options", "images", "variants/new"))]

    assert too_wide(page, [order, *own, *(f"/admin/{room}" for room in rooms)]) == []


@pytest.mark.parametrize("width", [360, 1280])
def test_the_image_of_the_variant_that_is_chosen_comes_first_without_scripts(
    app: Flask, untidy: Shopper, browser: Browser, width: int
):
    page = opened(browser, app, width)
    page.goto("/products/stoneware-mug")
    for place, label in ((2, "Indigo"), (3, "Leaf green"), (1, "Cream")):
        page.get_by_label(label).check()
        lefts = [image.bounding_box() for image in page.locator(".gallery li").all()]
        chosen = lefts[place - 1]

        assert chosen and 0 <= chosen["x"] < width / 2
        assert all(box and (box["x"] > chosen["x"] or box["y"] > chosen["y"]) for box in lefts if box != chosen)
