"""How long a phone on a slow network waits for a page: `python -m bench.first_paint [SHOP SANDBOX]`.

Chromium's own emulation of the network: 400 kbit/s each way, 2 seconds for each request, a processor four times
slower, and an empty cache. A cart with one line, and a paid order. Without addresses it starts a shop of its own; with
them it measures a running one, so that the shop before a change can be compared.
"""

import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from tests.journeys.browser_user import SIZES, BrowserUser
from tests.journeys.chromium import find_chromium, launch
from tests.journeys.live_server import RunningShop

BYTES_A_SECOND, LATENCY, SLOWER = 50_000, 2000, 4  # latency in milliseconds
ROUNDS = 3
PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


@contextmanager
def any_shop(addresses: list[str]) -> Iterator[Any]:
    """The running shop at these addresses, or a new one."""
    if addresses:
        phones = (f"0713 000 {number:03d}" for number in count(100))
        yield SimpleNamespace(url=addresses[0], sandbox_url=addresses[1], phones=phones)
        return
    with tempfile.TemporaryDirectory() as folder:
        shop = RunningShop(Path(folder))
        try:
            shop.start()
            yield shop
        finally:
            shop.stop()


def pages_of(user: BrowserUser) -> dict[str, str]:
    """{name: path}. Buys one thing, and leaves another in the cart."""
    user.buy()
    order = user.page.url.removeprefix(user.shop.url)
    user.context.request.post("/cart/add", form={"sku": "KIO-CLA-TER", "quantity": "1"}, max_redirects=0)
    return {
        "home": "/",
        "category": "/categories/baskets",
        "product": "/products/kiondo-classic",
        "cart": "/cart",
        "checkout": "/checkout",
        "paid order": order,
    }


def measure(browser: Browser, user: BrowserUser, path: str) -> tuple[float, float, int, int, int]:
    """First paint and load in seconds; bytes of the page and of everything; requests."""
    options = {"viewport": SIZES["phone"], "base_url": user.shop.url, "service_workers": "block"}
    context = browser.new_context(storage_state=user.context.storage_state(), device_scale_factor=2, **options)  # type: ignore[arg-type]
    page = context.new_page()
    sizes: dict[str, int] = {}
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    speed = {"downloadThroughput": BYTES_A_SECOND, "uploadThroughput": BYTES_A_SECOND}
    wire.send("Network.emulateNetworkConditions", {"offline": False, "latency": LATENCY, **speed})
    wire.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    wire.on("Network.loadingFinished", lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}))
    page.goto(path, wait_until="load", timeout=120_000)
    paint, load = page.evaluate(PAINT), page.evaluate(LOADED)
    found = list(sizes.values())
    context.close()
    return paint / 1000, load / 1000, int(found[0]), int(sum(found)), len(found)


def main(addresses: list[str]) -> None:
    """Print a table; each figure is the median of ROUNDS loads."""
    with any_shop(addresses) as shop, sync_playwright() as playwright:
        browser = launch(playwright, find_chromium())
        with BrowserUser(browser, shop) as user:
            sys.stdout.write(
                "| page | first paint | load | page | everything | requests |\n|---|---|---|---|---|---|\n"
            )
            for name, path in pages_of(user).items():
                rounds = [measure(browser, user, path) for _ in range(ROUNDS)]
                paint, load, size, total, requests = (statistics.median(one) for one in zip(*rounds, strict=True))
                row = f"{paint:.1f} s | {load:.1f} s | {size / 1000:.1f} KB | {total / 1000:.0f} KB | {requests:.0f}"
                sys.stdout.write(f"| {name} | {row} |\n")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
