"""The look: one colour, from which all others follow, corners and typefaces."""

import re
from functools import partial
from io import BytesIO

import pytest
from PIL import Image
from sqlalchemy import delete, update

from shop.catalog.models import ProductImage, Variant
from shop.core.database import db, write
from tests.malicious_files import photo
from tests.shopper import hidden_fields


def save(owner, **fields):
    """Send the form of the look."""
    form = hidden_fields(owner.get("/admin/look").text, "/admin/look")
    return owner.post("/admin/look", {**form, "colour": "#2b3990", "corners": "", "typeface": "", **fields})


def test_the_chosen_look_is_on_every_page_and_allowed_by_the_policy(owner, shopper):
    assert save(owner, colour="#E60000", corners="square", typeface="modern").status_code == 303

    for address in ("/", "/products/teapot", "/cart", "/pages/terms", "/nothing"):
        reply = shopper.get(address)
        styles = re.findall(r"<style>(.*?)</style>", reply.text, re.DOTALL)
        assert "--brand:#e60000;" in styles[1] and "--round:0;" in styles[1] and "--serif:var(--sans)" in styles[1]
        assert len(re.findall(r"'sha256-[^']+'", reply.headers["Content-Security-Policy"])) == len(styles) == 2
        assert '<meta name="theme-color" content="#e60000">' in reply.text


def test_the_default_look_needs_no_style_of_its_own(owner, shopper):
    save(owner)

    assert shopper.get("/").text.count("<style>") == 1


def test_a_preview_saves_nothing(owner, shopper):
    page = save(owner, colour="#00aa55", preview="1").text

    assert 'fill="#00aa55"' in page
    assert "#00aa55" not in shopper.get("/").text


def test_the_live_preview_gets_the_colours_that_follow(owner):
    schemes = owner.get("/admin/look/palette?colour=%23e60000").json

    assert schemes["light"]["--brand"] == "#e60000"
    assert set(schemes) == {"light", "dark"}


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("colour", "red", "Colour must be # and six digits"),
        ("colour", "#2b3990;}body{display:none", "Colour must be # and six digits"),
        ("corners", "pointed", "Choose the corners"),
        ("typeface", "</style>", "Choose a typeface"),
    ],
)
def test_other_values_are_refused_in_words(owner, field, value, words):
    refused = save(owner, **{field: value})

    assert refused.status_code == 422
    assert words in refused.text


def test_products_without_an_image_show_the_shops_own_stand_in_image(app, owner, shopper):
    with app.app_context():
        for statement in (update(Variant).values(image_id=None), delete(ProductImage)):
            write(partial(db.session.execute, statement))
    assert "img/no-image.svg" in shopper.get("/products/teapot").text

    form = {
        **hidden_fields(owner.get("/admin/look").text, "/admin/look/stand-in"),
        "stand_in": (BytesIO(photo()), "a.jpg"),
    }
    assert owner.post("/admin/look/stand-in", form, content_type="multipart/form-data").status_code == 303
    for address in ("/products/teapot", "/products"):
        page = shopper.get(address).text
        assert "img/no-image.svg" not in page and "/media/" in page
    assert "stand_in" in owner.get("/admin/look").text

    form = hidden_fields(owner.get("/admin/look").text, "/admin/look/stand-in/remove")
    assert owner.post("/admin/look/stand-in/remove", form).status_code == 303
    assert "img/no-image.svg" in shopper.get("/products").text


def test_a_stand_in_image_that_is_no_image_is_refused_in_words(owner):
    form = {
        **hidden_fields(owner.get("/admin/look").text, "/admin/look/stand-in"),
        "stand_in": (BytesIO(b"<svg/>"), "a.svg"),
    }
    refused = owner.post("/admin/look/stand-in", form, content_type="multipart/form-data")

    assert refused.status_code == 422
    assert "The stand-in image was not changed" in refused.text


def test_the_touch_icon_is_the_letter_in_the_shops_colour_or_the_uploaded_logo(owner, shopper):
    save(owner, colour="#e60000")
    with Image.open(BytesIO(shopper.get("/apple-touch-icon.png").data)) as icon:
        assert (icon.format, icon.size, icon.getpixel((5, 5))) == ("PNG", (180, 180), (230, 0, 0))

    form = {
        **hidden_fields(owner.get("/admin/settings").text, "/admin/settings/logo"),
        "logo": (BytesIO(photo()), "a.jpg"),
    }
    owner.post("/admin/settings/logo", form, content_type="multipart/form-data")
    with Image.open(BytesIO(shopper.get("/apple-touch-icon.png").data)) as icon:
        assert icon.getpixel((90, 90)) != (230, 0, 0)
