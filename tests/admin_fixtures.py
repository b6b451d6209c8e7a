"""Fixtures of the admin: an owner, a staff user, products and images."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from shop.catalog.models import Product
from shop.core.database import db
from tests.admin_client import STAFF, AdminClient, create_owner, create_staff
from tests.image_fixtures import SLUG
from tests.product_factory import Goods
from tests.provider import Provider
from tests.shopper import hidden_fields
from tests.totp_phone import Clock


@pytest.fixture
def visitor(app: Flask, provider: Provider) -> AdminClient:
    """A visitor who has not signed in, in a shop with one owner."""
    create_owner(app)
    return AdminClient(app, provider)


@pytest.fixture
def owner(visitor: AdminClient) -> AdminClient:
    """The owner, signed in."""
    assert visitor.sign_in().status_code == 303
    return visitor


@pytest.fixture
def staff(app: Flask, provider: Provider) -> AdminClient:
    """A staff user, signed in."""
    create_staff(app)
    staff = AdminClient(app, provider)
    assert staff.sign_in(STAFF).status_code == 303
    return staff


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The shop's time for two-factor codes, which stands still until a test moves it."""
    return Clock(monkeypatch)


@pytest.fixture
def goods(app: Flask) -> Goods:
    """The catalogue, as the admin shows it."""
    return Goods(app)


@pytest.fixture
def images_page(app: Flask) -> str:
    """The address of the mwiko's images page. The mwiko has one drawing."""
    with app.app_context():
        return f"/admin/products/{db.session.scalar(select(Product.id).where(Product.slug == SLUG))}/images"


@pytest.fixture
def sends(owner: AdminClient, images_page: str) -> Callable[..., TestResponse]:
    """A function that uploads files: sends(("a.jpg", bytes), alt="...")."""

    def do(*files: tuple[str, bytes], alt: str = "Teapot from the side", **options: Any) -> TestResponse:
        form = hidden_fields(owner.get(images_page).text)
        sent = [(BytesIO(content), name) for name, content in files]
        form = {"csrf_token": form["csrf_token"], "alt": alt, "images": sent}
        return owner.post(images_page, form, content_type="multipart/form-data", **options)

    return do
