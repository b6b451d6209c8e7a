"""Links that carry a discount code, and codes that count for one category."""

import pytest
from sqlalchemy import select

from shop.catalog.models import Category
from shop.core.database import db
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.shopper import SKU

MUG = "MUG-SPE-CRE"  # KSh 1,200, of the category kitchen; SKU is one of baskets


@pytest.fixture
def code(app):
    """VIATU20: 20 % off baskets."""
    with app.app_context():
        category = db.session.scalars(select(Category).where(Category.slug == "baskets")).one()
        db.session.add(DiscountCode(code="VIATU20", kind="percent", value=20, category_id=category.id))
        db.session.commit()
        return category.name


def words(shopper, address):
    shopper.get(address)
    return " ".join("".join(shopper.page.find(".//main").itertext()).split())


@both_databases
def test_the_code_of_a_link_is_in_the_cart_that_comes_to_exist(shopper, code):
    page = words(shopper, "/d/viatu20")
    assert "20% off Baskets" in page and "See Baskets" in page

    shopper.add(SKU)

    assert "VIATU20 takes off KSh 490. It counts only for Baskets." in words(shopper, "/cart")


def test_the_code_of_a_link_is_put_into_a_cart_that_exists(shopper, code):
    shopper.add(SKU)
    shopper.add(MUG)

    shopper.get("/d/VIATU20")

    assert "VIATU20 takes off KSh 490" in words(shopper, "/cart"), "the mug does not count"
    assert shopper.buy().total < 1200 + 2 * 2450 + 1000


def test_a_cart_without_products_of_the_category_is_told_for_which_the_code_counts(shopper, code):
    shopper.get("/d/VIATU20")
    shopper.add(MUG)

    assert "Discount code VIATU20 counts only for Baskets" in words(shopper, "/cart")


def test_a_link_with_an_unknown_or_ended_code_says_so_and_changes_nothing(app, shopper, code):
    with app.app_context():
        db.session.add(DiscountCode(code="GONE", kind="percent", value=20, active=False))
        db.session.commit()
    shopper.get("/d/VIATU20")

    for wrong in ("NOSUCH", "GONE"):
        assert shopper.get(f"/d/{wrong}").status_code == 404
        assert f"Discount code {wrong} is not known" in words(shopper, f"/d/{wrong}")
    shopper.add(SKU)
    assert "VIATU20 takes off" in words(shopper, "/cart")
