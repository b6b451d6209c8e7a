"""What chats and search engines read: tags, cards, the sitemap, robots.txt and the product feed."""

import csv
import io
import json
import xml.etree.ElementTree as ElementTree

import pytest
from PIL import Image
from sqlalchemy import select, update

from shop.catalog.models import Product, Variant
from shop.catalog.product_feed import COLUMNS, feed_token
from shop.core.database import db

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
GOOGLE = "{http://base.google.com/ns/1.0}"


def tags(page) -> dict[str, str]:
    """The meta tags of a page, by property or name."""
    return {tag.get("property") or tag.get("name"): tag.get("content") for tag in page.iter("meta")}


def data(page) -> list[dict]:
    """The JSON-LD of a page."""
    return [json.loads(one.text) for one in page.iter("script") if one.get("type") == "application/ld+json"]


def test_a_shared_product_shows_its_card_name_and_price(shopper, app):
    shopper.get("/products/kiondo-classic?choose=1")
    found = tags(shopper.page)

    assert found["og:title"] == "Classic sisal kiondo, KSh 2,450"
    assert found["og:url"] == "http://localhost/products/kiondo-classic"
    assert (found["product:price:amount"], found["product:price:currency"]) == ("2450", "KES")
    canonical = next(link for link in shopper.page.iter("link") if link.get("rel") == "canonical")
    assert canonical.get("href") == found["og:url"]

    card = app.test_client().get(found["og:image"].removeprefix("http://localhost"))
    assert card.mimetype == "image/jpeg" and "immutable" in card.headers["Cache-Control"]
    with Image.open(io.BytesIO(card.data)) as opened:
        assert opened.size == (1200, 630)
    assert len(card.data) < 300_000


def test_the_card_of_an_earlier_price_leads_to_the_present_one(shopper, app):
    shopper.get("/products/kiondo-classic")
    before = tags(shopper.page)["og:image"].removeprefix("http://localhost")
    with app.app_context():
        product = select(Product.id).where(Product.slug == "kiondo-classic").scalar_subquery()
        db.session.execute(update(Variant).where(Variant.product_id == product).values(price=1))
        db.session.commit()

    moved = app.test_client().get(before)

    assert moved.status_code == 302 and moved.headers["Location"] != before
    assert app.test_client().get(moved.headers["Location"].removeprefix("http://localhost")).status_code == 200


def test_search_engines_read_offers_breadcrumbs_and_the_shop(shopper):
    shopper.get("/products/beaded-sandals")
    product, trail = data(shopper.page)
    offers = {offer["sku"]: offer for offer in product["offers"]}
    assert offers["SAN-BEA-38"]["price"] == "2200" and offers["SAN-BEA-38"]["priceCurrency"] == "KES"
    assert offers["SAN-BEA-38"]["availability"].endswith("InStock")
    assert offers["SAN-BEA-41"]["availability"].endswith("OutOfStock")
    assert [item["name"] for item in trail["itemListElement"]] == ["Home", "Bags & leather", "Beaded leather sandals"]

    shopper.get("/")
    (shop,) = data(shopper.page)
    assert shop["@type"] == "Store" and shop["url"] == "http://localhost/"


def test_text_of_a_product_cannot_leave_its_data(app, shopper):
    with app.app_context():
        text = "</script><script>alert(1)</script>"
        db.session.execute(update(Product).where(Product.slug == "teapot").values(description=text))
        db.session.commit()

    page = shopper.get("/products/teapot").text

    assert "<script>alert" not in page
    assert data(shopper.page)[0]["description"] == text


def test_the_sitemap_lists_every_public_page_once(app, shopper):
    client = app.test_client()
    index = ElementTree.fromstring(client.get("/sitemap.xml").data)
    listed = []
    for file in index.iter(f"{SITEMAP}loc"):
        part = ElementTree.fromstring(client.get(file.text.removeprefix("http://localhost")).data)
        listed += [one.text.removeprefix("http://localhost") for one in part.iter(f"{SITEMAP}loc")]

    assert len(listed) == len(set(listed))
    assert {"/", "/products", "/categories/baskets", "/products/teapot", "/pages/terms"} <= set(listed)
    assert all(client.get(path).status_code == 200 for path in listed)
    assert client.get("/sitemap-products-99.xml").status_code == 404


def test_robots_are_kept_out_of_personal_pages(app):
    text = app.test_client().get("/robots.txt").text

    assert "Disallow: /checkout\n" in text and "Disallow: /orders\n" in text
    assert "Sitemap: http://localhost/sitemap.xml" in text


@pytest.fixture
def feed(app):
    """The address of the feed, without its ending."""
    with app.app_context():
        return f"/feeds/{feed_token(app.config['SETTINGS'])}/products"


def test_the_feed_has_a_row_for_each_variant_in_csv_and_xml(app, feed):
    client = app.test_client()
    rows = list(csv.DictReader(io.StringIO(client.get(f"{feed}.csv").text)))
    items = list(ElementTree.fromstring(client.get(f"{feed}.xml").data).iter("item"))

    by_id = {row["id"]: row for row in rows}
    kiondo = by_id["KIO-CLA-TER"]
    assert tuple(kiondo) == COLUMNS
    assert (kiondo["price"], kiondo["availability"], kiondo["condition"]) == ("2450.00 KES", "in stock", "new")
    assert kiondo["title"] == "Classic sisal kiondo, Terracotta bands"
    assert kiondo["link"] == "http://localhost/products/kiondo-classic"
    assert by_id["SAN-BEA-41"]["availability"] == "out of stock"
    photo, drawing = kiondo["image_link"], by_id["SAN-BEA-41"]["image_link"]
    assert "/card-" not in photo and "/card-" in drawing, "catalogues refuse pictures with text, and drawings"
    for link in (photo, drawing):
        assert client.get(link.removeprefix("http://localhost"), follow_redirects=True).mimetype == "image/jpeg"
    assert [item.findtext(f"{GOOGLE}id") for item in items] == [row["id"] for row in rows]


def test_only_the_secret_address_opens_the_feed(app, feed):
    client = app.test_client()

    assert client.get("/feeds/0123456789abcdef0123456789abcdef/products.csv").status_code == 404
    assert client.get("/feeds/é/products.csv").status_code == 404
    assert client.get(f"{feed}.json").status_code == 404
    assert "no-store" in client.get(f"{feed}.csv").headers["Cache-Control"]
