"""A phone without a connection."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Error, expect

from tests.journeys.browser_user import BrowserUser


@contextmanager
def offline(user: BrowserUser) -> Iterator[None]:
    """Cut the connection of a user whose browser has the offline page. What fails meanwhile is no problem."""
    user.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    user.expected_statuses.add(503)
    user.context.set_offline(True)
    yield
    user.context.set_offline(False)
    user.problems = [problem for problem in user.problems if "ERR_INTERNET_DISCONNECTED" not in problem]


def test_an_offline_buyer_reads_that_nothing_was_lost_and_tries_again(user):
    user.add()
    with offline(user):
        user.open("/checkout")
        user.sees_heading("You are offline")
        user.sees("the shop keeps your cart")
    user.page.get_by_role("link", name="Try again").click()

    expect(user.page).to_have_url(f"{user.shop.url}/checkout")
    user.sees_heading("Checkout")


def test_the_admin_has_no_offline_page(user):
    user.open("/")
    with offline(user), pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        user.open("/admin/")
