"""Fixtures of the checkout tests."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.checkout import submission, views
from shop.core.database import db
from shop.orders.models import Order
from tests.checkout.page_parser import shown_form
from tests.shopper import Shopper


@pytest.fixture
def orders(app) -> Callable[[], list[Order]]:
    """All orders, newest last."""

    def read() -> list[Order]:
        with app.app_context():
            return list(db.session.scalars(select(Order).order_by(Order.id)))

    return read


@pytest.fixture
def sent_twice(shopper, provider, monkeypatch) -> Callable[[], tuple[TestResponse, TestResponse]]:
    """Send one form twice at once, between the check for its order and the write; returns both replies."""

    def send() -> tuple[TestResponse, TestResponse]:
        shopper.add()
        form = shown_form(shopper)
        rival = Shopper(shopper.app, provider)
        rival.browser.set_cookie("session", shopper.browser.get_cookie("session").value)
        rivals = []

        def place_after_rival(*arguments: Any) -> Any:
            monkeypatch.setattr(views, "place_order", submission.place_order)
            rivals.append(rival.post("/checkout", form))
            return submission.place_order(*arguments)

        monkeypatch.setattr(views, "place_order", place_after_rival)
        mine = shopper.post("/checkout", form)
        [theirs] = rivals
        return mine, theirs

    return send
