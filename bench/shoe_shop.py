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
        self.taps += 1

    def type(self, label: str, words: str, nth: int = 0) -> None:
        """Tap a field and type."""
        self.page.get_by_label(label).nth(nth).fill(words)
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
    owner.page.get_by_label("Colour").fill("#c2410c")
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
    owner.type("What the picture shows", "A pair of white sneakers")
    owner.type("Words on the button", "See all shoes")
    owner.tap("button", "Save section")
    owner.tap("link", "Newest products: the latest additions" if False else "Newest products")
    owner.tap("button", "Save section")
    owner.tap("link", "Setup")
