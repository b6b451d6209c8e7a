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


@pytest.mark.parametrize(("size", "kind"), [("160.webp", "image/webp"), ("320.jpg", "image/jpeg")])
def test_an_image_is_cacheable_for_a_year_and_cannot_run_scripts(kept, shopper, size, kind):
    shopper.add()
    reply = shopper.browser.get(f"/{kept}-{size}")

    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == kind
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert reply.headers.getlist("Content-Security-Policy") == ["default-src 'none'; sandbox"]
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Set-Cookie" not in reply.headers
    assert "Cookie" not in reply.headers.get("Vary", "")
    again = shopper.browser.get(f"/{kept}-{size}", headers={"If-None-Match": reply.headers["ETag"]})
    assert again.status_code == 304
    assert not again.data


def test_no_other_file_of_the_folder_is_served(app, kept, shopper):
    with app.app_context():
        (serving.folder() / "notes.html").write_text("<script>")
    code = "a" * 26
    for name in (
        *(
            "../shop.db",
            "..%2fshop.db",
            "%2e%2e/shop.db",
            "....//shop.db",
            "..\\shop.db",
            "shop.db",
            "notes.html",
            "",
            "%00",
        ),
        *(f"{code}-800x600-160.webp", f"{code}-800x600-160.svg", f"{code}-800x600-160.webp%00.html", "x" * 5000),
        *(f"{'A' * 26}-800x600-160.webp", f"{'١' * 26}-800x600-160.webp", f"{kept.removeprefix('media/')}-961.webp"),
    ):
        reply = shopper.browser.get(f"/media/{name}")
        assert reply.status_code == 404, name
        assert reply.headers["Cache-Control"] == "no-store"
    assert shopper.browser.post(f"/{kept}-160.webp").status_code in (400, 405)


@both_databases
def test_an_image_is_deleted_a_day_after_its_product_unless_an_order_shows_it(app, kept, shopper):
    order_factory.keep(app, order_factory.order())
    aged(app, kept, days=3)
    assert sweep(app) == 0

    with app.app_context():
        write(lambda: db.session.execute(update(OrderLine).values(image=kept)))
        write(lambda: db.session.execute(delete(ProductImage).where(ProductImage.path == kept)))
    aged(app, kept, days=300)
    assert sweep(app) == 0

    with app.app_context():
        write(lambda: db.session.execute(update(OrderLine).values(image="img/no-image.svg")))
        serving.touch(kept)  # as the admin does when an image is removed
    assert sweep(app) == 0
    with app.app_context():
        assert serving.is_stored(kept)
    aged(app, kept, days=3)
    assert [sweep(app), sweep(app)] == [1, 0]
    with app.app_context():
        assert not serving.is_stored(kept)


def test_files_of_a_killed_upload_are_deleted_and_new_files_are_kept(app, kept):
    with app.app_context():
        old, new, other = (serving.folder() / name for name in ("a.part", "b.part", "READ.me"))
        for file in (old, new, other):
            file.write_bytes(b"half an image")
        for file in (old, other):
            os.utime(file, (0, 0))
    sweep(app)

    assert [file.exists() for file in (old, new, other)] == [False, True, True]


def test_cart_and_order_lines_show_the_upload_in_its_shape(app, kept, shopper):
    with app.app_context():
        write(lambda: db.session.execute(update(ProductImage).where(ProductImage.position == 0).values(path=kept)))
    shopper.add()

    for address in ("/cart", "/checkout", "/products/kiondo-classic", "/", "/search?q=basket"):
        page = shopper.get(address).text
        assert f'src="/{kept}-320.jpg"' in page, address
        assert 'width="800" height="600"' in page
        assert f"/{kept}-160.webp 160w" in page
