"""Shared carts."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import func, select, update

from shop.cart import cart_links
from shop.cart.cart_links import ADMIN_LINK_LIFETIME, ALPHABET, CODE, share, shared_cart
from shop.cart.models import SharedCart, SharedLine
from shop.catalog.models import Variant
from shop.core.clock import utcnow
from shop.core.database import db, write
from tests.checkout.page_parser import text_of
from tests.shopper import MUG, SKU, Shopper


def new_link(quantities, when=None):
    """The code of a new shared cart."""
    return write(lambda: share(quantities, when or utcnow(), ADMIN_LINK_LIFETIME)).code


@pytest.fixture
def link(app):
    """The address of a cart with two kiondos and a mug."""
    with app.app_context():
        return f"/c/{new_link({SKU: 2, MUG: 1})}"


def uses(app):
    with app.app_context():
        return db.session.scalar(select(SharedCart.uses))


def test_opening_a_cart_link_changes_nothing(app, shopper, link, ledger):
    shopper.add(SKU, 5)
    ledger.put(Variant, {"sku": SKU}, price=3000)
    reply = shopper.get(link)

    assert reply.status_code == 200
    assert "KSh 7,200 at today’s prices" in text_of(shopper.page)
    assert reply.headers["Cache-Control"] == "no-store"
    assert "noindex" in reply.text
    assert shopper.quantities == {SKU: "5"}
    assert uses(app) == 0
    assert "Set-Cookie" not in app.test_client().get(link).headers


def test_the_button_fills_the_cart_at_todays_prices_and_a_second_press_changes_nothing(app, shopper, link, ledger):
    ledger.put(Variant, {"sku": SKU}, price=3000)
    assert shopper.post(link, {}).headers["Location"] == "/cart"
    shopper.post(link, {})

    assert shopper.quantities == {SKU: "2", MUG: "1"}
    assert "KSh 7,200" in text_of(shopper.page)
    assert "The price of" not in text_of(shopper.page)
    assert uses(app) == 2
    shopper.add(SKU, 3)
    shopper.post(link, {})
    assert shopper.quantities[SKU] == "5"


def test_shared_goods_that_are_sold_out_short_or_withdrawn_are_left_out_with_a_message(app, shopper, link, ledger):
    ledger.put(Variant, {"sku": SKU}, on_hand=1)
    ledger.put(Variant, {"sku": MUG}, on_hand=0)
    shopper.get(link)
    assert "Speckled stoneware mug (Cream) is sold out" in text_of(shopper.page)

    shopper.post(link, {})
    shopper.get("/cart")
    assert "Only 1 of Classic sisal kiondo (Terracotta bands): there are no more" in text_of(shopper.page)
    assert "Speckled stoneware mug (Cream) is sold out, so it is not in your cart" in text_of(shopper.page)
    assert shopper.quantities == {SKU: "1"}

    ledger.put(Variant, {"sku": SKU}, active=False)
    ledger.put(Variant, {"sku": MUG}, active=False)
    assert "What was in this cart is no longer sold." in shopper.get(link).text
    before = uses(app)
    shopper.post(link, {})
    assert uses(app) == before


def test_a_full_cart_leaves_further_shared_lines_out_with_a_message(app, shopper, link):
    with app.app_context():
        others = db.session.scalars(select(Variant.sku).where(Variant.sku.not_in((SKU, MUG)), Variant.on_hand > 0))
        for sku in others.fetchmany(40):
            shopper.browser.post("/cart/add", data={"sku": sku, "quantity": "1"})

    shopper.post(link, {})

    html = shopper.get("/cart").text
    assert "Classic sisal kiondo (Terracotta bands) did not fit: one order takes 40 different things" in html
    assert len(shopper.quantities) == 40


def test_a_buyer_shares_a_cart_and_another_buyer_orders_it(app, shopper, provider):
    assert shopper.post("/cart/share", {}).headers["Location"] == "/cart"  # there is nothing to share
    shopper.add(SKU, 2)
    address = shopper.post("/cart/share", {}).headers["Location"]
    assert re.fullmatch(f"/c/[{ALPHABET}]{{7}}", address)
    shopper.get(address)
    whatsapp = next(a.get("href") for a in shopper.page.iter("a") if "wa.me/?" in a.get("href", ""))
    message = parse_qs(urlsplit(whatsapp).query)["text"][0]
    assert f"http://localhost{address}" in message
    assert "2 x Classic sisal kiondo (Terracotta bands): KSh 4,900" in message

    other = Shopper(app, provider)
    other.post(address, {})
    assert other.checkout().status_code == 303
    assert shopper.quantities == {SKU: "2"}
    assert shopper.post("/cart/share", {}).headers["Location"] == address  # as long as the cart does not change
    shopper.add(MUG)
    assert shopper.post("/cart/share", {}).headers["Location"] != address


def test_unknown_expired_and_switched_off_links_give_the_same_answer(app, shopper, link):
    code = link.removeprefix("/c/")
    with app.app_context():
        expired = new_link({SKU: 1}, utcnow() - timedelta(days=91))
        switched_off = new_link({SKU: 1})
        db.session.execute(update(SharedCart).where(SharedCart.code == switched_off).values(active=False))
        db.session.commit()
    wrong = [expired, switched_off, "zzzzzzz", "x", "%00", code[:6], f"{code}a", "😀" * 7, "' OR 1=1", "ilo01il"]
    answers = set()
    for nowhere in wrong:
        for reply in (shopper.get(f"/c/{nowhere}"), shopper.post(f"/c/{nowhere}", {})):
            answers.add((reply.status_code, reply.text))

    assert len(answers) == 1
    assert answers.pop()[0] == 404
    assert shopper.get(f"/c/{code.upper()}").status_code == 200


def test_codes_are_random_unambiguous_and_unique(app, monkeypatch):
    with app.app_context():
        codes = {new_link({SKU: 1}) for _ in range(50)}
        assert len(codes) == 50
        assert all(CODE.fullmatch(code) for code in codes)
        assert not set("il1o0") & set(ALPHABET)

        drawn = iter([next(iter(codes)), "aaaaaaa"])
        monkeypatch.setattr(cart_links, "_draw_code", lambda: next(drawn))
        assert new_link({SKU: 1}) == "aaaaaaa"


def test_a_cart_link_works_until_it_expires_and_is_deleted_30_days_later(app):
    now = utcnow()
    with app.app_context():
        code = new_link({SKU: 1}, now)
        assert shared_cart(code, now + timedelta(days=89)) is not None
        assert shared_cart(code, now + timedelta(days=90)) is None

        for days in (119, 121):
            new_link({MUG: 1}, now + timedelta(days=days))
            assert db.session.scalar(select(func.count(SharedCart.id))) == 2
        assert db.session.scalar(select(func.count(SharedLine.id))) == 2


class TestLimits:
    """With rate limits on."""

    @pytest.fixture
    def settings(self, settings):
        return {**settings, "RATELIMIT_ENABLED": "1"}

    def test_guessing_codes_is_limited_and_opening_a_true_link_is_not(self, shopper, link):
        for _ in range(130):
            assert shopper.browser.get(link).status_code == 200

        guesses = [shopper.browser.get(f"/c/zzzzz{a}{b}").status_code for a in "abcdefghjkm" for b in "abcdefghjkmn"]
        assert guesses.count(404) == 120
        assert set(guesses[120:]) == {429}
        assert shopper.browser.post("/c/zzzzzzz").status_code == 429
