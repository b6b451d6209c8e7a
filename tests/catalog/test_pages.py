"""The public catalogue pages: what they show, how they are cached, and how many queries they make."""

import re
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import delete, func, select, update

from shop.catalog import queries
from shop.catalog.filters import ProductFilter
from shop.catalog.images.paths import NO_IMAGE
from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.database import db, write
from shop.core.text import one_line
from shop.pricing.models import DeliveryArea
from tests import both_databases
from tests.query_counter import counted
from tests.shopper import SKU, Shopper

STATIC = Path(__file__).parents[2] / "static"
MOST_QUERIES = 8  # three of them are read at most every five seconds
MOST_FOR_NOTHING_FOUND = 20  # each word is looked for in other spellings
KIONDO = "/products/kiondo-classic"
PAGES = ["/", "/categories/baskets", KIONDO, "/search?q=mug", "/assets/site.css"]
FAMILY = "👨\u200d👩\u200d👧"
PERSIAN = "می\u200cخواهم"


@pytest.fixture
def change(app):
    """A function that runs statements in the shop's database."""

    def run(*statements):
        with app.app_context():
            write(lambda: [db.session.execute(statement) for statement in statements])

    return run


def slugs(app, model):
    with app.app_context():
        return list(db.session.scalars(select(model.slug).order_by(model.position)))


def links(page, beginning):
    """The addresses of a page's links, in order, without repeats."""
    found = [link.get("href") for link in page.iter("a")]
    return list(dict.fromkeys(link for link in found if link and link.startswith(beginning)))


def text_of(page):
    return " ".join("".join(page.find(".//main").itertext()).split())


def found(shopper, words):
    """The products that a search shows."""
    shopper.get("/search?" + urlencode({"q": words}))
    return links(shopper.page, "/products/")


@both_databases
def test_every_page_makes_few_queries(app, shopper):
    products, categories = slugs(app, Product), slugs(app, Category)
    addresses = ["/", "/search", "/search?q=basket", "/search?q=nothing-like-that", "/search?q=a&sort=price&page=2"]
    addresses += [f"/categories/{slug}?sort={sort}" for slug in categories for sort in ("newest", "price", "name")]
    addresses += [f"/products/{slug}" for slug in products]

    assert (len(products), len(categories)) == (43, 6)
    for address in addresses:
        with counted(app) as statements:
            assert shopper.get(address).status_code == 200, address
        most = MOST_FOR_NOTHING_FOUND if "nothing" in address else MOST_QUERIES
        assert len(statements) <= most, (address, statements)


def test_the_home_page_leads_to_products_and_every_category(app, shopper):
    shopper.get("/")

    assert len(links(shopper.page, "/products/")) >= 12
    assert links(shopper.page, "/categories/")[:6] == [f"/categories/{slug}" for slug in slugs(app, Category)]


def test_every_product_is_in_its_category_once(app, shopper):
    listed = []
    for slug in slugs(app, Category):
        number = 1
        while True:
            shopper.get(f"/categories/{slug}?page={number}")
            listed += links(shopper.page, "/products/")
            if not [link for link in shopper.page.iter("a") if link.get("rel") == "next"]:
                break
            number += 1

    assert sorted(listed) == sorted(f"/products/{slug}" for slug in slugs(app, Product))


def test_every_product_of_the_demo_shop_has_images_of_its_own(app):
    with app.app_context():
        images = list(db.session.scalars(select(ProductImage.path)))
        assert db.session.scalar(select(func.count(Product.id)).where(~Product.images.any())) == 0

    assert len(images) == len(set(images))
    assert [path for path in images if not (STATIC / path).is_file()] == []


@both_databases
def test_a_list_can_be_sorted_by_price_and_by_name(app, shopper):
    def names(sort):
        shopper.get(f"/products?sort={sort}")
        return links(shopper.page, "/products/")

    with app.app_context():
        lowest = select(Product.slug, func.min(Variant.price)).join(Variant).group_by(Product.slug)
        lowest = {f"/products/{slug}": price for slug, price in db.session.execute(lowest)}
    prices, falling = ([lowest[link] for link in names(sort)] for sort in ("price", "price-down"))

    assert prices == sorted(prices)
    assert falling == sorted(falling, reverse=True)
    assert names("junk") == names("newest") == names("") != names("name")


def test_a_page_out_of_range_is_the_nearest_page(shopper):
    for page in ("999", "99999", "0", "-1", "1.5", "x", "", "１", "9" * 400, "1&page=2", "%00"):
        assert shopper.get(f"/products?page={page}").status_code == 200
        assert links(shopper.page, "/products/"), page


