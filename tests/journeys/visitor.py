"""Somebody with a browser: finds, fills in, presses, and notes everything the browser complains of."""

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request, Response, expect

from tests.journeys.live_server import MERCHANT, PASSWORD, SKU, RunningShop

SIZES = {"phone": {"width": 360, "height": 740}, "laptop": {"width": 1280, "height": 900}}
# Not innerWidth: on a phone that grows with a page that is too wide.
TOO_WIDE = """() => document.scrollingElement.scrollWidth > Math.ceil(visualViewport.width)
    ? [`the page is ${document.scrollingElement.scrollWidth} px wide`] : []"""
# Looks at every page by itself. The words go to the console, where everything the browser complains of goes.
WATCH_WIDTH = f"""addEventListener("load", () => {{
    for (const words of ({TOO_WIDE})()) console.error(`${{location.pathname}}: ${{words}}`);
}})"""


class Visitor:
    """A fresh browser with one tab open, and the buyer in front of it. `trouble` must be empty in the end."""

    def __init__(self, browser: Browser, shop: RunningShop, size: str = "phone", **options: Any) -> None:
        self.shop = shop
        self.phone_number = next(shop.phones)
        self.trouble: list[str] = []
        self.expected: set[int] = set()  # statuses of 400 and above that the test means to see
        self.context = browser.new_context(viewport=SIZES[size], base_url=shop.url, **options)
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(WATCH_WIDTH)
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.trouble.append(f"script: {error.error}"))
        self.context.on("request", self._asked)
        self.context.on("requestfailed", self._failed)
        self.context.on("response", self._answered)
        self.context.on("dialog", self._interrupted)
        self.requests: list[str] = []  # the path of everything asked for
        self.page: Page = self.context.new_page()

    def __enter__(self) -> "Visitor":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    # -- from the shelf to the payment page

    def open(self, path: str) -> Page:
        """Open a page of the shop."""
        self.page.goto(path)
        return self.page

    def press(self, button: str) -> None:
        """Press the button of this name, whole, and wait for all of the page it leads to; of several the first."""
        self.page.get_by_role("button", name=button, exact=True).first.click()
        self.page.wait_for_load_state()

    def add(self, product: str = "kiondo-classic", variant: str | None = None, quantity: int = 1) -> None:
        """Put a product into the cart from its page, in its first variant unless another is named."""
        self.open(f"/products/{product}")
        first = self.page.locator("input[name=sku]:enabled:not([type=hidden])").first
        if variant or first.count():
            (self.page.get_by_label(variant) if variant else first).check()
        self.page.get_by_label("Quantity").fill(str(quantity))
        self.page.get_by_role("button", name="Add to cart").click()
        expect(self.page.get_by_role("heading", level=1)).to_have_text("Your cart")

    def fill_in(self, area: str = "Nairobi CBD", **answers: str) -> None:
        """Answer the checkout's questions, on its page."""
        said = {
            "Full name": "Wanjiru Test",
            "M-PESA phone number": self.phone_number,
            "Email address": "buyer@example.com",
            "Address or landmark": "Near the stage, blue gate",
            **answers,
        }
        for question, answer in said.items():
            self.page.get_by_label(question).fill(answer)
        self.page.get_by_label(area).check()

    def to_checkout(self, **answers: str) -> None:
        """To a filled-in checkout, by the shortest way."""
        self.context.request.post("/cart/add", form={"sku": SKU, "quantity": "1"}, max_redirects=0)
        self.open("/checkout")
        self.fill_in(**answers)

    @property
    def pay_button(self) -> Locator:
        """The button of the checkout or of the order page that leads to the payment page."""
        return self.page.locator("button[name=pay], form[action$='/pay'] button")

    def pay(self) -> None:
        """Press Pay; where the page asks once more because it could not say the total before, press again."""
        self.pay_button.click()
        if not self.page.url.startswith(self.shop.sandbox_url):
            self.pay_button.click()
        self.page.wait_for_url(f"{self.shop.sandbox_url}/**")

    def buy(self, ending: str = "Pay", card: bool = False, **answers: str) -> None:
        """From an empty cart to the order page, by one of the sandbox's buttons."""
        self.to_checkout(**answers)
        self.pay()
        self.at_the_provider(ending, card)

    def at_the_provider(self, ending: str = "Pay", card: bool = False) -> None:
        """Choose how to pay and how it ends, and come back to the order."""
        if card:
            self.page.get_by_label("Card").check()
        self.page.get_by_role("button", name=ending, exact=True).click()
        self.page.wait_for_url(f"{self.shop.url}/orders/*")

    def sign_in(self) -> None:
        """Go to the admin as its merchant."""
        self.open("/admin/")
        self.page.get_by_label("Email").fill(MERCHANT)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.sees_heading("Orders")

    def go_to(self, room: str) -> None:
        """Go to another room of the admin, on a phone by its menu; behind its name may stand what waits there."""
        self.rooms().get_by_role("link", name=re.compile(rf"^{room}( [0-9]+( .+)?)?$")).click()

    def rooms(self) -> Locator:
        """The rooms of the admin, in sight: on a phone they are behind a menu."""
        ways = self.page.get_by_role("navigation", name="Admin")
        menu = ways.locator("summary")
        if menu.is_visible():
            menu.click()
        return ways

    # -- what is seen

    def sees(self, words: str) -> None:
        """The page says so, now or soon."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=20_000)

    def sees_heading(self, words: str | re.Pattern[str]) -> None:
        """The page's one headline, now or soon."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words, timeout=20_000)

    def sees_paid(self) -> None:
        """The order page says Paid, by itself if it has to."""
        expect(self.page.locator(".status__badge")).to_have_text("Paid", timeout=20_000)

    @property
    def orders(self) -> list[tuple[str, str, int]]:
        """Number, payment and total of each order this visitor placed."""
        return self.shop.orders_of(self.phone_number)

    def asked_for_status(self) -> int:
        """How often the order page has asked how the order stands."""
        return sum(path.endswith("/status") for path in self.requests)

    def tab_to(self, target: Locator, most: int = 80) -> None:
        """Press Tab until the target has the focus, and shows it."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement && element.matches(':focus-visible')"):
                return
        raise AssertionError(f"{most} times Tab did not lead to {target}")

    # -- what the browser complains of

    def _said(self, message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource")  # noted with its status by _answered
        if message.type in ("error", "warning") and not refused:
            self.trouble.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        self.requests.append(urlsplit(request.url).path)
        if not request.url.startswith((self.shop.url, self.shop.sandbox_url)):
            self.trouble.append(f"asked elsewhere: {request.url}")

    def _failed(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # what a page no longer wants when it is left
            self.trouble.append(f"failed: {request.url} {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected:
            self.trouble.append(f"answered {response.status}: {response.url}")

    def _interrupted(self, dialog: Dialog) -> None:
        self.trouble.append(f"dialog: {dialog.message}")
        dialog.accept()
