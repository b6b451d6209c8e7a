"""What must not come out of the shop when the provider fails: the provider's words, its links, and secrets."""

import logging
from typing import Any

from flask import Flask, Response, request_finished

from tests.conftest import TOKEN
from tests.faults.behaviours import UNSAID
from tests.faults.provider import Provider
from tests.shopper import Shopper


def must_offer_another_try(shopper: Shopper, order_page: str) -> None:
    """The order's page says that nothing has been paid, offers another try, and repeats nothing of the provider's."""
    page = shopper.get(order_page)
    assert page.status_code == 200
    assert f'method="post" action="{order_page}/pay"' in page.text
    assert "Try again" in page.text
    assert "Nothing has been paid" in page.text
    for unsaid in (UNSAID, "evil.example", "javascript:", "Invalid authentication", "chpter.co/", "Traceback"):
        assert unsaid not in page.text


def secrets_of(provider: Provider) -> list[str]:
    """What only the shop and its provider know, and the words of the provider's that nobody is to see.

    The host of a refused link is none of them: the log and the order's page in the admin name it to the merchant.
    """
    callbacks = [asked.body["redirect_urls"]["callback_url"] for asked in provider.requests]
    return [TOKEN, UNSAID, *(address.rsplit("/", 1)[1] for address in callbacks)]


class Outputs(logging.Handler):
    """Every answer of the shop, head and body, and every line of the log."""

    def __init__(self, app: Flask) -> None:
        super().__init__(logging.DEBUG)
        self.answers: list[tuple[int, str]] = []
        self.texts: list[str] = []
        request_finished.connect(self._answered, app)  # weakly: gone with this object
        logging.getLogger().addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line of the log, with its traceback."""
        self.texts.append(logging.Formatter().format(record))

    def with_any(self, words: list[str]) -> list[str]:
        """The outputs that hold one of these words."""
        return [text[:300] for text in self.texts if any(word in text for word in words)]

    def _answered(self, _app: Flask, response: Response, **_more: Any) -> None:
        self.answers.append((response.status_code, response.headers.get("Location", "")))
        body = "" if response.is_streamed else response.get_data(as_text=True)
        self.texts.append(f"{response.status_code}\n{response.headers}\n{body}")
