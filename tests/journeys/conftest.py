"""A real browser before a real shop. Who has no Chromium is told so; in CI that is a failure."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.chromium import find_chromium, launch
from tests.journeys.live_server import RunningShop
from tests.journeys.visitor import Visitor


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
    """One shop for all journeys; each visitor has a phone number of their own."""
    running = RunningShop(tmp_path_factory.mktemp("shop"))
    try:
        running.start()
        yield running
        assert "Traceback" not in running.log(), running.log()
    finally:
        running.stop()


@pytest.fixture
def comes(browser: Browser, shop: RunningShop) -> Iterator[Callable[..., Visitor]]:
    """Lets visitors in: comes("laptop", java_script_enabled=False). In the end none of them may have met trouble."""
    with ExitStack() as stack:
        visitors: list[Visitor] = []

        def comes(size: str = "phone", **options: Any) -> Visitor:
            visitors.append(stack.enter_context(Visitor(browser, shop, size, **options)))
            return visitors[-1]

        yield comes
        assert [trouble for visitor in visitors for trouble in visitor.trouble] == []


@pytest.fixture
def visitor(comes: Callable[..., Visitor]) -> Visitor:
    """A visitor on a phone of 360 by 740."""
    return comes("phone")
