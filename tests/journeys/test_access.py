"""What people need who see, hear or point less well: no serious finding of axe, and targets a thumb can hit."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

from tests.journeys.tour import TOURS

# What is less than 44 px high or wide. A link in running text is exempt; a card or a label answers for what it holds.
SMALL_TARGETS = """() => {
    const running = (element) => element.tagName === "A" && getComputedStyle(element).display === "inline"
        && element.parentElement.textContent.trim() !== element.textContent.trim();
    const whole = (element) => {
        if (getComputedStyle(element, "::after").position === "absolute") return element.closest("li");
        return element.labels?.length && element.closest("label") || element;
    };
    return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")]
        .filter((element) => element.checkVisibility() && !element.closest(".visually-hidden, .skip-link"))
        .filter((element) => !running(element))
        .map((element) => [element, whole(element).getBoundingClientRect()])
        .filter(([, box]) => box.width < 43.9 || box.height < 43.9)
        .map(([element, { width, height }]) => [element.outerHTML.slice(0, 80), Math.round(width), Math.round(height)])
        .map(([element, width, height]) => `${element} is ${width} by ${height}`);
}"""


def serious_findings(page: Page) -> list[str]:
    """What axe calls serious or critical on the page as it is, by light and by dark."""
    found = []
    page.evaluate(AXE_SCRIPT)
    for scheme, options in (
        ("light", {}),
        ("dark", {"runOnly": ["color-contrast"]}),
    ):  # the night changes colours alone
        page.emulate_media(color_scheme=scheme)
        results = page.evaluate("options => axe.run(document, { resultTypes: ['violations'], ...options })", options)
        for finding in results["violations"]:
            if finding["impact"] in ("serious", "critical"):
                found += [f"{scheme}: {finding['id']}: {node['html'][:120]}" for node in finding["nodes"]]
    page.emulate_media(color_scheme="light")
    return found


@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.__name__)
def test_nothing_on_any_page_stands_in_anybodys_way(comes, tour):
    visitor = comes("phone", reduced_motion="reduce")
    found = {name: serious_findings(visitor.page) + visitor.page.evaluate(SMALL_TARGETS) for name in tour(visitor)}

    assert {name: findings for name, findings in found.items() if findings} == {}


def test_axe_notices_grey_on_grey_and_a_box_without_a_label(visitor):
    page = visitor.open("/")
    page.evaluate("document.querySelector('h1').style.color = getComputedStyle(document.body).backgroundColor")
    page.evaluate("document.querySelector('label[for=site-search]').remove()")
    page.evaluate("document.querySelector('#site-search').removeAttribute('placeholder')")

    assert {line.split(": ")[1] for line in serious_findings(page)} == {"color-contrast", "label"}
    assert page.evaluate(SMALL_TARGETS) == []


def test_a_small_target_is_noticed(visitor):
    page = visitor.open("/")
    page.evaluate("document.querySelector('.button').style.cssText = 'min-block-size: 0; block-size: 30px; padding: 0'")

    assert [line for line in page.evaluate(SMALL_TARGETS) if line.endswith("by 30")]
