"""A real browser with a real shop."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.browser_user import BrowserUser
from tests.journeys.chromium import find_chromium, launch
from tests.journeys.live_server import RunningShop


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for all journeys."""
    path = find_chromium()
    with sync_playwright() as playwright:
        running = launch(playwright, path)
        yield running
        running.close()


@pytest.fixture(scope="package")
def shop(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    """One shop for all journeys; each user has a phone number of their own."""
    running = RunningShop(tmp_path_factory.mktemp("shop"))
    try:
        running.start()
        yield running
        assert "Traceback" not in running.log(), running.log()
    finally:
        running.stop()


@pytest.fixture
def new_user(browser: Browser, shop: RunningShop) -> Iterator[Callable[..., BrowserUser]]:
    """Opens browsers: new_user("laptop", java_script_enabled=False). In the end none of them may have a problem."""
    with ExitStack() as stack:
        users: list[BrowserUser] = []

        def open_browser(size: str = "phone", **options: Any) -> BrowserUser:
            users.append(stack.enter_context(BrowserUser(browser, shop, size, **options)))
            return users[-1]

        yield open_browser
        assert [problem for user in users for problem in user.problems] == []


@pytest.fixture
def user(new_user: Callable[..., BrowserUser]) -> BrowserUser:
    """A user with a phone of 360 by 740."""
    return new_user("phone")
