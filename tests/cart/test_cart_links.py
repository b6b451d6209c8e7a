"""Shared carts."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import html5lib
import pytest
from sqlalchemy import func, select, update

from shop.cart import cart_links
from shop.cart.cart_links import ADMIN_LINK_LIFETIME, ALPHABET, CODE, share, shared_cart
from shop.cart.models import SharedCart, SharedLine
from shop.catalog.models import Variant
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests import both_databases
from tests.shopper import SKU, Shopper

MUG = "MUG-SPE-CRE"


@pytest.fixture
def link(app):
    """The address of a cart with two kiondos and a mug."""
    with app.app_context():
        return f"/c/{write(lambda: share({SKU: 2, MUG: 1}, utcnow(), ADMIN_LINK_LIFETIME, actor='Achieng')).code}"


@pytest.fixture
def mug(app):
    """The SKU of a mug in stock."""
    with app.app_context():
        assert db.session.scalar(select(Variant.id).where(Variant.sku == MUG)) is not None
    return MUG


def change(app, sku, **values):
    with app.app_context():
        db.session.execute(update(Variant).where(Variant.sku == sku).values(**values))
        db.session.commit()


def row(app):
    with app.app_context():
        return db.session.scalar(select(SharedCart))


def in_cart(visitor):
    """Quantities by SKU in the visitor's cart."""
    page = html5lib.parse(visitor.browser.get("/cart").text, namespaceHTMLElements=False)
    boxes = [box for box in page.iter("input") if box.get("name", "").startswith("quantity-")]
    return {box.get("name").removeprefix("quantity-"): int(box.get("value")) for box in boxes}


def text_of(visitor):
    return " ".join("".join(visitor.page.itertext()).split())


@both_databases
def test_opening_a_cart_link_changes_nothing(app, shopper, link, mug):
    shopper.add(SKU, 5)
    for _ in range(3):
        reply = shopper.get(link)

    assert reply.status_code == 200
    assert "KSh 6,100 at today’s prices" in text_of(shopper)
    assert reply.headers["Cache-Control"] == "no-store"
    assert "noindex" in reply.text
    assert in_cart(shopper) == {SKU: 5}
    assert row(app).uses == 0
    assert "Set-Cookie" not in app.test_client().get(link).headers


@both_databases
def test_the_button_fills_the_cart_and_a_second_press_changes_nothing(app, shopper, link):
    assert shopper.post(link, {}).headers["Location"] == "/cart"
    shopper.post(link, {})

    assert in_cart(shopper) == {SKU: 2, MUG: 1}
    assert row(app).uses == 2
    shopper.add(SKU, 3)
    shopper.post(link, {})
    assert in_cart(shopper)[SKU] == 5


def test_prices_are_those_of_today(app, shopper, link):
    change(app, SKU, price=3000)

    shopper.get(link)
    assert "KSh 7,200 at today’s prices" in text_of(shopper)
    shopper.post(link, {})
    shopper.get("/cart")
    assert "KSh 7,200" in text_of(shopper)
    assert "The price of" not in text_of(shopper)


def test_shared_goods_that_are_sold_out_short_or_withdrawn_are_left_out_with_a_message(app, shopper, link):
    change(app, SKU, on_hand=1)
    change(app, MUG, on_hand=0)
    shopper.get(link)
    assert "Speckled stoneware mug (Cream) is sold out" in text_of(shopper)

    shopper.post(link, {})
    shopper.get("/cart")
    assert "Only 1 of Classic sisal kiondo (Terracotta bands): there are no more" in text_of(shopper)
    assert "Speckled stoneware mug (Cream) is sold out, so it is not in your cart" in text_of(shopper)
    assert in_cart(shopper) == {SKU: 1}

    change(app, SKU, active=False)
    change(app, MUG, active=False)
    assert "What was in this cart is no longer sold." in shopper.get(link).text
    before = row(app).uses
    shopper.post(link, {})
    assert row(app).uses == before


def test_a_full_cart_leaves_further_shared_lines_out_with_a_message(app, shopper, link):
    with app.app_context():
        others = db.session.scalars(select(Variant.sku).where(Variant.sku.not_in((SKU, MUG)), Variant.on_hand > 0))
        for sku in others.fetchmany(40):
            shopper.add(sku)

    shopper.post(link, {})

    html = shopper.get("/cart").text
    assert "Classic sisal kiondo (Terracotta bands) did not fit: one order takes 40 different things" in html
    assert len(in_cart(shopper)) == 40


