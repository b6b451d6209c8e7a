"""Images of variants: on the product page, in the cart, at the checkout and on the order."""

from flask import Flask
from sqlalchemy import select, update

from shop.catalog.images import gallery
from shop.catalog.models import Product, ProductImage, Variant
from shop.catalog.products import NewVariant, add_variants, set_options, set_values
from shop.core.database import db, write
from tests import both_databases
from tests.shopper import SKU, Shopper

INDIGO = "KIO-CLA-IND"
FIRST, SECOND = "kiondo-classic.jpg", "kiondo-classic-indigo.jpg"


def kiondo() -> Product:
    """A product with two images and two variants."""
    return db.session.scalars(select(Product).where(Product.slug == "kiondo-classic")).one()


@both_databases
def test_cart_and_order_show_the_image_of_the_variant(app: Flask, shopper: Shopper):
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


def test_the_product_page_links_images_to_variants(shopper: Shopper):
    shopper.get("/products/kiondo-classic")
    assert shopper.page is not None
    radios = {one.get("value"): one.get("data-shows") for one in shopper.page.iter("input")}

    assert (radios[SKU], radios[INDIGO]) == ("1", "2")


def test_an_image_of_a_colour_shows_all_its_sizes_and_new_ones(app: Flask):
    def work() -> None:
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


@both_databases
def test_variants_of_a_removed_image_show_the_first_image(app: Flask, shopper: Shopper):
    with app.app_context():
        write(lambda: gallery.remove(kiondo(), kiondo().images[1].id))

        assert db.session.scalar(select(Variant.image_id).where(Variant.sku == INDIGO)) is None
        assert db.session.scalars(select(ProductImage.path).where(ProductImage.path.contains(SECOND))).all() == []
    shopper.add(INDIGO)
    assert FIRST in shopper.get("/cart").text
