"""A shoe shop from an empty database, set up through the admin on a phone: `python -m bench.shoe_shop PHOTOS PICTURES`.

PHOTOS is a folder with six or more JPEG photos of shoes; screenshots of the finished shop are written to PICTURES. The
script only taps and types, on a screen of 360 by 740 pixels. It prints the taps, the characters and the minutes that
a person needs: 3 seconds for each tap, 0.3 seconds for each character, as in the review that named 26 minutes.
"""

import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.journeys.chromium import find_chromium, launch
from tests.journeys.live_server import MERCHANT, PASSWORD, RunningShop

SECONDS_A_TAP = 3.0
SECONDS_A_CHARACTER = 0.3
PHONE, LAPTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}
OF_THE_DEMO = re.compile(
    r"mkono|kiondo|basket|kitenge|bead|carv|weav|woven|workshop|giraffe|hand[- ]?made|by hand|soapstone", re.IGNORECASE
)
PRODUCTS = (
    ("Court sneaker", "Sneakers", "4,500", "38, 39, 40, 41, 42, 43", "White leather upper, rubber sole. True to size."),
    ("Night runner", "Sneakers", "5,200", "39, 40, 41, 42, 43, 44", "Light mesh, thick foam. Take one size up."),
    ("Lake canvas", "Sneakers", "3,200", "36, 37, 38, 39, 40", "Washed cotton canvas for every day."),
    ("Oxford brogue", "Formal", "6,800", "40, 41, 42, 43, 44", "Brown leather, stitched sole."),
    ("Red derby", "Formal", "6,400", "38, 39, 40, 41", "For weddings and graduations."),
)
ABOUT = "Shoes for men and women, new and in their box. Visit us on the second floor."


class EmptyShop(RunningShop):
    """A shop without a product, an area or a page."""

    def prepare(self) -> None:
        """Make the tables and the owner's account."""
        self.flask("db", "upgrade")
        self.flask("merchant", "create", MERCHANT, "--password-stdin", typed=PASSWORD)


class Owner:
    """The owner's phone, which counts what its owner does."""

    def __init__(self, page: Page) -> None:
        self.page, self.taps, self.characters = page, 0, 0
        self.steps: list[tuple[str, int, int]] = []

    def tap(self, role: str, name: str, nth: int = 0) -> None:
        """Tap a link, a button, a checkbox or a radio button."""
        self.page.get_by_role(role, name=name, exact=True).nth(nth).click()  # type: ignore[arg-type]
        self.page.wait_for_load_state()
        problems = self.page.locator(".error-summary")
        assert not problems.count(), f"{self.page.url}: {problems.first.inner_text()}"
        self.taps += 1

    def type(self, label: str, words: str, nth: int = 0) -> None:
        """Tap a field and type."""
        self.page.get_by_label(re.compile(f"^{re.escape(label)}")).nth(nth).fill(words)
        self.taps += 1
        self.characters += len(words)

    def choose(self, label: str, option: str) -> None:
        """Choose from a list: two taps."""
        self.page.get_by_label(label).first.select_option(option)
        self.taps += 2

    def photo(self, label: str, *files: Path) -> None:
        """Pick photos from the gallery: a tap on the field, one on each photo, one on "Done"."""
        self.page.get_by_label(label).first.set_input_files([str(file) for file in files])
        self.taps += 2 + len(files)

    def step(self, name: str, do: Callable[["Owner"], None]) -> None:
        """Do one step of the setup and note what it took."""
        taps, characters = self.taps, self.characters
        do(self)
        self.steps.append((name, self.taps - taps, self.characters - characters))


def minutes(taps: int, characters: int) -> float:
    """What a person needs."""
    return (taps * SECONDS_A_TAP + characters * SECONDS_A_CHARACTER) / 60


def sign_in(owner: Owner) -> None:
    """Sign in and open the list of steps."""
    owner.page.goto("/admin/")
    owner.type("Email", MERCHANT)
    owner.type("Password", PASSWORD)
    owner.tap("button", "Sign in")
    owner.tap("link", "Set up your shop")


