"""What people need who see, hear or point less well: no serious finding of axe, and targets a thumb can hit."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from flask import Flask
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException

from tests.journeys.tours import TOURS, Tour
from tests.journeys.visitor import SIZES, TOO_WIDE, Visitor

# What answers a GET, but with no page to look at.
NO_PAGES = {
    *("static", "assets.bundle", "media.image", "admin.account_two_factor_image"),  # files
    *("admin.catalogue_export", "admin.export_orders", "admin.export_payments", "admin.report_export"),  # CSV
    *("orders.status", "health.alive", "health.ready"),  # for programs
    *("payments.landing", "admin.privacy_back"),  # lead on to a page
}

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


LIGHT = ("light", {})
DARK = ("dark", {"runOnly": ["color-contrast"]})  # the night changes colours alone


def serious_findings(page: Page, *schemes: tuple[Literal["light", "dark"], dict[str, Any]]) -> list[str]:
    """What axe calls serious or critical on the page as it is."""
    found = []
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    for scheme, options in schemes:
        page.emulate_media(color_scheme=scheme)
        results = page.evaluate("options => axe.run(document, { resultTypes: ['violations'], ...options })", options)
        for finding in results["violations"]:
            if finding["impact"] in ("serious", "critical"):
                found += [f"{scheme}: {finding['id']}: {node['html'][:120]}" for node in finding["nodes"]]
    page.emulate_media(color_scheme="light")
    return found


def in_the_way(page: Page) -> list[str]:
    """Everything on the page as it is that is hard to see, to hear or to hit, on a wide screen and on a phone."""
    found = []
    for size, schemes in (("laptop", [LIGHT]), ("phone", [LIGHT, DARK])):
        page.set_viewport_size(SIZES[size])
        seen = [*serious_findings(page, *schemes), *page.evaluate(SMALL_TARGETS), *page.evaluate(TOO_WIDE)]
        found += [f"{size}: {finding}" for finding in seen]
    return found


walked: dict[Tour, set[str]] = {}  # the paths of the pages each tour came to


def walk(tour: Tour, visitor: Visitor) -> Iterator[str]:
    """Go on a tour; stop at each page once it is whole, and note it if it was shown, with or without mistakes."""
    paths = walked.setdefault(tour, set())
    for name in tour(visitor):
        visitor.page.wait_for_load_state()  # a click returns when the next page begins, and it may be empty as yet
        if visitor.page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus") in (200, 422):
            paths.add(urlsplit(visitor.page.url).path)
        yield name


def unseen(app: Flask, paths: Iterable[str]) -> set[str]:
    """The endpoints with a page that none of these paths leads to."""
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages >= NO_PAGES
    return pages - NO_PAGES - {endpoint_of(app, path) for path in paths}


def endpoint_of(app: Flask, path: str) -> str:
    """Which view shows the page at this path; none, where only a form leads there."""
    try:
        return str(app.url_map.bind("localhost").match(path, "GET")[0])
    except HTTPException:
        return ""


@pytest.mark.parametrize("tour", TOURS, ids=lambda tour: tour.__name__)
def test_nothing_on_any_page_stands_in_anybodys_way(comes: Callable[..., Visitor], tour: Tour):
    visitor = comes("phone", reduced_motion="reduce")
    found = {name: in_the_way(visitor.page) for name in walk(tour, visitor)}

    assert {name: findings for name, findings in found.items() if findings} == {}


def test_a_page_is_looked_at_when_all_of_it_has_come(visitor):
    def tour(visitor: Visitor) -> Iterator[str]:
        visitor.open("/")
        wire = visitor.context.new_cdp_session(visitor.page)
        wire.send("Network.enable")
        slow = {"offline": False, "latency": 400, "downloadThroughput": -1, "uploadThroughput": -1}
        wire.send("Network.emulateNetworkConditions", slow)
        visitor.page.get_by_role("link", name="Cart").first.click()
        yield "cart"

    seen = [visitor.page.evaluate("document.readyState") for _ in walk(tour, visitor)]

    assert seen == ["complete"]


def test_every_page_of_the_shop_and_its_desk_is_on_a_tour(app: Flask, comes: Callable[..., Visitor]):
    for tour in TOURS:
        if tour not in walked:  # this test was asked for alone
            list(walk(tour, comes("phone")))
    paths = {path for seen in walked.values() for path in seen}

    assert unseen(app, paths) == set()
    assert unseen(app, paths - {"/admin/mail"}) == {"admin.emails"}


def test_axe_notices_grey_on_grey_and_a_box_without_a_label(comes: Callable[..., Visitor]):
    page = comes("phone", reduced_motion="reduce").open("/")  # axe would read colours in the middle of a transition
    page.evaluate("document.querySelector('label[for=site-search]').remove()")
    page.evaluate("document.querySelector('#site-search').removeAttribute('placeholder')")
    page.evaluate("document.querySelector('h1').style.color = '#ccc'")  # axe does not report a ratio of exactly 1:1
    by_day = serious_findings(page, LIGHT)
    page.evaluate("document.querySelector('h1').style.color = '#333'")
    by_night = serious_findings(page, DARK)

    assert sorted(line.split(": ")[1] for line in by_day) == ["color-contrast", "label"]
    assert [line.split(": ")[1] for line in by_night] == ["color-contrast"]
    assert page.evaluate(SMALL_TARGETS) == []


def test_a_small_target_is_noticed(visitor):
    page = visitor.open("/")
    page.evaluate("document.querySelector('.button').style.cssText = 'min-block-size: 0; block-size: 30px; padding: 0'")

    assert [line for line in page.evaluate(SMALL_TARGETS) if line.endswith("by 30")]


def test_a_page_too_wide_is_noticed_at_either_size(visitor):
    page = visitor.open("/")
    page.evaluate("document.querySelector('main').style.inlineSize = '1400px'")

    assert [line for line in in_the_way(page) if line.endswith("px wide")] == [
        "laptop: the page is 1400 px wide",
        "phone: the page is 1400 px wide",
    ]
