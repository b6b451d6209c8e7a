"""The shop's logo: uploaded in the settings, shown on every page and on receipts."""

import os
import re
import time
from io import BytesIO

import pytest
from sqlalchemy import update

from shop.catalog.images import serving
from shop.catalog.images.paths import files_of
from shop.catalog.images.processing import shrink
from shop.catalog.images.uploads import sweep_images
from shop.catalog.models import Category, ProductImage
from shop.core.database import db, write
from shop.orders.models import OrderLine
from shop.store.settings import clear_store_cache, current_store, store_settings_row
from tests import order_factory
from tests.malicious_files import photo
from tests.page_checks import CANARY
from tests.product_factory import fields_of
from tests.shopper import hidden_fields
from tests.urls import address_of, routes

PAGE = "/admin/settings"
DRAWING = "img/logo"


def send(owner, content, name="logo.png"):
    form = {**hidden_fields(owner.get(PAGE).text, f"{PAGE}/logo"), "logo": (BytesIO(content), name)}
    return owner.post(f"{PAGE}/logo", form, content_type="multipart/form-data")


def remove(owner):
    return owner.post(f"{PAGE}/logo/remove", hidden_fields(owner.get(PAGE).text, f"{PAGE}/logo"))


def logo_of(app):
    with app.app_context():
        clear_store_cache()
        return current_store().logo


@pytest.fixture
def media(tmp_path):
    return tmp_path / "instance" / "media"


def sweep(app, media, days=0):
    """The number of images that the worker deletes once all files are so many days old."""
    then = time.time() - days * serving.A_DAY
    for file in media.glob("*"):
        os.utime(file, (then, then))
    with app.app_context():
        return sweep_images(OrderLine.image)


def test_a_logo_is_shown_at_the_top_of_the_shop_and_the_admin_and_on_receipts(app, owner):
    assert send(owner, photo(600, 300, "PNG"), f"{CANARY}.png").status_code == 303

    path = logo_of(app)
    assert re.fullmatch(r"media/[0-9a-f]{26}-600x300", path)
    number = order_factory.keep(app, order_factory.order(payment="paid"))[0]
    for address in ("/", "/admin/", f"/admin/slips?slip=receipt&order={number}"):
        page = owner.get(address).text
        assert f'src="/{path}-320.jpg" width="600" height="300" alt=""' in page, address
        assert DRAWING not in page, address
    assert owner.get(f"/{path}-320.jpg").status_code == 200


def test_a_removed_or_replaced_logo_is_deleted_a_day_later(app, owner, goods, media):
    owner.post(PAGE, {**hidden_fields(owner.get(PAGE).text, PAGE), "name": "Duka"})
    send(owner, photo())
    send(owner, photo(300, 300))
    path = logo_of(app)
    assert sweep(app, media) == 0, "a page that was just sent may still show it"
    assert sweep(app, media, days=2) == 1
    assert sorted(file.name for file in media.glob("*")) == sorted(files_of(path))

    assert remove(owner).status_code == 303

    assert logo_of(app) == ""
    assert sweep(app, media) == 0
    assert sweep(app, media, days=2) == 1
    assert list(media.glob("*")) == []
    remove(owner)
    assert "The logo was removed already" in owner.get(PAGE).text
    assert goods.acts()[-2:] == ["Changed the shop’s logo", "Removed the shop’s logo"]
    with app.app_context():
        assert current_store().name == "Duka", "the settings stay"


def test_a_logo_that_was_changed_meanwhile_is_not_removed(owner):
    send(owner, photo())
    form = hidden_fields(owner.get(PAGE).text, f"{PAGE}/logo/remove")
    send(owner, photo(300, 300))

    reply = owner.post(f"{PAGE}/logo/remove", form)

    assert reply.status_code == 409
    assert "The logo was" in reply.text
    assert owner.post(f"{PAGE}/logo/remove", fields_of(reply.text)).status_code == 303


@pytest.mark.parametrize("sent", [b"GIF89a" + bytes(90), b"<svg/>", photo()[:900], photo(100, 100), photo(2000, 200)])
def test_a_file_that_is_no_image_changes_no_logo(app, owner, media, sent):
    reply = send(owner, sent)

    assert reply.status_code == 422
    assert owner.page.findtext(".//title").startswith("Error: ")
    assert "The logo was not changed" in reply.text
    assert logo_of(app) == "img/logo.svg"
    assert list(media.glob("*")) == []


def test_a_form_without_a_file_names_the_cure(owner):
    token = hidden_fields(owner.get(PAGE).text)["csrf_token"]
    for form in ({}, {"logo": "text"}, {"logo": (BytesIO(b""), "")}):
        reply = owner.post(f"{PAGE}/logo", {"csrf_token": token, **form}, content_type="multipart/form-data")
        assert reply.status_code == 422
        assert '<a href="#logo-file">Choose an image for the logo</a>' in reply.text


def test_no_page_asks_for_an_uploaded_image_as_a_drawing(app, owner, shopper):
    with app.app_context():
        path = serving.store(*shrink(BytesIO(photo(800, 600))))
        number = order_factory.keep(app, order_factory.order(payment="paid"))[0]

        def use_everywhere():
            for column in (ProductImage.path, Category.image, OrderLine.image):
                db.session.execute(update(column.class_).values({column.key: path}))
            store_settings_row().logo = path

        write(use_everywhere)
        clear_store_cache()
    shopper.add("KIO-CLA-TER")

    seen = 0
    for rule in routes(app):
        if rule.endpoint in ("static", "assets.bundle", "media.image", "accounts.logout"):
            continue
        address = address_of(app, rule, {"number": number, "sku": "KIO-CLA-TER"})
        for visitor in (shopper, owner):
            reply = visitor.browser.get(address, buffered=True)
            assert reply.status_code < 500, address
            if reply.mimetype == "text/html":
                assert "static/media" not in reply.text, address
                assert not re.search(r'(?:src|href)="/media/[0-9a-f]{26}-[0-9x]+"', reply.text), address
                seen += reply.text.count(f"/{path}-")
    assert seen > 100
    for address in ("/", "/products/kiondo-classic", "/cart", "/admin/products", "/admin/categories"):
        page = (owner if address.startswith("/admin") else shopper).get(address).text
        assert "img/products" not in page, address
        assert page.count(f"/{path}-") > 1, address