def contacts(owner: Owner) -> None:
    """Name, sentence and contacts."""
    owner.tap("link", "Name and contacts")
    owner.type("Shop name", "Eastleigh Kicks")
    owner.type("Tagline", "Shoes that fit, delivered in Nairobi")
    owner.type("About the shop", ABOUT)
    owner.type("Phone number", "0712 345 678")
    owner.type("WhatsApp number", "0712 345 678")
    owner.type("Address", "Garissa Lodge, second floor, shop 14, Eastleigh")
    owner.type("Opening hours", "Mon to Sat, 9:00 to 19:00")
    owner.tap("button", "Save settings")
    owner.tap("link", "Setup")


def look(owner: Owner) -> None:
    """A colour, corners and a typeface."""
    owner.tap("link", "Look", 1)
    owner.page.locator("#colour").fill("#c2410c")
    owner.taps += 3  # the field, a colour, "Done"
    owner.tap("radio", "Round")
    owner.tap("radio", "Modern: headings without serifs")
    owner.tap("button", "Save this look")
    owner.tap("link", "Setup")


def home_page(owner: Owner, banner: Path) -> None:
    """A banner with a photo, and the newest products."""
    owner.tap("link", "Home page", 1)
    owner.tap("link", "Banner: picture, headline, line and button")
    owner.type("Heading", "Step out in style")
    owner.type("Text", "Genuine pairs, exchanged free if the size is wrong.")
    owner.photo("Picture", banner)
    owner.type("What the picture shows", "White sneakers")
    owner.type("Words on the button", "See all shoes")
    owner.tap("button", "Save section")
    owner.tap("link", "Setup")


def delivery(owner: Owner) -> None:
    """Two areas and a pickup point."""
    owner.tap("link", "Delivery")
    for name, fee, first, last in (("Nairobi", "200", "0", "1"), ("Rest of Kenya", "450", "2", "4")):
        owner.tap("link", "New area or pickup point")
        owner.type("Name", name)
        owner.type("Fee", fee)
        owner.choose("Working days", "Monday to Saturday")
        owner.type("Cut-off hour", "14")
        owner.type("Earliest day", first)
        owner.type("Latest day", last)
        owner.tap("button", "Add")
    owner.tap("link", "New area or pickup point")
    owner.tap("radio", "Pickup")
    owner.type("Name", "Our shop in Eastleigh")
    owner.type("Fee", "0")
    owner.type("Delivery time", "Today")
    owner.type("Address of the pickup point", "Garissa Lodge, second floor, shop 14")
    owner.tap("button", "Add")


def product(owner: Owner, number: int, photo: Path) -> None:
    """A product with its sizes and a photo, published."""
    name, category, price, sizes, description = PRODUCTS[number]
    owner.page.goto("/admin/setup")
    owner.tap("link", "Products with photos")
    owner.type("Name", name)
    if owner.page.get_by_role("option", name=category).count():
        owner.choose("Category", category)
    else:
        owner.type("Category" if not number else "Or a new category", category)
    owner.type("Price in KSh", price)
    owner.type("How many are here", "4")
    owner.type("Description", description)
    owner.tap("checkbox", "It comes in sizes, colours or the like: ask me for them next")
    owner.tap("button", "Add the product")
    owner.type("Option 1", "Size")
    owner.type("Its values", sizes)
    owner.tap("button", "Show the combinations")
    for field in owner.page.locator("input[name^=stock-]").all():
        field.fill("4")
        owner.taps, owner.characters = owner.taps + 1, owner.characters + 1
    owner.tap("button", "Save", -1)
    owner.photo("Images from your phone", photo)
    owner.type("What they show", f"A pair of {name}")
    owner.tap("button", "Add images")
    owner.tap("link", "Back to the draft, to publish it")
    owner.tap("button", "Publish")


def policies(owner: Owner) -> None:
    """Delivery and returns, and the terms, from the shop's own texts."""
    for title in ("Delivery and returns", "Terms of sale"):
        owner.page.goto("/admin/setup")
        owner.tap("link", "Delivery and returns, terms")
        owner.tap("link", title)
        owner.tap("button", "Save page")


