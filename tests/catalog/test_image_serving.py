"""Serving uploaded images, and deleting unused files."""

import os
import time
from io import BytesIO

import pytest
from sqlalchemy import delete, select, update

from shop.catalog.images import serving
from shop.catalog.images.paths import files_of
from shop.catalog.images.processing import shrink
from shop.catalog.models import Product, ProductImage
from shop.core.database import db, write
from shop.orders.models import OrderLine
from tests import both_databases, order_factory
from tests.malicious_files import photo

SIZES = ["160.webp", "320.jpg"]


@pytest.fixture
def kept(app):
    """The path of an image that is stored, and used by the mwiko."""
    with app.app_context():
        path = serving.store(*shrink(BytesIO(photo())))
        mwiko = select(Product.id).where(Product.slug == "mwiko").scalar_subquery()
        write(
            lambda: db.session.execute(update(ProductImage).where(ProductImage.product_id == mwiko).values(path=path))
        )
    return path


def aged(app, path, days):
    with app.app_context():
        for name in files_of(path):
            moment = time.time() - days * serving.A_DAY
            os.utime(serving.folder() / name, (moment, moment))


def sweep(app):
    result = app.test_cli_runner().invoke(args=["images", "sweep"])
    assert result.exit_code == 0
    return int(result.output.split(" ")[0])


def is_there(app, path):
    with app.app_context():
        return serving.is_stored(path)


@pytest.mark.parametrize("size", SIZES)
def test_an_image_is_cacheable_for_a_year_and_cannot_run_scripts(kept, shopper, size):
    shopper.add()
    reply = shopper.browser.get(f"/{kept}-{size}")

    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == {"webp": "image/webp", "jpg": "image/jpeg"}[size.split(".")[1]]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply.headers.getlist("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Set-Cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("Vary", "")
    again = shopper.browser.get(f"/{kept}-{size}", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304
    assert not again.data


@pytest.mark.parametrize(
    "name",
    [
        "../shop.db",
        "..%2fshop.db",
        "%2e%2e/shop.db",
        "....//shop.db",
        "shop.db",
        "",
        "a" * 26 + "-800x600-160.webp",
        "a" * 26 + "-800x600-160.svg",
        "a" * 26 + "-800x600-160.webp%00.html",
        "A" * 26 + "-800x600-160.webp",
        "١" * 26 + "-800x600-160.webp",
        "x" * 5000,
        "%00",
        "..\\shop.db",
    ],
)
def test_no_other_file_of_the_folder_is_served(kept, shopper, name):
    reply = shopper.browser.get(f"/media/{name}")

    assert reply.status_code == 404
    assert reply.headers["Cache-Control"] == "no-store"


def test_a_missing_size_and_other_files_are_not_served(app, kept, shopper):
    with app.app_context():
        (serving.folder() / "notes.html").write_text("<script>")

    assert shopper.browser.get(f"/{kept}-961.webp").status_code == 404
    assert shopper.browser.get("/media/notes.html").status_code == 404
    assert shopper.browser.post(f"/{kept}-160.webp").status_code in (400, 405)


@both_databases
def test_an_unused_image_is_deleted_a_day_later(app, kept):
    aged(app, kept, days=3)
    assert sweep(app) == 0
    assert is_there(app, kept)

    with app.app_context():
        write(lambda: db.session.execute(delete(ProductImage).where(ProductImage.path == kept)))
        serving.touch(kept)  # as the admin does when an image is removed
    assert sweep(app) == 0
    aged(app, kept, days=3)
    assert sweep(app) == 1
    assert not is_there(app, kept)
    assert sweep(app) == 0


@both_databases
def test_an_image_in_an_order_is_kept(app, kept, shopper):
    order_factory.keep(app, order_factory.order())
    with app.app_context():
        write(lambda: db.session.execute(update(OrderLine).values(image=kept)))
        write(lambda: db.session.execute(delete(ProductImage).where(ProductImage.path == kept)))
    aged(app, kept, days=300)

    assert sweep(app) == 0
    assert is_there(app, kept)


def test_files_of_a_killed_upload_are_deleted_and_new_files_are_kept(app, kept):
    with app.app_context():
        old, new, other = (serving.folder() / name for name in ("a.part", "b.part", "READ.me"))
        for file in (old, new, other):
            file.write_bytes(b"half an image")
        for file in (old, other):
            os.utime(file, (0, 0))
    sweep(app)

    assert [file.exists() for file in (old, new, other)] == [False, True, True]


def test_the_sweep_of_a_shop_without_images_deletes_nothing(app):
    assert sweep(app) == 0


def test_cart_and_order_lines_show_the_upload_in_its_shape(app, kept, shopper):
    with app.app_context():
        write(lambda: db.session.execute(update(ProductImage).where(ProductImage.position == 0).values(path=kept)))
    shopper.add()

    for address in ("/cart", "/checkout", "/products/kiondo-classic", "/", "/search?q=basket"):
        page = shopper.get(address).text
        assert f'src="/{kept}-320.jpg"' in page, address
        assert 'width="800" height="600"' in page
        assert f"/{kept}-160.webp 160w" in page