@both_databases
def test_search_finds_every_word_in_any_case_and_has_no_wildcards(shopper):
    for words in ("sisal kiondo", "KIONDO  Sisal", "kio-cla-ter", "Classic sisal kiondo", "ki\0on\x7fdo\n"):
        assert KIONDO in found(shopper, words), words
    for q in ("%", "_", "\\", "%%", "/", "' --", "k%", "ki_"):
        assert "New in the shop" in shopper.get("/search?" + urlencode({"q": q})).text, q


def test_a_very_long_search_is_cut_and_fast_and_its_text_is_escaped(shopper):
    reply = shopper.get("/search?" + urlencode({"q": "<canary>&\"'{{7*7}} " + "kiondo " * 15_000}))

    assert reply.status_code == 200
    assert len(reply.data) < 60_000
    assert "&lt;canary&gt;" in reply.text and "{{7*7}}" in reply.text


@both_databases
def test_an_unknown_product_is_not_found(shopper):
    for address in ("/products/nothing", "/categories/nothing", "/products/%00", "/categories/a%00b"):
        assert shopper.get(address).status_code == 404, address


def test_an_archived_product_or_one_without_variants_is_in_no_list(shopper, change):
    change(
        update(Variant).where(Variant.sku.startswith("KIO-CLA")).values(active=False),
        update(Product).where(Product.slug == "stoneware-mug").values(status="archived"),
    )

    for slug in ("kiondo-classic", "stoneware-mug"):
        assert shopper.get(f"/products/{slug}").status_code == 410
        for address in ("/", f"/search?q={slug.replace('-', ' ')}", "/categories/baskets", "/categories/kitchen"):
            assert f'"/products/{slug}"' not in shopper.get(address).text


@pytest.mark.parametrize(
    ("left", "words", "button"),
    [(0, "Sold out", False), (1, "Only 1 left", True), (3, "Only 3 left", True), (4, "", True)],
)
def test_low_and_sold_out_stock_is_shown(app, shopper, change, left, words, button):
    with app.app_context():
        single = select(Variant.product_id).group_by(Variant.product_id).having(func.count() == 1)
        variant = db.session.scalars(select(Variant).where(Variant.product_id.in_(single))).first()
        slug, name, sku = variant.product.slug, variant.product.name, variant.sku
    change(update(Variant).where(Variant.sku == sku).values(on_hand=left + 2, held=2))

    html = shopper.get(f"/products/{slug}").text
    shown = text_of(shopper.page).split("More from")[0]
    shopper.get("/search?" + urlencode({"q": name}))

    assert ('action="/cart/add"' in html) == button
    for said in (shown, text_of(shopper.page)):
        assert words in said
        if not words:
            assert "Sold out" not in said.split("Sort")[-1]
            assert "Only" not in said.split("Sort")[-1]


def test_prices_are_those_of_variants_in_stock_and_say_from_if_they_vary(app, shopper, change):
    assert "KSh 2,450" in shopper.get(KIONDO).text
    shopper.get("/products/beaded-star")
    assert "From KSh 320" in text_of(shopper.page)

    change(
        update(Variant).where(Variant.sku.startswith("KIO-CLA")).values(price=90_000),
        update(Variant).where(Variant.sku == SKU).values(price=1, on_hand=0),
    )
    with app.app_context():
        card = queries.in_category(queries.category_by_slug("baskets"), ProductFilter(), "price", 1).cards[-1]
        assert (card.slug, card.price, card.varies) == ("kiondo-classic", 90_000, False)
    assert '<span class="price price--large">KSh 90,000</span>' in shopper.get(KIONDO).text

    change(update(Variant).where(Variant.sku.startswith("KIO-CLA")).values(price=2_450, on_hand=0))
    assert "KSh 2,450" in shopper.get(KIONDO).text  # sold out


def test_the_product_page_shows_when_and_for_how_much_the_shop_delivers(shopper, change):
    change(update(DeliveryArea).where(DeliveryArea.code == "mombasa").values(calendar=None, delivery_time="in 3 days"))
    shopper.get(KIONDO)

    lines = [" ".join("".join(line.itertext()).split()) for line in shopper.page.iter("li") if line.get("data-area")]
    [first] = ["".join(line.itertext()) for line in shopper.page.iter("span") if line.get("data-delivery") is not None]
    assert first == lines[0]
    assert re.fullmatch(r"Nairobi CBD by \w{3} \d+ \w{3}, KSh 200, free from KSh 10,000", first)
    assert "Mombasa in 3 days, KSh 450" in lines
    assert re.fullmatch(r"Pick up at the workshop ready by \w{3} \d+ \w{3}, free", lines[-1])

    change(update(DeliveryArea).values(active=False))
    assert "data-delivery" not in shopper.get(KIONDO).text


