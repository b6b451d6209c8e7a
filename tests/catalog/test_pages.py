"""The public catalogue pages: what they show, and how many queries they make."""

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import event, func, select, update

from shop.catalog.models import Category, Product, ProductImage, Variant
from shop.core.database import db
from shop.pricing.models import DeliveryArea
from shop.store.settings import clear_store_cache
from tests import both_databases
from tests.shopper import SKU, Shopper

STATIC = Path(__file__).parents[2] / "static"
MOST_QUERIES = 5


@contextmanager
def counted(app):
    """The statements sent to the database inside this context."""
    statements = []

    def note(_connection, _cursor, statement, *_rest):
        if statement.split()[0] not in ("BEGIN", "PRAGMA"):
            statements.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def slugs(app, model):
    with app.app_context():
        return list(db.session.scalars(select(model.slug).order_by(model.position)))


def links(page, beginning):
    """The addresses of a page's links, in order, without repeats."""
    found = [link.get("href") for link in page.iter("a")]
    return list(dict.fromkeys(link for link in found if link and link.startswith(beginning)))


def text_of(page):
    return " ".join("".join(page.find(".//main").itertext()).split())


@both_databases
def test_every_page_makes_at_most_five_queries(app, shopper):
    products, categories = slugs(app, Product), slugs(app, Category)
    addresses = ["/", "/search", "/search?q=basket", "/search?q=nothing-like-that", "/search?q=a&sort=price&page=2"]
    addresses += [f"/categories/{slug}?sort={sort}" for slug in categories for sort in ("newest", "price", "name")]
    addresses += [f"/products/{slug}" for slug in products]

    assert (len(products), len(categories)) == (43, 6)
    for address in addresses:
        with counted(app) as statements:
            assert shopper.get(address).status_code == 200, address
        assert len(statements) <= MOST_QUERIES, (address, statements)


def test_the_count_of_queries_counts(app, shopper):
    with counted(app) as statements:
        shopper.get("/products/kiondo-classic")

    assert len(statements) == MOST_QUERIES


def test_the_home_page_leads_to_products_and_every_category(app, shopper):
    shopper.get("/")

    assert len(links(shopper.page, "/products/")) >= 12
    assert links(shopper.page, "/categories/")[:6] == [f"/categories/{slug}" for slug in slugs(app, Category)]


def test_every_product_is_in_its_category_once(app, shopper):
    found = []
    for slug in slugs(app, Category):
        number = 1
        while True:
            shopper.get(f"/categories/{slug}?page={number}")
            found += links(shopper.page, "/products/")
            if not [link for link in shopper.page.iter("a") if link.get("rel") == "next"]:
                break
            number += 1

    assert sorted(found) == sorted(f"/products/{slug}" for slug in slugs(app, Product))


def test_prices_have_a_thousands_comma_and_say_from_if_they_vary(shopper):
    assert "KSh 2,450" in shopper.get("/products/kiondo-classic").text

    shopper.get("/products/beaded-star")
    assert "From KSh 320" in text_of(shopper.page)


def test_every_image_of_every_product_is_its_own(app, shopper):
    with app.app_context():
        images = list(db.session.scalars(select(ProductImage.path)))
        bare = select(func.count(Product.id)).where(~Product.images.any())
        assert db.session.scalar(bare) == 0

    assert len(images) == len(set(images)) >= 43
    for path in images:
        assert (STATIC / path).stat().st_size > 300, path
        assert shopper.browser.get(f"/static/{path}").status_code == 200


@both_databases
def test_a_list_can_be_sorted_by_price_and_by_name(app, shopper):
    def names(sort):
        shopper.get(f"/search?q=e&sort={sort}")
        return links(shopper.page, "/products/")

    with app.app_context():
        lowest = dict(
            db.session.execute(select(Product.slug, func.min(Variant.price)).join(Variant).group_by(Product.slug)).all()
        )
    prices = [lowest[link.removeprefix("/products/")] for link in names("price")]
    falling = [lowest[link.removeprefix("/products/")] for link in names("price-down")]

    assert prices == sorted(prices)
    assert falling == sorted(falling, reverse=True)
    assert names("junk") == names("newest") == names("") != names("name")


