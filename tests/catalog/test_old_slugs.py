"""Old slugs redirect, and pages of archived products say so."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.catalog.models import Category, OldSlug, Product
from shop.catalog.products import NewVariant, ProductValues, add_product
from shop.catalog.slugs import free_slug
from shop.core.database import db, write
from tests import both_databases
from tests.shopper import Shopper

KIONDO, MUG = "kiondo-classic", "stoneware-mug"


def rename(app: Flask, old: str, new: str, model: type[Product] | type[Category] = Product) -> None:
    """Change the slug of a product or category."""

    def work() -> None:
        db.session.scalars(select(model).where(model.slug == old)).one().slug = new

    with app.app_context():
        write(work)


def leads_to(shopper: Shopper, slug: str, kind: str = "products") -> str | int:
    """The slug that an address redirects to, or its status."""
    reply = shopper.get(f"/{kind}/{slug}")
    return reply.headers["Location"].rpartition("/")[2] if reply.status_code == 301 else reply.status_code


@both_databases
def test_every_old_slug_of_a_product_redirects_to_the_newest(app: Flask, shopper: Shopper):
    rename(app, KIONDO, "second")
    rename(app, "second", "third")

    assert [leads_to(shopper, slug) for slug in (KIONDO, "second", "third")] == ["third", "third", 200]


def test_a_slug_that_is_used_again_does_not_redirect(app: Flask, shopper: Shopper):
    rename(app, KIONDO, "second")
    rename(app, "second", KIONDO)

    assert [leads_to(shopper, slug) for slug in (KIONDO, "second")] == [200, KIONDO]


def test_two_products_can_swap_slugs(app: Flask, shopper: Shopper):
    for old, new in ((KIONDO, "meanwhile"), (MUG, KIONDO), ("meanwhile", MUG)):
        rename(app, old, new)

    assert [leads_to(shopper, slug) for slug in (KIONDO, MUG, "meanwhile")] == [200, 200, MUG]


def test_an_old_slug_is_not_suggested_but_can_be_chosen(app: Flask, shopper: Shopper):
    rename(app, KIONDO, "second")
    with app.app_context():
        assert free_slug("Kiondo classic") == "kiondo-classic-2"
        shelf = db.session.scalars(select(Category.id)).first()
        assert shelf
        details = ProductValues("Another", shelf, slug=KIONDO)
        write(lambda: add_product(details, NewVariant("ANOTHER", 100, 5), ""))

        assert db.session.scalars(select(OldSlug.slug)).all() == []
    assert leads_to(shopper, KIONDO) == 200


def test_an_old_slug_of_a_category_redirects_to_the_new_one(app: Flask, shopper: Shopper):
    rename(app, "baskets", "vikapu", Category)

    assert leads_to(shopper, "baskets", "categories") == "vikapu"
    assert leads_to(shopper, "vikapu", "categories") == 200


@pytest.mark.parametrize("address", [f"/products/{KIONDO}", "/categories/baskets"])
def test_the_page_of_an_archived_product_names_it_and_shows_others(app: Flask, shopper: Shopper, address: str):
    with app.app_context():
        write(lambda: db.session.execute(update(Product).where(Product.slug == KIONDO).values(active=False)))
        write(lambda: db.session.execute(update(Category).where(Category.slug == "baskets").values(active=False)))
    reply = shopper.get(address)

    name = "Classic sisal kiondo" if KIONDO in address else "Baskets"
    assert reply.status_code == 410
    assert f"{name} is no longer sold" in reply.text
    assert reply.text.count('<li class="card') == 4
    assert "s-maxage=60" in reply.headers["Cache-Control"]
    assert "Set-Cookie" not in reply.headers
