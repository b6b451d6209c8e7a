"""A buyer or merchant with a browser of their own, which records every problem."""

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Dialog, Locator, Page, Request, Response, expect

from tests.journeys.live_server import MERCHANT, PASSWORD, SKU, RunningShop

SIZES = {"phone": {"width": 360, "height": 740}, "laptop": {"width": 1280, "height": 900}}
# Not innerWidth: on a phone that grows with a page that is too wide.
TOO_WIDE = """() => document.scrollingElement.scrollWidth > Math.ceil(visualViewport.width)
    ? [`the page is ${document.scrollingElement.scrollWidth} px wide`] : []"""
# Checks every page that opens. The console's messages become problems.
WATCH_WIDTH = f"""addEventListener("load", () => {{
    for (const words of ({TOO_WIDE})()) console.error(`${{location.pathname}}: ${{words}}`);
}})"""


class BrowserUser:
    """A new browser with one tab. `problems` must be empty in the end."""

    def __init__(self, browser: Browser, shop: RunningShop, size: str = "phone", **options: Any) -> None:
        self.shop = shop
        self.phone_number = next(shop.phones)
        self.problems: list[str] = []
        self.expected_statuses: set[int] = set()  # of 400 and above
        self.context = browser.new_context(viewport=SIZES[size], base_url=shop.url, **options)
        self.context.set_default_timeout(15_000)
        self.context.add_init_script(WATCH_WIDTH)
        self.context.on("console", self._record_message)
        self.context.on("weberror", lambda error: self.problems.append(f"script: {error.error}"))
        self.context.on("request", self._record_request)
        self.context.on("requestfailed", self._record_failure)
        self.context.on("response", self._record_response)
        self.context.on("dialog", self._record_dialog)
        self.requests: list[str] = []  # their paths
        self.page: Page = self.context.new_page()

    def __enter__(self) -> "BrowserUser":
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def open(self, path: str) -> Page:
        """Open a page of the shop."""
        self.page.goto(path)
        return self.page

    def press(self, button: str) -> None:
        """Press the first button with this whole name, and wait until the next page has loaded."""
        self.page.get_by_role("button", name=button, exact=True).first.click()
        self.page.wait_for_load_state()

    def add(self, product: str = "kiondo-classic", quantity: int = 1) -> None:
        """Add a product to the cart from its page, in its first variant."""
        self.open(f"/products/{product}")
        first = self.page.locator("input[name=sku]:enabled:not([type=hidden])").first
        if first.count():
            first.check()
        self.page.get_by_label("Quantity").fill(str(quantity))
        self.press("Add to cart")
        self.sees_heading("Your cart")

    def fill_in(self, area: str = "Nairobi CBD", **answers: str) -> None:
        """Fill in the checkout form."""
        fields = {
            "Full name": "Wanjiru Test",
            "Phone number": self.phone_number,
            "Email address": "buyer@example.com",
            "Address or landmark": "Near the stage, blue gate",
            **answers,
        }
        for label, answer in fields.items():
            self.page.get_by_label(label).first.fill(answer)  # a receiver has a name and a number too
        self.page.get_by_label(area).check()

    def open_checkout(self, **answers: str) -> None:
        """Open the checkout with one thing in the cart, and fill it in."""
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

    def buy(self, outcome: str = "Pay", card: bool = False, **answers: str) -> None:
        """Buy one thing, up to the order page, with one of the sandbox's outcomes."""
        self.open_checkout(**answers)
        self.pay()
        self.choose_outcome(outcome, card)

    def choose_outcome(self, outcome: str = "Pay", card: bool = False) -> None:
        """Choose the outcome on the sandbox's payment page, and come back to the order."""
        if card:
            self.page.get_by_label("Card").check()
        self.page.get_by_role("button", name=outcome, exact=True).click()
        self.page.wait_for_url(f"{self.shop.url}/orders/*")

    def sign_in(self) -> None:
        """Sign in to the admin as its owner."""
        self.open("/admin/")
        self.page.get_by_label("Email").fill(MERCHANT)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.sees_heading("Orders")

    def go_to(self, name: str) -> None:
        """Follow a link of the admin's navigation; a count may stand behind its name."""
        self.navigation().get_by_role("link", name=re.compile(rf"^{name}( [0-9]+( .+)?)?$")).click()

    def navigation(self) -> Locator:
        """The admin's navigation, opened: on a phone it is a menu."""
        navigation = self.page.get_by_role("navigation", name="Admin")
        menu = navigation.locator("summary")
        if menu.is_visible():
            menu.click()
        return navigation

    def sees(self, words: str) -> None:
        """The page shows these words, now or soon."""
        expect(self.page.get_by_text(words).first).to_be_visible(timeout=20_000)

    def sees_heading(self, words: str | re.Pattern[str]) -> None:
        """The page has this heading, now or soon."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(words, timeout=20_000)

    def sees_paid(self) -> None:
        """The order page says Paid, now or soon, without being reloaded."""
        expect(self.page.locator(".status__badge")).to_have_text("Paid", timeout=20_000)

    @property
    def orders(self) -> list[tuple[str, str, int]]:
        """Number, payment and total of each order this user placed, oldest first."""
        return self.shop.orders_of(self.phone_number)

    def status_requests(self) -> int:
        """How often the order page has polled its status."""
        return sum(path.endswith("/status") for path in self.requests)

    def tab_to(self, target: Locator, most: int = 80) -> None:
        """Press Tab until the target has the visible focus."""
        for _ in range(most):
            self.page.keyboard.press("Tab")
            if target.evaluate("element => element === document.activeElement && element.matches(':focus-visible')"):
                return
        raise AssertionError(f"{most} times Tab did not lead to {target}")

    def _record_message(self, message: ConsoleMessage) -> None:
        refused = message.text.startswith("Failed to load resource")  # recorded with its status by _record_response
        if message.type in ("error", "warning") and not refused:
            self.problems.append(f"console: {message.text}")

    def _record_request(self, request: Request) -> None:
        self.requests.append(urlsplit(request.url).path)
        if not request.url.startswith((self.shop.url, self.shop.sandbox_url)):
            self.problems.append(f"request to another host: {request.url}")

    def _record_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # the page was left
            self.problems.append(f"failed: {request.url} {request.failure}")

    def _record_response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self.expected_statuses:
            self.problems.append(f"answered {response.status}: {response.url}")

    def _record_dialog(self, dialog: Dialog) -> None:
        self.problems.append(f"dialog: {dialog.message}")
        dialog.accept()
