"""Long names, long lists and map links on the narrowest phones and with the largest text: no page is too wide."""

from threading import Thread

import pytest
from werkzeug.serving import make_server

from shop.core.database import write
from tests.admin_client import EMAIL, PASSWORD, create_owner
from tests.journeys.browser_user import TOO_WIDE
from tests.journeys.chromium import require_fonts
from tests.journeys.live_server import free_port
from tests.shopper import Shopper
from tests.untidy_content import BUYER, SKU, SLUG, fill_untidily

SHOP = ["/", "/products", "/products?min=500&stock=1", "/categories/baskets", f"/products/{SLUG}", "/search?q=untidy"]
SHOP += ["/pages/delivery-and-returns", "/orders/find", "/cart", "/checkout"]
ADMIN = ["", "products?q=untidy", "categories", "delivery-areas", "orders/new", f"stock/{SKU}", "emails"]
ADMIN += ["setup", "look", "home-page", "home-page/new/banner", "home-page/new/category", "pages", "pages/new"]
LARGE_TEXT = "addEventListener('DOMContentLoaded', () => { document.documentElement.style.fontSize = '200%' })"


@pytest.fixture
def settings(settings):
    """A shop at an address that a browser can open."""
    return {**settings, "SHOP_URL": f"http://127.0.0.1:{free_port()}"}


@pytest.fixture
def bought(app, provider):
    """An unpaid order with untidy answers, in a shop with untidy content that answers at its SHOP_URL."""
    require_fonts()
    with app.app_context():
        write(fill_untidily)
    create_owner(app)
    server = make_server("127.0.0.1", int(app.config["SHOP_URL"].rsplit(":", 1)[1]), app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield Shopper(app, provider).buy(SKU, **BUYER)
    server.shutdown()
    thread.join()


def open_phone(browser, app, width, *, large_text=False):
    """A phone with two things in its cart."""
    context = browser.new_context(
        viewport={"width": width, "height": 568},
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


def too_wide(page, addresses):
    """The pages that can be scrolled sideways, each with its width."""
    found = []
    for address in addresses:
        page.goto(address)
        found += [f"{address}: {words}" for words in page.evaluate(TOO_WIDE)]
    return found


@pytest.mark.parametrize(("width", "large_text"), [(320, False), (360, True)])
def test_no_page_of_the_shop_is_too_wide(app, bought, browser, width, large_text):
    page = open_phone(browser, app, width, large_text=large_text)
    found = too_wide(page, [*SHOP, "/products/kiondo-classic", "/products/beaded-sandals", bought.order_path])
    bought.post_callback(bought.callback())

    assert found + too_wide(page, [bought.order_path]) == []


def test_no_page_of_the_admin_is_too_wide(app, bought, browser):
    bought.post_callback(bought.callback())
    page = open_phone(browser, app, 320)
    page.goto("/admin/")
    page.get_by_label("Email").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("row", name="Wanjiku").get_by_role("link").first.click()
    order = page.url
    page.goto("/admin/products?q=untidy")
    page.get_by_role("link", name="Kiondocha").click()
    product = [page.url, *(f"{page.url}/{one}" for one in ("edit", "options", "images", "variants/new"))]

    assert too_wide(page, [order, *product, *(f"/admin/{path}" for path in ADMIN)]) == []
