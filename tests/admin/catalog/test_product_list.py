"""The list of products: tabs, search, low stock."""

import re
import time
from urllib.parse import quote

from sqlalchemy import insert, select, update

from shop.catalog.models import Product, Variant
from shop.catalog.stock import set_stock
from shop.core.database import db, write
from tests import both_databases
from tests.page_checks import CANARY
from tests.query_counter import counted
from tests.shopper import SKU

MOST_QUERIES = 9  # of which two ask who is there


def tabs_of(page):
    return {name.strip(): int(count) for name, count in re.findall(r'">([^<>]*) <span class="tabs__count">(\d+)', page)}


def names_of(page):
    return re.findall(r'<a href="/admin/products/\d+">([^<]*)</a>', page)


@both_databases
def test_the_tabs_count_what_they_show(app, owner, goods):
    before = tabs_of(owner.get("/admin/products").text)
    with app.app_context():
        for sku, count in ((SKU, 0), ("STA-BEA-ONE", 3), ("STA-BEA-SIX", 4)):
            write(lambda sku=sku, count=count: set_stock(sku, count, "Stock count"))
    archived = goods.added(owner, name="Gone mug", sku="GONE", stock="0")
    goods.press(owner, f"/admin/products/{archived}/archive")

    now = tabs_of(owner.get("/admin/products").text)
    assert now == {
        "For sale": 43,
        "Drafts": 0,
        "Hidden": 0,
        "Low stock": before["Low stock"] + 2,
        "Sold out": before["Sold out"] + 1,
        "Archived": 1,
    }
    low, out = (owner.get(f"/admin/products?tab={tab}").text for tab in ("low", "out"))
    assert SKU in low and SKU in out
    assert "STA-BEA-ONE" in low and "STA-BEA-ONE" not in out
    assert "STA-BEA-SIX" not in low + out and "GONE" not in low + out
    assert low.index(SKU) < low.index("STA-BEA-ONE")
    assert names_of(owner.get("/admin/products?tab=archived").text) == ["Gone mug"]


def test_each_variant_has_its_own_low_stock_number(owner, goods):
    added = goods.added(owner, stock="7", low_stock_threshold="7")
    assert "MUG-BLU" in owner.get("/admin/products?tab=low").text

    goods.edit(owner, added, **{"low_stock_threshold-MUG-BLU": "6"})
    owner.get("/admin/products")  # where the words about the edit are shown

    assert "MUG-BLU" not in owner.get("/admin/products?tab=low").text


@both_databases
def test_a_product_is_found_by_name_sku_and_words(owner):
    for q in ("kio-cla", "CLASSIC kiondo", "sisal  KIONDO", "kio-cla-ind"):
        assert "Classic sisal kiondo" in names_of(owner.get(f"/admin/products?q={quote(q)}").text), q
    for q in ("%", "_", "\\", CANARY, "x" * 5000, "😀", "' OR 1=1 --", "zzz"):
        assert "Nothing found" in owner.get(f"/admin/products?q={quote(q)}").text, q
    for q in ("\0", "%00%ff"):
        assert owner.get(f"/admin/products?q={quote(q)}").status_code == 200


def test_the_list_is_narrowed_to_a_category_and_keeps_it_from_tab_to_tab(owner, goods):
    category = goods.category("baskets")
    page = owner.get(f"/admin/products?category={category.id}").text

    assert tabs_of(page)["For sale"] == 7
    assert f"tab=low&amp;category={category.id}" in page
    for odd in ("0", "999", "x", "", "9" * 40, "1,2"):
        assert tabs_of(owner.get(f"/admin/products?category={odd}").text)["For sale"] == 43
    for odd in ("tab=nonsense", "page=999", "page=x", "page=0", "tab=low&page=99999999999"):
        assert owner.get(f"/admin/products?{odd}").status_code == 200


def test_an_empty_list_says_what_to_do(app, owner):
    with app.app_context():
        write(lambda: db.session.execute(update(Product).values(status="archived")))

    for tab, words in (
        ("sale", "Add the first product"),
        ("low", "Nothing is low in stock"),
        ("out", "Nothing is sold out"),
    ):
        assert words in owner.get(f"/admin/products?tab={tab}").text


@both_databases
def test_ten_thousand_products_are_listed_in_few_queries_and_little_time(app, owner):
    with app.app_context():
        category = db.session.scalar(select(Product.category_id).limit(1))
        goods = [
            {"slug": f"p-{n}", "name": f"Thing {n}", "description": "", "search_text": f"thing {n} sku-{n}"}
            | {"category_id": category, "position": 100 + n, "status": "published"}
            for n in range(10_000)
        ]
        write(lambda: db.session.execute(insert(Product), goods))
        ids = dict(db.session.execute(select(Product.slug, Product.id)).all())
        rows = [
            {"product_id": ids[f"p-{n}"], "sku": f"SKU-{n}-{one}", "label": str(one), "price": 100, "on_hand": 9}
            | {"held": 0, "position": one, "active": True}
            for n in range(10_000)
            for one in (1, 2)
        ]
        write(lambda: db.session.execute(insert(Variant), rows))

    for address in ("", "?page=390", "?tab=low", "?q=thing+9876", "?q=sku-55", f"?category={category}&page=200"):
        began = time.perf_counter()
        with counted(app) as statements:
            assert owner.get(f"/admin/products{address}").status_code == 200
        assert len(statements) <= MOST_QUERIES, (address, statements)
        assert time.perf_counter() - began < 2, address
