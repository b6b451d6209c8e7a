"""Filters of a product list: plain links that shorten the list and can be taken back."""

import pytest
from sqlalchemy import select, update

from shop.catalog.filters import ProductFilter, read_filter
from shop.catalog.models import Product, Variant
from shop.core.database import db
from tests import both_databases


@pytest.fixture
def sandals(app):
    """The sandals with the option Size."""
    with app.app_context():
        product = db.session.scalars(select(Product).where(Product.slug == "beaded-sandals")).one()
        product.option_1 = "Size"
        for variant in product.variants:
            variant.value_1 = variant.label
        db.session.commit()


def slugs(page) -> set[str]:
    """The products on a list."""
    links = [link.get("href") for link in page.findall(".//main//h3/a")]
    return {link.removeprefix("/products/") for link in links}


@both_databases
def test_a_list_is_filtered_by_price_stock_and_option(app, shopper, sandals):
    shopper.get("/products?min=2200&max=2200")
    assert "beaded-sandals" in slugs(shopper.page) and "teapot" not in slugs(shopper.page)

    page = shopper.get("/products?with-Size=38").text
    assert slugs(shopper.page) == {"beaded-sandals"}
    assert "1 product<" in page

    shopper.get("/products?with-Size=41&stock=1")
    assert slugs(shopper.page) == set(), "41 is sold out"


def test_filters_are_offered_and_can_be_taken_back(shopper, sandals):
    page = shopper.get("/categories/bags?with-Size=38&utm_source=whatsapp").text

    assert 'href="/categories/bags?with-Size=39"' in page
    assert "Remove the filter" in page
    assert 'href="/categories/bags"' in page
    assert 'name="robots" content="noindex, follow"' in page


def test_what_cannot_be_read_is_no_filter(shopper):
    assert not read_filter({"min": "cheap", "max": "", "stock": "yes", "fbclid": "x", "with-Size": ""})
    assert shopper.get("/products?min=cheap&page=9999999999&sort=nonsense").status_code == 200


def test_no_number_or_character_breaks_a_list(shopper):
    for query in ("min=9,999,999,999,999,999,999,999,999", "max=999999999", "with-Size=%00", "with-%00=38", "with-=1"):
        assert shopper.get(f"/products?{query}").status_code == 200, query


def test_a_filter_is_read_back_from_its_own_address():
    chosen = ProductFilter(500, 2000, in_stock=True, options=(("Size", "38"),))

    assert read_filter(chosen.arguments) == chosen
    assert chosen.toggled("Size", "38").options == ()
    assert chosen.toggled("Size", "39").options == (("Size", "39"),)


def test_filters_and_sort_are_kept_from_page_to_page(app, shopper):
    with app.app_context():
        db.session.execute(update(Variant).values(price=100))
        db.session.commit()

    page = shopper.get("/products?max=100&sort=name").text

    assert "max=100&amp;sort=name&amp;page=2" in page