def test_a_product_page_adds_to_the_cart_by_a_plain_form(shopper):
    shopper.get(KIONDO)

    [form] = [form for form in shopper.page.iter("form") if "/cart" in (form.get("action") or "")]
    fields = {field.get("name") for field in form.iter("input")}
    assert form.get("method") == "post"
    assert {"sku", "quantity"} <= fields
    assert "csrf_token" not in fields


def test_a_description_keeps_its_lines_and_is_one_line_for_search_engines(shopper, change):
    words = "Size: 30 cm\nColour: red\n\nWash by hand."
    change(update(Product).where(Product.slug == "kiondo-classic").values(description=words))
    page = shopper.get(KIONDO).text

    assert "Size: 30 cm\nColour: red</p>" in page
    assert '<meta name="description" content="Size: 30 cm Colour: red Wash by hand.">' in page


def test_names_keep_the_joiners_their_script_needs_and_no_others():
    assert one_line(f"{FAMILY} {PERSIAN}", 80, joiners=True) == f"{FAMILY} {PERSIAN}"
    assert one_line("M\u200cPESA \u200dbasket\u202e", 80, joiners=True) == "MPESA basket"


def test_a_product_without_an_image_shows_a_neutral_one_and_a_category_its_newest_product(app, shopper, change):
    change(update(Category).values(image=NO_IMAGE))
    with app.app_context():
        tile = queries.categories()[0]
        goods = select(Product).where(Product.category.has(slug=tile.slug)).order_by(Product.position)
        assert tile.image == db.session.scalars(goods).first().images[0].path

    change(update(Variant).values(image_id=None), delete(ProductImage))
    shopper.add()
    for address in (KIONDO, "/categories/baskets", "/cart", "/checkout"):
        page = shopper.get(address).text
        assert "img/no-image.svg" in page
        assert "img/logo.svg" not in page.partition("<main")[2]


@pytest.mark.parametrize("address", PAGES)
def test_a_catalogue_page_is_the_same_for_every_visitor(app, provider, address):
    first, second = Shopper(app, provider), Shopper(app, provider)
    first.add(SKU, 3)
    second.add("MUG-SPE-CRE", 1)
    first.post("/checkout", {})
    replies = [shopper.browser.get(address) for shopper in (first, second, Shopper(app))]

    assert len({reply.data for reply in replies}) == 1
    for reply in replies:
        assert "Set-Cookie" not in reply.headers
        assert "Cookie" not in reply.headers.get("Vary", "")


@pytest.mark.parametrize("encoding", ["identity", "deflate", "br"])
def test_an_unchanged_page_is_answered_with_304_and_a_changed_one_is_sent_again(app, change, encoding):
    browser = app.test_client()
    for address in (*PAGES, "/static/img/logo.svg", "/static/js/order-page.js"):
        first = browser.get(address, headers={"Accept-Encoding": encoding})
        has = {"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]}
        second = browser.get(address, headers=has)

        assert "public" in first.headers["Cache-Control"]
        assert (first.headers.get("Content-Encoding") or "identity") == encoding or len(first.data) < 500
        assert (second.status_code, second.data) == (304, b"")
        assert second.headers["ETag"] == first.headers["ETag"]
        assert second.headers["Cache-Control"] == first.headers["Cache-Control"]

    tag = browser.get(KIONDO).headers["ETag"]
    change(update(Variant).where(Variant.sku == SKU).values(price=2500))
    reply = browser.get(KIONDO, headers={"If-None-Match": tag})
    assert reply.status_code == 200
    assert "KSh 2,500" in reply.text


def test_a_file_with_its_current_fingerprint_is_cacheable_for_a_year(app):
    browser = app.test_client()
    address = browser.get("/").text.split('<script src="')[1].split('"')[0]

    assert "immutable" in browser.get(address).headers["Cache-Control"]
    assert browser.get(address.split("v=")[0] + "v=stale").headers["Cache-Control"] == "public, max-age=300"


def test_a_page_that_does_not_exist_offers_search_categories_and_products(shopper):
    page = shopper.get("/no-such-page")

    assert page.status_code == 404
    assert page.text.count('<li class="card') == 4
    assert 'role="search"' in page.text and "/categories/baskets" in page.text
