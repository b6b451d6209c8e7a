"""Old slugs redirect, and pages of archived products say so."""

import pytest
from flask import Flask
from sqlalchemy import select, update

from shop.catalog.models import Category, OldSlug, Product
from shop.catalog.products import NewVariant, ProductValues, add_product
from shop.catalog.publishing import publish
from shop.catalog.slugs import free_slug
from shop.core.database import db, write
from tests.shopper import Shopper

KIONDO, MUG = "kiondo-classic", "stoneware-mug"


def rename(app: Flask, *renames: tuple[str, str], model: type[Product] | type[Category] = Product) -> None:
    """Change slugs of products or categories, one after the other: (old, new)."""

    def work(old: str, new: str) -> None:
        db.session.scalars(select(model).where(model.slug == old)).one().slug = new

    with app.app_context():
        for old, new in renames:
            write(lambda old=old, new=new: work(old, new))


def leads_to(shopper: Shopper, slug: str, kind: str = "products") -> str | int:
    """The slug that an address redirects to, or its status."""
    reply = shopper.get(f"/{kind}/{slug}")
    return reply.headers["Location"].rpartition("/")[2] if reply.status_code == 301 else reply.status_code


@pytest.mark.parametrize(
    ("renames", "results"),
    [
        ([(KIONDO, "second"), ("second", "third")], {KIONDO: "third", "second": "third", "third": 200}),
        ([(KIONDO, "second"), ("second", KIONDO)], {KIONDO: 200, "second": KIONDO}),
        ([(KIONDO, "third"), (MUG, KIONDO), ("third", MUG)], {KIONDO: 200, MUG: 200, "third": MUG}),
    ],
    ids=["renamed twice", "used again", "swapped"],
)
def test_every_old_slug_redirects_to_the_newest_unless_it_is_used_again(
    app: Flask, shopper: Shopper, renames: list[tuple[str, str]], results: dict[str, str | int]
):
    rename(app, *renames)

    assert {slug: leads_to(shopper, slug) for slug in results} == results


def test_an_old_slug_is_not_suggested_but_can_be_chosen(app: Flask, shopper: Shopper):
    rename(app, (KIONDO, "second"))
    with app.app_context():
        assert free_slug(Product, "Kiondo classic") == "kiondo-classic-2"
        category = db.session.scalars(select(Category.id)).first()
        assert category
        details = ProductValues("Another", category, slug=KIONDO)
        write(lambda: publish(add_product(details, NewVariant("ANOTHER", 100, 5), "")))

        assert db.session.scalars(select(OldSlug.slug)).all() == []
    assert leads_to(shopper, KIONDO) == 200


def test_an_old_slug_of_a_category_redirects_to_the_new_one(app: Flask, shopper: Shopper):
    rename(app, ("baskets", "vikapu"), model=Category)

    assert leads_to(shopper, "baskets", "categories") == "vikapu"
    assert leads_to(shopper, "vikapu", "categories") == 200


@pytest.mark.parametrize("address", [f"/products/{KIONDO}", "/categories/baskets"])
def test_the_page_of_an_archived_product_names_it_and_shows_others(app: Flask, shopper: Shopper, address: str):
    with app.app_context():
        write(lambda: db.session.execute(update(Product).where(Product.slug == KIONDO).values(status="archived")))
        write(lambda: db.session.execute(update(Category).where(Category.slug == "baskets").values(active=False)))
    reply = shopper.get(address)

    name = "Classic sisal kiondo" if KIONDO in address else "Baskets"
    assert reply.status_code == 410
    assert f"{name} is no longer sold" in reply.text
    assert reply.text.count('<li class="card') == 4
    assert "s-maxage=60" in reply.headers["Cache-Control"]
    assert "Set-Cookie" not in reply.headers
