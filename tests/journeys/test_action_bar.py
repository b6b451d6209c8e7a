"""The bar with the price and the one button, which stays at the bottom of a phone's screen."""

import pytest
from playwright.sync_api import expect

PAGES = ("/products/kiondo-classic", "/products/beaded-sandals", "/cart", "/checkout")
# What has the focus, or the frame of a choice, where the bar lies over it.
COVERED = """() => {
    const bar = document.querySelector(".action-bar"), element = document.activeElement;
    if (element === document.body || bar.contains(element)) return "";
    const { bottom } = (element.closest("label.pick, label.choice") || element).getBoundingClientRect();
    return bottom > bar.getBoundingClientRect().top + 1 ? element.outerHTML.slice(0, 80) : "";
}"""
BELOW = """() => {
    scrollTo(0, document.documentElement.scrollHeight);
    const bar = document.querySelector(".action-bar").getBoundingClientRect();
    const footer = [...document.querySelectorAll(".site-footer a, .site-footer p")];
    return { bar: bar.top, end: Math.max(...footer.map((one) => one.getBoundingClientRect().bottom)) };
}"""
LARGE_TEXT = "document.documentElement.style.fontSize = '200%'"


@pytest.fixture
def buyer(new_user):
    """A buyer with a phone of 320 by 568 and two things in the cart. Style attributes are allowed, for large text."""
    user = new_user("phone", bypass_csp=True)
    user.page.set_viewport_size({"width": 320, "height": 568})
    for sku in ("KIO-CLA-TER", "STA-BEA-ONE"):
        user.context.request.post("/cart/add", form={"sku": sku, "quantity": "1"}, max_redirects=0)
    return user


@pytest.mark.parametrize("address", PAGES)
def test_the_bar_is_in_sight_and_covers_nothing_that_has_the_focus(buyer, address):
    page = buyer.open(address)
    expect(page.locator(".action-bar button")).to_be_in_viewport(ratio=1)
    covered = []
    for _ in range(60):
        page.keyboard.press("Tab")
        covered.append(page.evaluate(COVERED))

    assert set(covered) == {""}


@pytest.mark.parametrize("large_text", [False, True], ids=["normal text", "large text"])
@pytest.mark.parametrize("address", PAGES)
def test_the_bar_covers_nothing_at_the_end_of_the_page(buyer, address, large_text):
    page = buyer.open(address)
    if large_text:
        page.evaluate(LARGE_TEXT)
    expect(page.locator(".action-bar button")).to_be_in_viewport(ratio=1)
    places = page.evaluate(BELOW)

    assert places["end"] <= places["bar"]
    assert page.evaluate("document.scrollingElement.scrollWidth") == 320


def test_the_bar_says_what_is_to_be_paid(buyer):
    page = buyer.open("/cart")
    words = page.locator(".action-bar__price")
    expect(words).to_contain_text("without delivery")
    page.get_by_label("Where should it go?").select_option(label="Mombasa, KSh 450")
    buyer.press("Show the total for this area")
    total = page.locator("[data-part=total]").inner_text()

    expect(words).to_have_text(f"{total} with delivery")
    buyer.press("Checkout")
    expect(page.locator(".action-bar")).to_have_text(f"Pay {total}")


def test_on_a_wide_screen_the_button_stays_in_the_page(buyer):
    buyer.page.set_viewport_size({"width": 1280, "height": 900})
    for address in PAGES:
        bar = buyer.open(address).locator(".action-bar")

        expect(bar).to_have_css("position", "static")
        expect(bar).to_have_text(bar.get_by_role("button").inner_text(), use_inner_text=True)
