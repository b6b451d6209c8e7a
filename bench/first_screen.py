"""What stands in the first screen of a phone, a tablet and a laptop: `python -m bench.first_screen [SHOP SANDBOX]`.

Prints, in CSS pixels from the top of the page, where the first product begins, and where the buttons end that lead to
buying. A button that stays at the bottom of the screen ends there. With addresses it measures a running shop.
"""

import sys

from playwright.sync_api import Browser, Page, sync_playwright

from bench.first_paint import any_shop
from tests.journeys.chromium import find_chromium, launch

SCREENS = ((320, 568), (360, 640), (768, 1024), (1280, 800))
FIRST_PRODUCT = "main li:has(a[href^='/products/']) img"
PRODUCTS = ("tin-matatu", "kiondo-classic", "beaded-sandals", "soap-bars")
SIX = ("KIO-CLA-TER", "KIO-CLA-IND", "STA-BEA-ONE", "STA-BEA-SIX", "SAN-BEA-40", "MUG-SPE-CRE")
EDGE = """(element) => Math.round(element.getBoundingClientRect()[%r])"""


def begins(page: Page, path: str) -> int:
    """Where the first product of a list begins."""
    page.goto(path)
    return int(page.locator(FIRST_PRODUCT).first.evaluate(EDGE % "top"))


def ends(page: Page, path: str, button: str) -> int:
    """Where the first visible button of this kind ends."""
    page.goto(path)
    return int(page.locator(f"{button}:visible").first.evaluate(EDGE % "bottom"))


def measure(browser: Browser, url: str, width: int, height: int) -> list[str]:
    """The cells of one row."""
    context = browser.new_context(
        viewport={"width": width, "height": height}, base_url=url, is_mobile=width < 1000, service_workers="block"
    )
    page = context.new_page()
    cells = [str(begins(page, "/")), str(begins(page, "/categories/baskets"))]
    cells.append(
        " / ".join(str(ends(page, f"/products/{slug}", "main form[action*='/cart'] button")) for slug in PRODUCTS)
    )
    by_lines: dict[str, list[int]] = {"checkout": [], "pay": []}
    for skus in (SIX[:1], SIX[1:]):
        for sku in skus:
            context.request.post("/cart/add", form={"sku": sku, "quantity": "1"}, max_redirects=0)
        by_lines["checkout"].append(ends(page, "/cart", "button[value=checkout]"))
        by_lines["pay"].append(ends(page, "/checkout", "button[name=pay]"))
    context.close()
    return [*cells, *(" / ".join(map(str, found)) for found in by_lines.values())]


def main(addresses: list[str]) -> None:
    """Print a table."""
    with any_shop(addresses) as shop, sync_playwright() as playwright:
        browser = launch(playwright, find_chromium())
        head = "| screen | first product on home | in a category | Add to cart ends | Checkout ends | Pay ends |"
        sys.stdout.write(f"{head}\n|---|---|---|---|---|---|\n")
        for width, height in SCREENS:
            sys.stdout.write(f"| {width} x {height} | {' | '.join(measure(browser, shop.url, width, height))} |\n")
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
