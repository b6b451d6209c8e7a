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


def on_disk(tmp_path):
    return sorted(file.name for file in (tmp_path / "instance" / "media").glob("*"))


def age(tmp_path):
    then = time.time() - 2 * serving.A_DAY
    for file in (tmp_path / "instance" / "media").glob("*"):
        os.utime(file, (then, then))


def sweep(app):
    with app.app_context():
        return sweep_images(OrderLine.image)


def test_a_logo_stands_at_the_top_of_the_shop_and_the_desk_and_on_receipts(app, owner):
    assert send(owner, photo(600, 300, "PNG")).status_code == 303

    path = logo_of(app)
    assert re.fullmatch(r"media/[0-9a-f]{26}-600x300", path)
    number = order_factory.keep(app, order_factory.order(payment="paid"))[0]
    for address in ("/", "/admin/", f"/admin/print?slip=receipt&order={number}"):
        page = owner.get(address).text
        assert f'src="/{path}-320.jpg" width="600" height="300" alt=""' in page, address
        assert DRAWING not in page, address
    assert owner.get(f"/{path}-320.jpg").status_code == 200


def test_a_logo_is_an_act_in_the_log_and_the_settings_stay(app, owner, goods):
    owner.post(PAGE, {**hidden_fields(owner.get(PAGE).text, PAGE), "name": "Duka"})
    send(owner, photo())
    remove(owner)

    assert goods.acts()[-2:] == ["Changed the shop’s logo", "Removed the shop’s logo"]
    with app.app_context():
        assert current_store().name == "Duka"


def test_a_removed_logo_gives_way_to_the_first_letter_and_its_files_go_a_day_later(app, owner, tmp_path):
    send(owner, photo())
    path = logo_of(app)
    age(tmp_path)
    assert sweep(app) == 0
    assert on_disk(tmp_path) == sorted(files_of(path))

    assert remove(owner).status_code == 303

    assert logo_of(app) == ""
    assert 'class="shop-logo" src="/icon.svg' in owner.get(PAGE).text
    assert sweep(app) == 0, "a page that was just sent may still show it"
    age(tmp_path)
    assert sweep(app) == 1
    assert on_disk(tmp_path) == []
    remove(owner)
    assert "The logo was removed already" in owner.get(PAGE).text


def test_a_second_logo_takes_the_place_of_the_first(app, owner, tmp_path):
    send(owner, photo())
    send(owner, photo(300, 300))
    path = logo_of(app)

    age(tmp_path)
    assert sweep(app) == 1
    assert on_disk(tmp_path) == sorted(files_of(path))


@pytest.mark.parametrize("sent", [b"GIF89a" + bytes(90), b"<svg/>", photo()[:900], photo(100, 100), photo(2000, 200)])
def test_what_is_no_image_changes_no_logo(app, owner, tmp_path, sent):
    reply = send(owner, sent)

    assert reply.status_code == 422
    assert owner.page.findtext(".//title").startswith("Error: ")
    assert "The logo was not changed" in reply.text
    assert logo_of(app) == ""
    assert 'class="shop-logo" src="/icon.svg' in owner.get(PAGE).text
    assert on_disk(tmp_path) == []


def test_without_a_file_the_cure_is_said(owner):
    token = hidden_fields(owner.get(PAGE).text)["csrf_token"]
    for form in ({}, {"logo": "text"}, {"logo": (BytesIO(b""), "")}):
        reply = owner.post(f"{PAGE}/logo", {"csrf_token": token, **form}, content_type="multipart/form-data")
        assert reply.status_code == 422
        assert '<a href="#logo-file">Choose an image for the logo</a>' in reply.text


def test_a_name_of_hostile_characters_stays_outside(app, owner):
    send(owner, photo(), f"{CANARY}.jpg")
    assert owner.get(PAGE).status_code == 200


def test_staff_changes_no_logo(app, staff):
    for address in (f"{PAGE}/logo", f"{PAGE}/logo/remove"):
        token = hidden_fields(staff.get("/admin/").text)["csrf_token"]
        assert staff.post(address, {"csrf_token": token}).status_code == 403
    assert logo_of(app) == ""
    assert 'class="shop-logo" src="/icon.svg' in owner.get(PAGE).text


def test_every_page_shows_uploaded_images_wherever_it_showed_drawings(app, owner, shopper):
    """Products, categories, order lines and the logo all have an uploaded image: no page asks for it as a drawing."""
    with app.app_context():
        path = serving.store(*shrink(BytesIO(photo(800, 600))))
        number = order_factory.keep(app, order_factory.order(payment="paid"))[0]

        def hang():
            for column in (ProductImage.path, Category.image, OrderLine.image):
                db.session.execute(update(column.class_).values({column.key: path}))
            store_settings_row().logo = path

        write(hang)
        clear_store_cache()
    shopper.add("KIO-CLA-TER")
    token = hidden_fields(owner.get("/admin/carts/new?sku=KIO-CLA-TER").text)
    owner.post("/admin/carts/new", {**token, "quantity-KIO-CLA-TER": "1", "title": ""})

    seen = 0
    for rule in routes(app):
        if rule.endpoint in ("static", "assets.bundle", "media.image", "accounts.logout"):
            continue
        for visitor in (shopper, owner):
            address = address_of(app, rule, {"number": number, "sku": "KIO-CLA-TER"})
            reply = visitor.browser.get(address, buffered=True)
            assert reply.status_code < 500, address
            if reply.mimetype != "text/html":
                continue
            assert "static/media" not in reply.text, address
            assert not re.search(r'(?:src|href)="/media/[0-9a-f]{26}-[0-9x]+"', reply.text), address
            seen += reply.text.count(f"/{path}-")
    assert seen > 100
    for address in ("/", "/products/kiondo-classic", "/cart", "/admin/products", "/admin/categories"):
        page = (owner if address.startswith("/admin") else shopper).get(address).text
        assert "img/products" not in page, address
        assert page.count(f"/{path}-") > 1, address
