"""The product search: what forty queries of shoppers find, on both databases."""

import pytest
from sqlalchemy import select, update

from shop.catalog.models import Product
from shop.catalog.search_index import index_products, stem, words_of
from shop.core.database import db
from tests import both_databases

# query: the slug that must come first, "" for nothing
FIRST = {
    # plurals and other forms
    "mugs": "stoneware-mug",
    "kiondos": "kiondo-classic",
    "necklaces": "ceramic-necklace",
    "Cushions": "kitenge-cushion",
    "candle": "beeswax-candles",
    "bowls": "soapstone-bowl",
    "nesting bowl": "nesting-bowls",
    "spoons": "olive-spoon",
    "aprons": "kitenge-apron",
    # beginnings of words
    "neckl": "ceramic-necklace",
    "giraf": "wooden-giraffe",
    "teap": "teapot",
    "sand": "beaded-sandals",
    # accents, case, apostrophes
    "KIÓNDO": "kiondo-classic",
    "kiondo's": "kiondo-classic",
    "  mug  ": "stoneware-mug",
    # typing mistakes
    "bascket": "market-basket",
    "candels": "beeswax-candles",
    "sandle": "beaded-sandals",
    "neclace": "ceramic-necklace",
    "cushin": "kitenge-cushion",
    "girafe": "wooden-giraffe",
    "elefant": "",  # two mistakes, both in consonants
    # two words: both must be there
    "mug indigo": "stoneware-mug",
    "leather sandals": "beaded-sandals",
    "bread basket": "bread-basket",
    "red shuka": "shuka-throw",
    "tea pot": "teapot",
    "basket with lid": "laundry-basket",
    "sandals 38": "beaded-sandals",
    # the merchant's own words
    "kikapu": "kiondo-classic",
    "viatu": "beaded-sandals",
    "leso": "kanga-pair",
    "earrings": "brass-hoops",
    "carpet": "wool-rug",
    # SKUs
    "KIO-CLA-IND": "kiondo-classic",
    "mug-spe": "stoneware-mug",
    # ranking: a name counts more than a description
    "red": "shuka-throw",
    "rug": "wool-rug",
    # nothing
    "zzzz": "",
    "!!": "",
    "the": "",
}


@pytest.fixture(scope="module")
def found_slugs():
    """The slugs on a search page, in their order."""

    def read(page) -> list[str]:
        addresses = [link.get("href") for link in page.findall(".//main//h3/a")]
        return [address.removeprefix("/products/") for address in addresses]

    return read


@both_databases
def test_forty_queries_find_what_they_must(shopper, found_slugs):
    assert len(FIRST) >= 40
    wrong = {}
    for query, slug in FIRST.items():
        page = shopper.get("/search", query_string={"q": query})
        nothing = "New in the shop" in page.text
        first = "" if nothing else found_slugs(shopper.page)[0]
        if page.status_code != 200 or first != slug:
            wrong[query] = first

    assert wrong == {}


def test_a_corrected_word_is_said_and_a_known_word_is_not_corrected(shopper):
    assert "Showing <b>basket</b>: nothing is called “bascket”." in shopper.get("/search?q=bascket").text
    assert "Showing <b>" not in shopper.get("/search?q=basket").text


def test_products_with_some_of_the_words_are_shown_when_none_has_all(shopper, found_slugs):
    page = shopper.get("/search?q=brass+teapot").text

    assert "No product has all of these words" in page
    assert {"brass-hoops", "teapot"} <= set(found_slugs(shopper.page))


def test_nothing_found_offers_products_categories_and_whatsapp(shopper):
    page = shopper.get("/search?q=zzzz").text

    assert "See all products" in page
    assert "https://wa.me/" in page and "do%20you%20have%20zzzz" in page
    assert page.count('href="/products/') >= 4


def test_an_archived_product_is_neither_found_nor_suggested(app, shopper):
    with app.app_context():
        db.session.execute(update(Product).where(Product.slug == "wool-rug").values(status="archived"))
        db.session.commit()

    assert "/products/wool-rug" not in shopper.get("/search?q=rug").text


def test_the_index_follows_an_edit(app, shopper):
    with app.app_context():
        product = db.session.scalars(select(Product).where(Product.slug == "wool-rug")).one()
        product.search_words = "msala"
        index_products([product.id])
        db.session.commit()

    assert "/products/wool-rug" in shopper.get("/search?q=msala").text


@pytest.mark.parametrize(
    ("text", "words"),
    [("The Chef's café-au-lait", ["chefs", "cafe", "au", "lait"]), ("", []), ("a the of", []), ("38_39", ["38", "39"])],
)
def test_words_are_normalised(text, words):
    assert words_of(text) == words


def test_forms_of_a_word_have_one_stem():
    assert stem("baskets") == stem("basket")
    assert stem("38") == "38"
