"""Photos on the pages that show them."""

import pytest

MISPLACED = """() => [...document.querySelectorAll(".lines > li")].flatMap((line) => {
    const image = line.querySelector("img"), { width, height, right, bottom } = image.getBoundingClientRect();
    const words = [...line.querySelectorAll(".lines__name, .lines__sum")].map((one) => one.getBoundingClientRect());
    const found = [];
    if (!image.currentSrc.includes("/media/")) found.push("no photo");
    if (width > 121 || Math.abs(width - height) > 1) found.push(`the image is ${width} by ${height}`);
    if (words.some(({ left, top }) => left < right || top > bottom)) found.push("the words are not beside it");
    return found;
})"""


def misplaced(page):
    """The problems of the lines of the page, at each width and on paper."""
    assert page.locator(".lines > li").count()
    found = []
    for width in (320, 360, 768, 1280):
        page.set_viewport_size({"width": width, "height": 740})
        page.locator(".lines img").first.scroll_into_view_if_needed()
        page.wait_for_function("[...document.querySelectorAll('.lines img')].every((image) => image.complete)")
        found += page.evaluate(MISPLACED)
    page.emulate_media(media="print")
    found += page.evaluate(MISPLACED)
    page.emulate_media(media="screen")
    return found


def test_a_photo_stands_beside_its_line_on_every_page_of_a_purchase(user):
    page, found = user.page, {}
    user.add("beaded-star")
    user.add("kiondo-classic")
    found["cart"] = misplaced(page)
    user.press("Share this cart")
    found["shared cart"] = misplaced(page)
    user.open_checkout()
    found["checkout"] = misplaced(page)
    user.pay()
    user.choose_outcome()
    user.sees_paid()
    found["order and receipt"] = misplaced(page)
    user.sign_in()
    page.get_by_role("link", name=user.orders[0][0]).click()
    found["order in the admin"] = misplaced(page)

    assert {place: problems for place, problems in found.items() if problems} == {}


@pytest.mark.parametrize("size", ["phone", "laptop"])
def test_the_image_of_the_chosen_variant_comes_first_without_scripts(new_user, size):
    page = new_user(size, java_script_enabled=False).open("/products/stoneware-mug")
    middle = page.viewport_size["width"] / 2
    for place, label in ((2, "Indigo"), (3, "Leaf green"), (1, "Cream")):
        page.get_by_label(label).check()
        boxes = [image.bounding_box() for image in page.locator(".gallery li").all()]
        chosen = boxes.pop(place - 1)

        assert 0 <= chosen["x"] < middle
        assert all(box["x"] > chosen["x"] or box["y"] > chosen["y"] for box in boxes)