@pytest.mark.parametrize("page", ["999", "99999", "0", "-1", "1.5", "x", "", "１", "9" * 400, "1&page=2", "%00"])
def test_a_page_out_of_range_is_the_nearest_page(shopper, page):
    reply = shopper.get(f"/search?q=e&page={page}")

    assert reply.status_code == 200
    assert links(shopper.page, "/products/")


@both_databases
def test_search_finds_every_word_in_any_case(shopper):
    for words in ("sisal kiondo", "KIONDO  Sisal", "kio-cla-ter", "Classic sisal kiondo"):
        shopper.get("/search?" + urlencode({"q": words}))

        assert "/products/kiondo-classic" in links(shopper.page, "/products/"), words


@both_databases
def test_wildcards_in_a_search_are_literal(shopper, app):
    with app.app_context():
        texts = db.session.scalars(select(Product.search_text)).all()

    for q in ("%", "_", "\\", "a%b", "100%", "%%", "' OR 1=1 --", "kio_do", "kion%o", "/"):
        expected = [text for text in texts if all(word.lower() in text for word in q.split())]
        said = f"{len(expected)} thing" if expected else "We found nothing by that name"
        assert said in shopper.get("/search?" + urlencode({"q": q})).text, q


@both_databases
def test_invisible_characters_in_a_search_are_ignored(shopper):
    shopper.get("/search?q=ki%00on%07do%0A")

    assert "/products/kiondo-classic" in links(shopper.page, "/products/")


def test_a_wildcard_in_a_product_text_is_found(app, shopper):
    with app.app_context():
        db.session.execute(
            update(Product).where(Product.slug == "kiondo-classic").values(search_text="100% sisal_twine \\ kiondo")
        )
        db.session.commit()

    for q in ("100%", "sisal_", "\\"):
        shopper.get("/search?" + urlencode({"q": q}))
        assert "/products/kiondo-classic" in links(shopper.page, "/products/"), q


def test_a_very_long_search_is_cut_and_fast(shopper):
    reply = shopper.get("/search?" + urlencode({"q": "kiondo " * 15_000}))

    assert reply.status_code == 200
    assert len(reply.data) < 60_000


def test_the_search_text_is_escaped(shopper):
    reply = shopper.get("/search?" + urlencode({"q": "<canary>&\"'{{7*7}}"}))

    assert "&lt;canary&gt;" in reply.text
    assert "{{7*7}}" in reply.text


@both_databases
def test_an_unknown_product_is_not_found(shopper):
    for address in ("/products/nothing", "/categories/nothing", "/products/%00", "/categories/a%00b"):
        assert shopper.get(address).status_code == 404, address


def test_an_archived_product_or_one_without_variants_is_in_no_list(app, shopper):
    with app.app_context():
        variants = select(Variant.product_id).where(Variant.sku == SKU).scalar_subquery()
        db.session.execute(update(Variant).where(Variant.product_id == variants).values(active=False))
        db.session.execute(update(Product).where(Product.slug == "stoneware-mug").values(active=False))
        db.session.commit()

    for slug in ("kiondo-classic", "stoneware-mug"):
        assert shopper.get(f"/products/{slug}").status_code == 410
        for address in ("/", f"/search?q={slug.replace('-', ' ')}", "/categories/baskets", "/categories/kitchen"):
            assert f'"/products/{slug}"' not in shopper.get(address).text


