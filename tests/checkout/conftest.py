"""Fixtures of the checkout tests."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from shop.catalog.models import Variant
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
def count(app) -> Callable[[], int]:
    """Number of orders."""

    def read() -> int:
        with app.app_context():
            return db.session.scalar(select(func.count(Order.id))) or 0

    return read


@pytest.fixture
def change(app) -> Callable[..., None]:
    """The merchant changes rows: change(Variant, Variant.sku == sku, price=1)."""

    def write(model: Any, which: Any, **values: Any) -> None:
        with app.app_context():
            db.session.execute(update(model).where(which).values(**values))
            db.session.commit()

    return write


@pytest.fixture
def stock(app) -> Callable[[str], tuple[int, int]]:
    """On hand and held of a SKU."""

    def read(sku: str) -> tuple[int, int]:
        with app.app_context():
            return tuple(db.session.execute(select(Variant.on_hand, Variant.held).where(Variant.sku == sku)).one())

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
