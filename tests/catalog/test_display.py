"""How products are shown: descriptions, images and prices."""

from flask import Flask
from sqlalchemy import delete, select, update

from shop.catalog import queries
from shop.catalog.images.paths import NO_IMAGE
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.database import db, write
from shop.core.text import one_line
from tests.shopper import Shopper

FAMILY = "👨\u200d👩\u200d👧"
PERSIAN = "می\u200cخواهم"


def change(app: Flask, statement: object) -> None:
    """Run a statement in the shop's database."""
    with app.app_context():
        write(lambda: db.session.execute(statement))


def test_a_description_keeps_its_lines_and_is_one_line_for_search_engines(app: Flask, shopper: Shopper):
    words = "Size: 30 cm\nColour: red\n\nWash by hand."
    change(app, update(Product).where(Product.slug == "kiondo-classic").values(description=words))
    page = shopper.get("/products/kiondo-classic").text

    assert "Size: 30 cm\nColour: red</p>" in page
    assert '<meta name="description" content="Size: 30 cm Colour: red Wash by hand.">' in page


def test_a_product_without_an_image_shows_a_neutral_one_and_not_the_logo(app: Flask, shopper: Shopper):
    change(app, update(Variant).values(image_id=None))
    change(app, delete(ProductImage))
    shopper.add()
    for address in ("/products/kiondo-classic", "/categories/baskets", "/cart", "/checkout"):
        page = shopper.get(address).text

        assert "img/no-image.svg" in page
        assert page.count("img/logo.svg") == 1  # the shop's own logo, in the header


def test_a_category_without_an_image_shows_its_newest_product(app: Flask):
    change(app, update(Category).values(image=NO_IMAGE))
    with app.app_context():
        tile = queries.categories()[0]
        goods = select(Product).where(Product.category.has(slug=tile.slug)).order_by(Product.position)
        newest = db.session.scalars(goods).first()

        assert newest and tile.image == newest.images[0].path


def test_names_keep_the_joiners_their_script_needs_and_no_others():
    assert one_line(f"{FAMILY} {PERSIAN}", 80, joiners=True) == f"{FAMILY} {PERSIAN}"
    assert one_line("M\u200cPESA \u200dbasket\u202e", 80, joiners=True) == "MPESA basket"


def test_the_lowest_price_and_the_sort_by_price_use_variants_in_stock(app: Flask, shopper: Shopper):
    kiondo = select(Product.id).where(Product.slug == "kiondo-classic").scalar_subquery()
    change(app, update(Variant).where(Variant.product_id == kiondo).values(price=90_000))
    change(app, update(Variant).where(Variant.sku == "KIO-CLA-TER").values(price=1, on_hand=0))
    with app.app_context():
        cards = queries.in_category(queries.category_by_slug("baskets"), "price", 1).cards

        assert (cards[-1].slug, cards[-1].price, cards[-1].varies) == ("kiondo-classic", 90_000, False)
    assert '<span class="price price--large">KSh 90,000</span>' in shopper.get("/products/kiondo-classic").text


def test_a_sold_out_product_still_has_a_price(app: Flask, shopper: Shopper):
    change(app, update(Variant).where(Variant.sku.startswith("KIO-CLA")).values(on_hand=0, held=0))

    assert "KSh 2,450" in shopper.get("/products/kiondo-classic").text