def logo(owner: Owner, photo: Path) -> None:
    """A logo, from a photo."""
    owner.page.goto("/admin/setup")
    owner.tap("link", "Logo")
    owner.photo("An image from your phone", photo)
    owner.tap("button", "Use this logo")


def buy(buyer: Page) -> dict[str, str]:
    """Buy a pair and pay; {name: address} of the pages on the way."""
    pages = {"home": "/", "category": "/categories/sneakers", "product": "/products/court-sneaker"}
    buyer.goto(pages["product"])
    buyer.get_by_label("40").first.check()
    buyer.get_by_role("button", name="Add to cart", exact=True).first.click()
    buyer.goto("/checkout")
    buyer.get_by_label("Full name").first.fill("Amina Test")
    buyer.get_by_label("phone number").first.fill("0712 000 111")
    buyer.get_by_label("Nairobi").first.check()
    buyer.get_by_label("Address or landmark").fill("Section 3, blue gate")
    return {**pages, "cart": "/cart", "checkout": "/checkout"}


def pay(buyer: Page) -> str:
    """Press Pay and pay on the sandbox's page; the address of the order page."""
    buyer.locator("button[name=pay]").click()
    buyer.get_by_role("button", name="Pay", exact=True).click()
    buyer.wait_for_url("**/orders/*")
    return buyer.url


def set_up(browser: Browser, shop: RunningShop, photos: list[Path]) -> Owner:
    """Set the shop up by phone."""
    page = browser.new_context(viewport=PHONE, base_url=shop.url).new_page()
    page.set_default_timeout(15_000)
    owner = Owner(page)
    owner.step("Sign in", sign_in)
    owner.step("Name, contacts, hours", contacts)
    owner.step("Logo", lambda on: logo(on, photos[-1]))
    owner.page.goto("/admin/setup")
    owner.step("Look", look)
    owner.step("Home page", lambda on: home_page(on, photos[0]))
    owner.step("Delivery", delivery)
    for number in range(len(PRODUCTS)):
        owner.step(f"Product: {PRODUCTS[number][0]}", lambda on, n=number: product(on, n, photos[n]))  # type: ignore[misc]
    owner.step("Policies", policies)
    return owner


def look_at(browser: Browser, shop: RunningShop, pictures: Path) -> list[str]:
    """Buy on a phone and photograph each page at both widths; words of the demo that were found."""
    found = []
    buyer = browser.new_context(viewport=PHONE, base_url=shop.url).new_page()
    addresses = buy(buyer)
    buyer.screenshot(path=pictures / "checkout-filled-360.png", full_page=True)
    addresses["order"] = pay(buyer)
    buyer.goto("/products/court-sneaker")
    buyer.get_by_label("41").first.check()
    buyer.get_by_role("button", name="Add to cart", exact=True).first.click()
    for name, address in addresses.items():
        for size in (PHONE, LAPTOP):
            buyer.set_viewport_size(size)  # type: ignore[arg-type]
            buyer.goto(address)
            buyer.screenshot(path=pictures / f"{name}-{size['width']}.png", full_page=True)
        text = buyer.content()
        found += [f"{name}: {word}" for word in OF_THE_DEMO.findall(re.sub(r"<style.*?</style>", "", text, flags=re.S))]
    return found


def main(photos: list[Path], pictures: Path) -> None:
    """Set up, buy, look, and print the table."""
    pictures.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        shop = EmptyShop(Path(folder))
        try:
            shop.start()
            browser = launch(playwright, find_chromium())
            owner = set_up(browser, shop, photos)
            found = look_at(browser, shop, pictures)
            owner.page.goto("/admin/setup")
            done = owner.page.locator(".lead").inner_text()
        finally:
            shop.stop()
    for name, taps, characters in [*owner.steps, ("Together", owner.taps, owner.characters)]:
        sys.stdout.write(f"{name:28} {taps:4} taps {characters:5} characters {minutes(taps, characters):5.1f} min\n")
    sys.stdout.write(f"Setup page: {done}\nWords of the demo: {', '.join(found) or 'none'}\n")


if __name__ == "__main__":
    main(sorted(Path(sys.argv[1]).glob("*.jpg")), Path(sys.argv[2]))
