"""Goods with photographs, on every page that shows them."""

from playwright.sync_api import Page

MISPLACED = """() => [...document.querySelectorAll(".lines > li")].flatMap((line) => {
    const image = line.querySelector("img"), { width, height, right, bottom } = image.getBoundingClientRect();
    const words = [...line.querySelectorAll(".lines__name, .lines__sum")].map((one) => one.getBoundingClientRect());
    const found = [];
    if (!image.currentSrc.includes("/media/")) found.push("no photograph");
    if (width > 121 || Math.abs(width - height) > 1) found.push(`the image is ${width} by ${height}`);
    if (words.some(({ left, top }) => left < right || top > bottom)) found.push("the words are not beside it");
    return found;
})"""
WIDTHS = (320, 360, 768, 1280)


def misplaced(page: Page) -> dict[int, list[str]]:
    """What is wrong with the lines of the page as it is, at each width; it must show some."""
    assert page.locator(".lines > li").count()
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        page.locator(".lines img").first.scroll_into_view_if_needed()
        page.wait_for_function("[...document.querySelectorAll('.lines img')].every((image) => image.complete)")
        found[width] = page.evaluate(MISPLACED)
    page.emulate_media(media="print")
    found[0] = page.evaluate(MISPLACED)
    page.emulate_media(media="screen")
    return {width: problems for width, problems in found.items() if problems}


def test_a_photograph_stands_beside_its_line_on_every_page_of_a_purchase(visitor):
    page, found = visitor.page, {}
    visitor.add("kiondo-classic")
    visitor.add("beaded-star")
    found["cart"] = misplaced(page)
    visitor.press("Share this cart")
    shared = page.get_by_label("Link to this cart").input_value()
    visitor.open("/cart")
    visitor.press("Checkout")
    found["checkout"] = misplaced(page)
    visitor.fill_in()
    visitor.pay()
    visitor.at_the_provider()
    visitor.sees_paid()
    found["order and receipt"] = misplaced(page)
    page.goto(shared)
    found["shared cart"] = misplaced(page)
    visitor.sign_in()
    page.get_by_role("link", name=visitor.orders[0][0]).click()
    found["order in the admin"] = misplaced(page)

    assert {place: problems for place, problems in found.items() if problems} == {}
