"""How many bytes a page may have, compressed: mobile data costs money."""

import gzip
import re

from werkzeug.test import TestResponse

from tests.shopper import Shopper

PAGE, SCRIPTS, FIRST_SCREEN = 14 * 1024, 6 * 1024, 150 * 1024
SHELVES = [
    "/",
    "/products",
    "/products?min=500&stock=1",
    "/categories/kitchen",
    "/pages/delivery-and-returns",
    "/products/kiondo-classic",
    "/products/beaded-sandals",
    "/search?q=a",
    "/cart",
]
GZIP = {"Accept-Encoding": "gzip"}


def weighed(shopper: Shopper, reply: TestResponse) -> dict[str, int]:
    """Bytes of a page, which holds its styles, and of its scripts, as they are sent."""
    html = gzip.decompress(reply.data).decode() if reply.headers.get("Content-Encoding") == "gzip" else reply.text
    scripts = re.findall(r'<script src="([^"]+)"', html)
    assert "<style>" in html
    assert 'rel="stylesheet"' not in html

    return {
        "page": len(reply.data),
        "scripts": sum(len(shopper.browser.get(address, headers=GZIP).data) for address in scripts),
    }


def test_no_page_of_the_shop_is_heavier_than_it_may_be(shopper):
    def got(path: str) -> dict[str, int]:
        return weighed(shopper, shopper.browser.get(path, headers=GZIP))

    weights = {path: got(path) for path in (*SHELVES, "/orders/find", "/none-such")}
    for sku in ("KIO-CLA-TER", "KIO-CLA-IND", "STA-BEA-ONE", "STA-BEA-SIX", "SAN-BEA-40"):
        shopper.add(sku)
    weights["filled cart"] = got("/cart")
    weights["checkout"] = got("/checkout")
    missing = {**shopper.fill_checkout(), "full_name": ""}
    weights["checkout with errors"] = got(shopper.browser.post("/checkout", data=missing).headers["Location"])
    bought = shopper.buy()
    weights["waiting order"] = got(bought.order_path)
    bought.post_callback(bought.callback())
    weights["paid order"] = got(bought.order_path)

    assert {name: weight["page"] for name, weight in weights.items() if weight["page"] > PAGE} == {}
    assert {name: weight["scripts"] for name, weight in weights.items() if weight["scripts"] > SCRIPTS} == {}
    assert weights["checkout"]["scripts"] > 0 < weights["paid order"]["scripts"]


def test_the_first_screen_of_the_home_page_is_light_with_photos(user):
    arrived: list[int] = []
    wire = user.context.new_cdp_session(user.page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", lambda event: arrived.append(int(event["encodedDataLength"])))
    user.page.goto("/", wait_until="networkidle")

    assert any("/media/" in path for path in user.requests)
    assert sum(arrived) <= FIRST_SCREEN