@pytest.mark.parametrize(
    ("left", "words", "button"),
    [(0, "Sold out", False), (1, "Only 1 left", True), (3, "Only 3 left", True), (4, "", True)],
)
def test_low_and_sold_out_stock_is_shown(app, shopper, left, words, button):
    with app.app_context():
        single = select(Variant.product_id).group_by(Variant.product_id).having(func.count() == 1)
        variant = db.session.scalars(select(Variant).where(Variant.product_id.in_(single))).first()
        slug, name = variant.product.slug, variant.product.name
        variant.on_hand, variant.held = left + 2, 2
        db.session.commit()

    html = shopper.get(f"/products/{slug}").text
    shown = text_of(shopper.page).split("More from")[0]
    shopper.get("/search?" + urlencode({"q": name}))
    listed = text_of(shopper.page)

    assert ('action="/cart/add"' in html) == button
    for said in (shown, listed):
        assert words in said
        if not words:
            assert "Sold out" not in said.split("Sort")[-1]
            assert "Only" not in said.split("Sort")[-1]


def test_a_sold_out_variant_cannot_be_chosen(app, shopper):
    with app.app_context():
        db.session.execute(update(Variant).where(Variant.sku == SKU).values(on_hand=0))
        db.session.commit()

    shopper.get("/products/kiondo-classic")

    radios = {radio.get("value"): radio for radio in shopper.page.iter("input") if radio.get("name") == "sku"}
    assert radios[SKU].get("disabled") is not None
    assert radios["KIO-CLA-IND"].get("disabled") is None


def test_the_product_page_shows_the_lowest_delivery_fee(app, shopper):
    assert "Delivery from KSh 200" in shopper.get("/products/kiondo-classic").text

    with app.app_context():
        db.session.execute(update(DeliveryArea).where(~DeliveryArea.pickup).values(active=False))
        db.session.commit()
        clear_store_cache()
    assert "Delivery from" not in shopper.get("/products/kiondo-classic").text


def test_a_product_page_adds_to_the_cart_by_a_plain_form(shopper):
    shopper.get("/products/kiondo-classic")

    [form] = [form for form in shopper.page.iter("form") if "/cart" in (form.get("action") or "")]
    fields = {field.get("name") for field in form.iter("input")}
    assert form.get("method") == "post"
    assert {"sku", "quantity"} <= fields
    assert "csrf_token" not in fields


PAGES = ["/", "/categories/baskets", "/products/kiondo-classic", "/search?q=mug", "/assets/site.css"]


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


def test_the_cart_page_differs_between_visitors(app, provider):
    first, second = Shopper(app, provider), Shopper(app, provider)
    first.add()

    assert first.get("/cart").data != second.get("/cart").data


@pytest.mark.parametrize("encoding", ["identity", "deflate", "br"])
@pytest.mark.parametrize("address", [*PAGES, "/static/img/logo.svg", "/static/js/order-page.js"])
def test_an_unchanged_page_is_answered_with_304(app, address, encoding):
    browser = app.test_client()
    first = browser.get(address, headers={"Accept-Encoding": encoding})
    has = {"Accept-Encoding": encoding, "If-None-Match": first.headers["ETag"]}
    second = browser.get(address, headers=has)

    assert "public" in first.headers["Cache-Control"]
    assert (first.headers.get("Content-Encoding") or "identity") == encoding or len(first.data) < 500
    assert second.status_code == 304
    assert second.data == b""
    assert second.headers["ETag"] == first.headers["ETag"]
    assert second.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_a_changed_page_is_sent_again(app):
    browser = app.test_client()
    tag = browser.get("/products/kiondo-classic").headers["ETag"]
    with app.app_context():
        db.session.execute(update(Variant).where(Variant.sku == SKU).values(price=2500))
        db.session.commit()

    reply = browser.get("/products/kiondo-classic", headers={"If-None-Match": tag})

    assert reply.status_code == 200
    assert "KSh 2,500" in reply.text


def test_a_file_with_its_current_fingerprint_is_cacheable_for_a_year(app):
    browser = app.test_client()
    page = browser.get("/").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]

    assert "immutable" in browser.get(address).headers["Cache-Control"]
    assert browser.get(address.split("v=")[0] + "v=stale").headers["Cache-Control"] == "public, max-age=300"
