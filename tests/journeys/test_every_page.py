"""Every page on a phone and a laptop: no serious finding of axe, no target too small for a thumb, nothing too wide."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page
from werkzeug.exceptions import HTTPException

from tests.journeys.browser_user import SIZES, TOO_WIDE, BrowserUser
from tests.journeys.pages import ALL, Pages

# What answers a GET without a page.
NO_PAGES = {
    *("static", "assets.bundle", "media.image", "admin.account_two_factor_image"),  # files
    *("admin.catalogue_export", "admin.export_orders", "admin.export_payments", "admin.report_export"),  # CSV
    *(
        "catalog.share_card",
        "icons.letter",
        "icons.favicon",
        "icons.manifest",
        "icons.touch_icon",
    ),  # for phones and chats
    *("orders.status", "health.alive", "health.ready", "admin.look_palette"),  # for programs
    *("browsing_hints.prefetch_rules", "browsing_hints.service_worker"),  # for browsers
    *("catalog.product_feed", "sitemap.robots", "sitemap.index", "sitemap.pages", "sitemap.products"),  # for robots
    *("payments.landing", "admin.privacy_back"),  # redirect to a page
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
UNFOLD = "document.querySelectorAll('main details').forEach(details => { details.open = true; })"

walked: dict[Pages, set[str]] = {}  # the paths of the pages that were shown


def serious_findings(page: Page, scheme: Literal["light", "dark"], **options: Any) -> list[str]:
    """What axe calls serious or critical."""
    page.emulate_media(color_scheme=scheme)
    results = page.evaluate("options => axe.run(document, { resultTypes: ['violations'], ...options })", options)
    page.emulate_media(color_scheme="light")
    return [
        f"{scheme}: {finding['id']}: {node['html'][:120]}"
        for finding in results["violations"]
        if finding["impact"] in ("serious", "critical")
        for node in finding["nodes"]
    ]


def problems_of(page: Page) -> list[str]:
    """The problems of the page as it is, on a wide screen and on a phone."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found = []
    for size in ("laptop", "phone"):
        page.set_viewport_size(SIZES[size])
        seen = [*serious_findings(page, "light"), *page.evaluate(SMALL_TARGETS), *page.evaluate(TOO_WIDE)]
        found += [f"{page.url} on a {size}: {problem}" for problem in seen]
    return found + serious_findings(page, "dark", runOnly=["color-contrast"])  # dark mode changes only colours


def walk(pages: Pages, user: BrowserUser) -> Iterator[None]:
    """Open the pages, and record those that were shown, with or without errors."""
    user.expected_statuses.update({403, 404, 409, 422})
    paths = walked.setdefault(pages, set())
    for _ in pages(user):
        user.page.wait_for_load_state()  # a click returns when the next page begins
        if user.page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus") in (200, 422):
            paths.add(urlsplit(user.page.url).path)
        user.page.evaluate(UNFOLD)
        yield


@pytest.mark.parametrize("pages", ALL, ids=lambda pages: pages.__name__)
def test_every_page_can_be_seen_read_and_touched(new_user, pages):
    user = new_user("phone", reduced_motion="reduce")

    assert [problem for _ in walk(pages, user) for problem in problems_of(user.page)] == []


def test_every_page_of_the_shop_is_checked(app, new_user):
    for pages in ALL:
        if pages not in walked:  # this test runs alone
            list(walk(pages, new_user("phone")))
    addresses = app.url_map.bind("localhost")
    shown = set()
    for path in set().union(*walked.values()):
        with suppress(HTTPException):  # only a form leads there
            shown.add(addresses.match(path, "GET")[0])

    assert {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in rule.methods} - NO_PAGES - shown == set()
