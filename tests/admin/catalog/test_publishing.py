"""Drafts, hidden products and copies of products."""

import re
from io import BytesIO

import pytest
from sqlalchemy import select

from shop.catalog.images import serving
from shop.catalog.images.uploads import sweep_images
from shop.catalog.models import Product, ProductImage
from shop.catalog.product_feed import feed_token
from shop.core.database import db, write
from tests import both_databases
from tests.malicious_files import photo
from tests.shopper import SKU, hidden_fields


def anywhere(app, shopper, words):
    """The public pages that name a product."""
    feed = f"/feeds/{feed_token(app.config['SETTINGS'])}/products.csv"
    addresses = ("/", "/products", "/categories/kitchen", "/search?q=blue+mug", "/sitemap-products-1.xml", feed)
    return [address for address in addresses if words in shopper.browser.get(address, buffered=True).text]


@both_databases
@pytest.mark.parametrize("act", ["draft", "hide"])
def test_only_the_preview_shows_drafts_and_hidden_products(app, owner, shopper, goods, act):
    added = goods.drafted(owner)
    if act == "hide":
        goods.press(owner, f"/admin/products/{added}/publish", sure="1")
        assert len(anywhere(app, shopper, "blue-mug")) == 6
        goods.press(owner, f"/admin/products/{added}/hide")

    assert anywhere(app, shopper, "blue-mug") == []
    gone = shopper.get("/products/blue-mug")
    assert gone.status_code == 404 and "Blue mug" not in gone.text
    shopper.add("MUG-BLU")
    assert "MUG-BLU" not in shopper.get("/cart").text
    preview = owner.get(f"/admin/products/{added}/preview")
    assert "Blue mug" in preview.text and "KSh 1,250" in preview.text and "/cart/add" not in preview.text
    assert shopper.get(f"/admin/products/{added}/preview").status_code == 303


def test_a_cart_that_holds_a_hidden_product_says_so_by_name(owner, shopper, goods):
    added = goods.added(owner)
    shopper.add("MUG-BLU")

    goods.press(owner, f"/admin/products/{added}/hide")

    assert "Blue mug is no longer sold. We took it out" in shopper.get("/cart").text


def test_publishing_names_what_is_missing_and_asks_once_more(owner, goods):
    added = goods.drafted(owner, options="1")
    address = f"/admin/products/{added}"
    needs = "its options, like size or colour and a photo"
    assert f"It still needs {needs}" in owner.get(address).text

    asked = owner.browser.post(f"{address}/publish", data=hidden_fields(owner.get(address).text))
    assert f"Publish Blue mug without {needs}?" in asked.text
    assert goods.product(added).status == "draft"

    goods.make(owner, added, goods.options(owner, added, option_1="Size", values_1="S, M"))
    assert "It still needs a photo." in owner.get(address).text
    goods.press(owner, f"{address}/publish", sure="1")
    assert goods.product(added).status == "published"
    assert "Published" in owner.get(address).text


def test_drafts_can_only_be_published_and_the_second_press_is_told_so(owner, goods):
    added = goods.drafted(owner)

    goods.press(owner, f"/admin/products/{added}/hide")
    assert "Blue mug is not in the shop already" in owner.get("/admin/products").text
    for _ in range(2):
        goods.press(owner, f"/admin/products/{added}/publish", sure="1")
    assert "Blue mug is published already" in owner.get("/admin/products").text


@both_databases
def test_a_copy_has_everything_but_stock_and_is_a_draft(app, owner, goods):
    original = goods.variant(SKU).product_id
    page = hidden_fields(owner.get(f"/admin/products/{original}").text)

    for _ in range(2):  # pressed twice
        reply = owner.post(f"/admin/products/{original}/duplicate", page)

    made = int(re.search(r"\d+$", reply.headers["Location"])[0])
    with app.app_context():
        assert db.session.scalars(select(Product).where(Product.name.endswith("(copy)"))).one().id == made
        before, after = (db.session.get_one(Product, one) for one in (original, made))
        assert (after.status, after.description, after.options) == ("draft", before.description, before.options)
        assert [one.path for one in after.images] == [one.path for one in before.images]
        assert [(one.label, one.price) for one in after.variants] == [(one.label, one.price) for one in before.variants]
        assert {one.on_hand for one in after.variants} == {0}
        shown = [one.image and one.image.position for one in before.variants]
        assert [one.image and one.image.position for one in after.variants] == shown
        assert all(one.image is None or one.image in after.images for one in after.variants)
    assert goods.variant(f"{SKU}-2").product_id == made
    assert "(copy)" in owner.get("/admin/products?tab=drafts").text
    assert goods.unexplained() == []


def test_a_photo_of_two_products_stays_until_the_last_of_them_is_without_it(app, owner, goods, monkeypatch):
    added = goods.drafted(owner)
    address = f"/admin/products/{added}"
    form = hidden_fields(owner.get(f"{address}/images").text)
    owner.post(f"{address}/images", {**form, "images": (BytesIO(photo()), "a.jpg")}, content_type="multipart/form-data")
    owner.post(f"{address}/duplicate", hidden_fields(owner.get(address).text))
    with app.app_context():
        first, second = db.session.scalars(select(ProductImage).where(ProductImage.path.startswith("media"))).all()
        assert first.path == second.path
        monkeypatch.setattr(serving, "old_paths", lambda: {first.path})
        write(lambda: db.session.delete(first))
        assert sweep_images() == 0
        write(lambda: db.session.delete(db.session.get_one(ProductImage, second.id)))
        assert sweep_images() == 1