@both_databases
def test_a_buyer_shares_a_cart_and_another_buyer_orders_it(app, shopper, provider):
    shopper.add(SKU, 2)
    reply = shopper.post("/cart/share", {})
    address = reply.headers["Location"]
    assert re.fullmatch(f"/c/[{ALPHABET}]{{7}}", address)
    shopper.get(address)
    whatsapp = next(a.get("href") for a in shopper.page.iter("a") if "wa.me/?" in a.get("href", ""))
    message = parse_qs(urlsplit(whatsapp).query)["text"][0]
    assert f"http://localhost{address}" in message
    assert "2 x Classic sisal kiondo (Terracotta bands): KSh 4,900" in message

    other = Shopper(app, provider)
    other.post(address, {})
    assert other.checkout().status_code == 303
    assert in_cart(shopper) == {SKU: 2}


def test_an_unchanged_cart_keeps_its_link(app, shopper):
    shopper.add()
    first = shopper.post("/cart/share", {}).headers["Location"]
    assert shopper.post("/cart/share", {}).headers["Location"] == first

    shopper.add(MUG)
    assert shopper.post("/cart/share", {}).headers["Location"] != first


def test_an_empty_cart_makes_no_link(app, shopper):
    assert shopper.post("/cart/share", {}).headers["Location"] == "/cart"
    assert row(app) is None


def test_another_site_can_neither_fill_a_cart_nor_share_one(shopper, link):
    elsewhere = {"Origin": "https://elsewhere.example", "Sec-Fetch-Site": "cross-site"}

    assert shopper.post(link, {}, headers=elsewhere).status_code == 403
    assert shopper.post("/cart/share", {}, headers=elsewhere).status_code == 403
    assert in_cart(shopper) == {}


@both_databases
def test_unknown_expired_and_switched_off_links_give_the_same_answer(app, shopper, link):
    code = link.removeprefix("/c/")
    with app.app_context():
        expired = write(lambda: share({SKU: 1}, utcnow() - timedelta(days=91), ADMIN_LINK_LIFETIME)).code
        off = write(lambda: share({SKU: 1}, utcnow(), ADMIN_LINK_LIFETIME))
        off_code = off.code
        db.session.execute(update(SharedCart).where(SharedCart.code == off_code).values(active=False))
        db.session.commit()
    answers = set()
    for nowhere in (expired, off_code, "zzzzzzz", "x", "%00", code[:6], f"{code}a", "😀" * 7, "' OR 1=1", "ilo01il"):
        for reply in (shopper.get(f"/c/{nowhere}"), shopper.post(f"/c/{nowhere}", {})):
            answers.add((reply.status_code, reply.text))

    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert shopper.get(f"/c/{code.upper()}").status_code == 200


def test_codes_are_random_unambiguous_and_unique(app, monkeypatch):
    with app.app_context():
        codes = {write(lambda: share({SKU: 1}, utcnow(), ADMIN_LINK_LIFETIME)).code for _ in range(50)}
        assert len(codes) == 50
        assert all(CODE.fullmatch(code) for code in codes)
        assert not set("il1o0") & set(ALPHABET)

        drawn = iter([next(iter(codes)), "aaaaaaa"])
        monkeypatch.setattr(cart_links, "_draw_code", lambda: next(drawn))
        assert write(lambda: share({SKU: 1}, utcnow(), ADMIN_LINK_LIFETIME)).code == "aaaaaaa"


def test_a_cart_link_works_until_it_expires_and_is_deleted_30_days_later(app):
    now = utcnow()
    with app.app_context():
        code = write(lambda: share({SKU: 1}, now, ADMIN_LINK_LIFETIME)).code
        assert shared_cart(code, now + timedelta(days=89)) is not None
        assert shared_cart(code, now + timedelta(days=90)) is None

        write(lambda: share({MUG: 1}, now + timedelta(days=119), ADMIN_LINK_LIFETIME))
        assert db.session.scalar(select(func.count(SharedCart.id))) == 2
        write(lambda: share({MUG: 1}, now + timedelta(days=121), ADMIN_LINK_LIFETIME))
        assert db.session.scalar(select(func.count(SharedCart.id))) == 2
        assert db.session.scalar(select(func.count(SharedLine.id))) == 2


class TestLimits:
    """With rate limits on."""

    @pytest.fixture
    def settings(self, settings):
        return {**settings, "RATELIMIT_ENABLED": "1"}

    def test_who_guesses_is_stopped_and_who_has_a_true_link_is_never_counted(self, shopper, link):
        for _ in range(130):
            assert shopper.browser.get(link).status_code == 200

        guesses = [shopper.browser.get(f"/c/zzzzz{a}{b}").status_code for a in "abcdefghjkm" for b in "abcdefghjkmn"]
        assert guesses.count(404) == 120
        assert set(guesses[120:]) == {429}
        assert shopper.browser.post("/c/zzzzzzz").status_code == 429
