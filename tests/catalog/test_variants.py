"""Variants of a product: choosing one without JavaScript, and their images."""

import pytest
from sqlalchemy import select, update

from shop.catalog.images import gallery
from shop.catalog.models import Product, ProductImage, Variant
from shop.catalog.products import NewVariant, add_variants, set_options, set_values
from shop.core.database import db, write
from tests.catalog.test_pages import text_of
from tests.shopper import SKU

INDIGO = "KIO-CLA-IND"
FIRST, SECOND = "kiondo-classic.jpg", "kiondo-classic-indigo.jpg"


def kiondo():
    """A product with two images and two variants."""
    return db.session.scalars(select(Product).where(Product.slug == "kiondo-classic")).one()


@pytest.fixture
def coloured(app):
    """A function that gives the classic kiondo sizes and colours, with `left` pieces each."""

    def make(sizes, colours, left):
        def change():
            set_options(kiondo(), ("Size", "Colour"))
            for number, variant in enumerate(kiondo().variants):
                set_values(variant, ("Old", f"Shade {number}"))
                variant.active = False
            pairs = [(size, colour) for size in sizes for colour in colours]
            fresh = [NewVariant(f"KIO-{n}", 2000 + n, left(n), values=values) for n, values in enumerate(pairs)]
            add_variants(kiondo(), fresh, "")

        with app.app_context():
            write(change)

    return make


def test_variants_are_buttons_grouped_by_size(shopper, coloured):
    coloured(["Small", "Large"], ["Indigo", "Madder"], lambda n: n)

    shopper.get("/products/kiondo-classic")

    words = text_of(shopper.page)
    assert "Choose size and colour" in words
    assert words.index("Small, Indigo") < words.index("Large, Indigo")
    radios = [one for one in shopper.page.iter("input") if one.get("type") == "radio"]
    assert [one.get("value") for one in radios] == ["KIO-0", "KIO-1", "KIO-2", "KIO-3"]
    assert radios[0].get("disabled") is not None
    assert [one for one in radios if one.get("checked") is not None] == []
    assert all(one.get("required") is not None for one in radios)
    assert "Shade" not in words


def test_very_many_variants_are_a_select_box_with_price_and_stock(shopper, coloured):
    coloured(["Small", "Medium", "Large"], [f"Shade {number:02}" for number in range(14)], lambda n: n)

    shopper.get("/products/kiondo-classic")

    nothing, *options = shopper.page.iter("option")
    assert (nothing.get("value"), nothing.text) == ("", "Choose size and colour")
    assert options[0].text == "Small, Shade 00: KSh 2,000, sold out" and options[0].get("disabled") is not None
    assert options[1].text == "Small, Shade 01: KSh 2,001, only 1 left"
    assert options[11].text == "Small, Shade 11: KSh 2,011"
    assert [one for one in options if one.get("selected") is not None] == []
    assert shopper.buy("KIO-11").status["payment"] == "awaiting"


@pytest.mark.parametrize("sizes", [["Small"], [str(number) for number in range(36, 48)]], ids=["cards", "list"])
def test_a_form_without_a_choice_comes_back_with_an_error_and_the_quantity(shopper, coloured, sizes):
    coloured(sizes, ["Indigo", "Madder"], lambda n: 5)

    reply = shopper.post("/cart/add", {"product": "kiondo-classic", "sku": "", "quantity": "3"})
    assert reply.status_code == 303
    page = shopper.get(reply.headers["Location"]).text

    assert "Choose size and colour first" in page[page.index('id="choice"') :]
    assert 'name="quantity" value="3"' in page
    assert "Your cart is empty" in shopper.get("/cart").text
    assert "Choose size and colour first" not in shopper.get("/products/kiondo-classic").text


def test_cart_and_order_show_the_image_of_the_variant(app, shopper):
    bought = shopper.buy(INDIGO)
    shopper.add(INDIGO)
    shared = shopper.post("/cart/share", {}).headers["Location"]
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku == INDIGO).values(image_id=None)))

    assert SECOND in shopper.get(bought.order_path).text
    assert SECOND not in shopper.get("/cart").text
    with app.app_context():
        write(lambda: gallery.show_variants(kiondo(), kiondo().images[1].id, f"sku:{INDIGO}"))
    for address in ("/cart", "/checkout", shared):
        page = shopper.get(address).text

        assert SECOND in page and FIRST not in page


def test_the_product_page_links_images_to_variants(shopper):
    shopper.get("/products/kiondo-classic")
    radios = {one.get("value"): one.get("data-shows") for one in shopper.page.iter("input")}

    assert (radios[SKU], radios[INDIGO]) == ("1", "2")


def test_an_image_of_a_colour_shows_all_its_sizes_and_new_ones(app):
    def work():
        product = kiondo()
        set_options(product, ("Size", "Colour"))
        for variant, colour in zip(product.variants, ("White", "Black"), strict=True):
            set_values(variant, ("41", colour))
            variant.image_id = None
        add_variants(product, [NewVariant("NEW-42-WHITE", 3500, 5, values=("42", "White"))], "")
        gallery.show_variants(product, product.images[1].id, "1:White")
        add_variants(product, [NewVariant("NEW-43-WHITE", 3500, 5, values=("43", "White"))], "")

    with app.app_context():
        write(work)
        product = kiondo()
        second = product.images[1].id

        assert {one.label: one.image_id for one in product.variants} == {
            "41, White": second,
            "41, Black": None,
            "42, White": second,
            "43, White": second,
        }
        assert gallery.shown_choice(product, second) == "1:White"
        assert gallery.shown_choice(product, product.images[0].id) == ""


def test_variants_of_a_removed_image_show_the_first_image(app, shopper):
    with app.app_context():
        write(lambda: gallery.remove(kiondo(), kiondo().images[1].id))

        assert db.session.scalar(select(Variant.image_id).where(Variant.sku == INDIGO)) is None
        assert db.session.scalars(select(ProductImage.path).where(ProductImage.path.contains(SECOND))).all() == []
    shopper.add(INDIGO)
    assert FIRST in shopper.get("/cart").text
