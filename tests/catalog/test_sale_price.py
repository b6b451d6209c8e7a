"""The price before a sale: on cards, product pages, in the feed, and in the forms that set it."""

import csv
import io
import json

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from shop.catalog.models import Variant
from shop.catalog.product_feed import feed_token
from shop.core.database import db, write
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.csv_sheets import CsvPages, rows_of, sheet
from tests.product_factory import problems

KIONDO, INDIGO = "KIO-CLA-TER", "KIO-CLA-IND"  # KSh 2,450 each


def reduce(app, was, *skus):
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku.in_(skus)).values(was_price=was)))


def text_of(element):
    return " ".join("".join(element.itertext()).split())


def card_of(page, slug):
    """The words of a product's card."""
    cards = page.findall(".//li[@class='card']")
    return next(text_of(card) for card in cards if card.find(f".//a[@href='/products/{slug}']") is not None)


@both_databases
def test_a_reduced_product_says_its_price_and_what_it_was(app, shopper):
    reduce(app, 3000, KIONDO, INDIGO)

    shopper.get("/products?sale=1")
    assert card_of(shopper.page, "kiondo-classic").endswith("KSh 2,450, was KSh 3,000")
    page = shopper.get("/products/kiondo-classic").text
    assert '<s class="price__was">KSh 3,000</s>' in page
    data = [json.loads(one.text) for one in shopper.page.iter("script") if one.get("type") == "application/ld+json"]
    assert [offer["price"] for offer in data[0]["offers"]] == ["2450", "2450"]


def test_when_one_variant_is_reduced_the_choice_says_which(app, shopper):
    reduce(app, 3000, INDIGO)

    shopper.get("/products?sale=1")
    assert card_of(shopper.page, "kiondo-classic").endswith("KSh 2,450 On sale")
    shopper.get("/products/kiondo-classic")
    notes = [text_of(pick) for pick in shopper.page.findall(".//label[@class='pick pick--image']")]
    assert [note.endswith("KSh 2,450, was KSh 3,000") for note in notes] == [False, True]


def test_the_filter_lists_only_what_is_on_sale(app, shopper):
    reduce(app, None, "KIK-TOW-CRE", "KIK-TOW-SUN")
    assert "No product passes these filters" in shopper.get("/products?sale=1").text

    reduce(app, 3000, KIONDO)
    assert "1 product<" in shopper.get("/products?sale=1").text


def test_the_feed_has_both_prices(app, shopper):
    reduce(app, 3000, KIONDO)

    feed = f"/feeds/{feed_token(app.config['SETTINGS'])}/products"
    rows = csv.DictReader(io.StringIO(shopper.browser.get(f"{feed}.csv", buffered=True).text))
    prices = {row["id"]: (row["price"], row["sale_price"]) for row in rows}
    assert (prices[KIONDO], prices[INDIGO]) == (("3000.00 KES", "2450.00 KES"), ("2450.00 KES", ""))
    assert "<g:sale_price></g:sale_price>" not in shopper.browser.get(f"{feed}.xml", buffered=True).text


def test_discounts_count_from_the_current_price(app, shopper):
    reduce(app, 3000, KIONDO)
    with app.app_context():
        db.session.add(DiscountCode(code="TENTH", kind="percent", value=10))
        db.session.commit()
    shopper.add(KIONDO)
    shopper.post("/cart/update", {"code": "TENTH", "apply": "code"})

    assert "KSh 245" in shopper.get("/cart").text


def test_the_form_takes_a_price_before_only_above_the_price(owner, shopper, goods):
    added = goods.added(owner)

    reply = goods.edit(owner, added, **{"was_price-MUG-BLU": "1250"})
    assert reply.status_code == 422
    assert problems(reply) == ["Price before of MUG-BLU must be higher than KSh 1,250, or empty when it is not on sale"]
    assert goods.edit(owner, added, **{"was_price-MUG-BLU": "KSh 1,600"}).status_code == 303
    assert "price of MUG-BLU before the sale from none to KSh 1,600" in goods.acts()[-1]
    assert "KSh 1,600" in shopper.get("/products/blue-mug").text
    goods.edit(owner, added, **{"was_price-MUG-BLU": ""})
    assert goods.variant("MUG-BLU").was_price is None


@both_databases
def test_the_database_refuses_a_price_before_that_is_not_higher(app):
    with pytest.raises(IntegrityError):
        reduce(app, 2450, KIONDO)


def test_the_csv_file_sets_and_ends_a_sale(app, owner):
    sheets = CsvPages(owner)
    refused = sheets.look(sheet({"SKU": KIONDO, "Price before": "2450"}))
    assert "It must be higher than the price, KSh 2,450. Write 0 to end the sale" in refused.text

    sheets.take(sheet({"SKU": KIONDO, "Price before": "3000"}))
    row = next(row for row in rows_of(sheets.export()) if row["SKU"] == KIONDO)
    assert (row["Price"], row["Price before"]) == ("2450", "3000")
    sheets.take(sheet({"SKU": KIONDO, "Price before": "0"}))
    with app.app_context():
        assert db.session.scalar(select(Variant.was_price).where(Variant.sku == KIONDO)) is None
