"""The cart, as a browser without JavaScript uses it."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update

from shop.cart import current_cart as carts
from shop.cart.contents import MAX_LINES
from shop.cart.models import Cart, CartLine
from shop.cart.storage import sweep_carts
from shop.catalog.models import Product, Variant
from shop.core.clock import utcnow
from shop.core.database import db
from tests import both_databases
from tests.at_once import at_once
from tests.query_counter import counted
from tests.shopper import SKU, Shopper, hidden_fields

MUG = "MUG-SPE-CRE"


def change_variant(app, sku, **values):
    with app.app_context():
        db.session.execute(update(Variant).where(Variant.sku == sku).values(**values))
        db.session.commit()


def quantities(shopper):
    """Quantities by SKU, and the cart page."""
    reply = shopper.get("/cart")
    boxes = [box for box in shopper.page.iter("input") if (box.get("name") or "").startswith("quantity-")]
    return {box.get("name").removeprefix("quantity-"): box.get("value") for box in boxes}, reply.text


def cookie_of(shopper):
    return shopper.browser.get_cookie("session").value


@both_databases
def test_lines_are_added_changed_and_removed(shopper):
    assert "Your cart is empty" in quantities(shopper)[1]

    reply = shopper.add(SKU, 2)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/cart?added={SKU}")
    shopper.add(MUG)
    shopper.add(MUG, 3)
    held, html = quantities(shopper)
    assert held == {SKU: "2", MUG: "4"}
    assert "3 × Speckled stoneware mug (Cream) added to your cart" in html
    assert "KSh 9,700" in html  # 2 x 2,450 and 4 x 1,200

    shopper.post("/cart/update", {f"quantity-{SKU}": "1", f"quantity-{MUG}": "4"})
    assert quantities(shopper)[0] == {SKU: "1", MUG: "4"}

    shopper.post("/cart/update", {f"quantity-{SKU}": "1", f"quantity-{MUG}": "9", "remove": SKU})
    assert quantities(shopper)[0] == {MUG: "9"}

    shopper.post("/cart/update", {f"quantity-{MUG}": "0"})
    assert "Your cart is empty" in quantities(shopper)[1]


WHOLE = "Quantity must be a whole number from 0 to 20"
FEWER = "Quantity must be 20 or fewer. For more, write to us"
BAD = [
    ("-1", WHOLE),
    ("1.5", WHOLE),
    ("1e9", WHOLE),
    ("", WHOLE),
    ("  ", WHOLE),
    ("NaN", WHOLE),
    ("+3", WHOLE),
    ("1_0", WHOLE),
    ("３", WHOLE),
    ("[1]", WHOLE),
    ("\x00", WHOLE),
    ("1000000000", FEWER),
    ("21", FEWER),
    ("9" * 400, FEWER),
    ("9" * 5000, FEWER),
]


@pytest.mark.parametrize(("typed", "words"), BAD)
def test_an_invalid_quantity_changes_nothing_and_is_reported_once(shopper, typed, words):
    assert shopper.add(MUG, typed).status_code == 303
    held, html = quantities(shopper)
    assert held == {}
    assert words in html

    shopper.add(SKU, 2)
    shopper.add(MUG, 3)
    quantities(shopper)
    shopper.post("/cart/update", {f"quantity-{SKU}": typed, f"quantity-{MUG}": typed})
    held, html = quantities(shopper)
    assert held == {SKU: "2", MUG: "3"}
    assert html.count(words) == 1


def test_adding_a_quantity_of_0_is_refused(shopper):
    shopper.add(SKU, 0)

    held, html = quantities(shopper)
    assert held == {}
    assert "Quantity must be at least 1" in html


def test_a_form_with_repeated_or_missing_fields_is_handled(shopper):
    for data in ({}, {"sku": SKU}, {"sku": [SKU, MUG], "quantity": ["1", "x"]}, {"sku[]": SKU, "quantity[]": "1"}):
        assert shopper.post("/cart/add", data).status_code == 303
        assert shopper.post("/cart/update", data).status_code == 303
    assert set(quantities(shopper)[0]) == {SKU}


@both_databases
def test_goods_that_are_not_sold_cannot_be_added(app, shopper):
    change_variant(app, MUG, active=False)
    for sku in ("NO-SUCH", MUG, "NO\x00SUCH", "x" * 10_000, "' OR 1=1 --", "%"):
        shopper.add(sku)

        held, html = quantities(shopper)
        assert held == {}
        assert "That is no longer sold" in html
    shopper.post("/cart/add", {"sku": "", "quantity": "1"})
    assert "Choose which one you would like" in quantities(shopper)[1]


def test_goods_that_are_sold_out_cannot_be_added(app, shopper):
    change_variant(app, SKU, on_hand=3, held=3)

    shopper.add()

    held, html = quantities(shopper)
    assert held == {}
    assert "Classic sisal kiondo (Terracotta bands) is sold out" in html


def test_a_quantity_above_twenty_is_refused_with_a_message(shopper):
    shopper.add(SKU, 15)
    shopper.add(SKU, 6)

    held, html = quantities(shopper)
    assert held == {SKU: "15"}
    assert "One order takes 20 of Classic sisal kiondo (Terracotta bands). For more, write to us" in html


@both_databases
def test_changes_of_price_and_stock_are_shown_in_the_cart(app, shopper):
    for sku in (SKU, MUG, "KIO-CLA-IND", "TOT-LEA-TAN", "TOT-LEA-CHA"):
        shopper.add(sku, 2)
    change_variant(app, SKU, price=2600)
    change_variant(app, MUG, on_hand=1)
    change_variant(app, "KIO-CLA-IND", on_hand=0)
    with app.app_context():
        db.session.execute(update(Product).where(Product.slug == "leather-tote").values(active=False))
        db.session.commit()

    held, html = quantities(shopper)
    assert html.count("The price of Classic sisal kiondo (Terracotta bands) is now KSh 2,600. It was KSh 2,450") == 1
    assert html.count("is no longer sold. We took it out") == 2  # each by its name
    assert "Only 1 Speckled stoneware mug (Cream) is left. Change the quantity" in html
    assert "Classic sisal kiondo (Indigo diamonds) is sold out. Remove it to go on" in html
    assert set(held) == {SKU, MUG, "KIO-CLA-IND"}

    _, again = quantities(shopper)
    assert "The price of" not in again
    assert "no longer sold" not in again
    assert "Only 1 Speckled" in again


def test_changes_are_shown_at_the_checkout_too(app, shopper):
    shopper.add()
    change_variant(app, SKU, price=2600)

    assert "is now KSh 2,600. It was KSh 2,450" in shopper.get("/checkout").text


def test_the_cart_shows_the_lowest_delivery_fee_and_the_total_once_an_area_is_chosen(shopper):
    shopper.add()
    assert "from KSh 200" in quantities(shopper)[1]

    shopper.post("/cart/update", {f"quantity-{SKU}": "1", "area": shopper.area("mombasa"), "code": " karibu 10"})
    _, html = quantities(shopper)
    assert "−KSh 245" in html
    assert "KSh 450" in html
    assert "KSh 2,655" in html

    shopper.post("/cart/update", {"remove": "NOTHING"})  # an unknown SKU changes nothing
    assert "KSh 2,655" in quantities(shopper)[1]

    shopper.post("/cart/update", {"area": "", "code": ""})
    assert "from KSh 200" in quantities(shopper)[1]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("MWISHO20", "Discount code MWISHO20 has expired"),
        ("ASANTE500", "Discount code ASANTE500 is for orders from KSh 5,000"),
        ("nothing", "Discount code NOTHING is not known. Check the spelling"),
        ("<canary>&\"'", "Discount code &lt;CANARY&gt;&amp; is not known"),
    ],
)
def test_the_reason_for_refusing_a_discount_code_is_shown_beside_its_field(shopper, typed, words):
    shopper.add()
    shopper.post("/cart/update", {f"quantity-{SKU}": "1", "code": typed})

    _, html = quantities(shopper)
    assert words in html
    assert 'aria-describedby="code-error"' in html


def test_the_cart_leads_to_the_checkout_unless_a_quantity_is_invalid(shopper):
    shopper.add()

    assert shopper.post("/cart/update", {f"quantity-{SKU}": "1", "go": "checkout"}).headers["Location"] == "/checkout"
    assert shopper.post("/cart/update", {f"quantity-{SKU}": "x", "go": "checkout"}).headers["Location"] == "/cart"
    assert WHOLE in quantities(shopper)[1]


def test_an_empty_cart_cannot_be_checked_out(shopper):
    for reply in (shopper.get("/checkout"), shopper.browser.post("/checkout", data={"full_name": "x"})):
        assert (reply.status_code, reply.headers["Location"]) == (303, "/cart")


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:8080"},
    {"Referer": "https://evil.example/shop"},
    {"Referer": "http://localhost@evil.example/"},
    {"Referer": "http://[::1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
@pytest.mark.parametrize("address", ["/cart/add", "/cart/update"])
def test_a_form_of_another_site_is_refused(shopper, address, headers):
    shopper.add()
    before = cookie_of(shopper)

    reply = shopper.post(address, {"sku": MUG, "quantity": "1", "remove": SKU}, headers=headers)

    assert reply.status_code == 403
    assert "Sent from another website" in reply.text
    assert cookie_of(shopper) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "null", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "HTTP://LOCALHOST"},
        {"Referer": "http://localhost/products/kiondo-classic"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_forms_of_the_shop_are_accepted(shopper, headers):
    reply = shopper.post("/cart/add", {"sku": SKU, "quantity": "1"}, headers=headers)

    assert reply.status_code == 303
    assert quantities(shopper)[0] == {SKU: "1"}


def test_without_the_check_another_site_could_fill_the_cart(shopper, monkeypatch):
    monkeypatch.setattr("shop.web.request_checks.is_cross_site", lambda: False)
    shopper.post("/cart/add", {"sku": SKU, "quantity": "1"}, headers=ELSEWHERE[0])

    assert quantities(shopper)[0] == {SKU: "1"}


def test_the_cart_survives_thirty_days(shopper):
    shopper.add()

    left = shopper.browser.get_cookie("session").expires - utcnow()
    assert timedelta(days=29) < left < timedelta(days=31)


def test_the_cookie_stays_small_however_full_the_cart_is(app, shopper):
    long = [f"{number:02}-{sha256(b'%d' % number).hexdigest()[:37].upper()}" for number in range(45)]
    with app.app_context():
        variants = db.session.scalars(select(Variant).order_by(Variant.id).limit(45)).all()
        for variant, sku in zip(variants, long, strict=True):
            variant.sku, variant.on_hand, variant.held, variant.price = sku, 99, 0, 1_234_567
        db.session.commit()
    for sku in long:
        shopper.add(sku, 17)
    assert "Your cart holds 40 different things" in quantities(shopper)[1]
    shopper.post("/cart/update", {"area": shopper.area("mombasa"), "code": "K" * 40})
    shopper.get("/checkout")

    assert len(quantities(shopper)[0]) == MAX_LINES == 40
    assert len(cookie_of(shopper)) < 500


@both_databases
def test_lines_are_shown_in_the_order_they_were_added(shopper):
    for sku in (MUG, SKU, "KIO-CLA-IND"):
        shopper.add(sku)
    shopper.add(MUG, 2)

    assert list(quantities(shopper)[0].items()) == [(MUG, "3"), (SKU, "1"), ("KIO-CLA-IND", "1")]


@both_databases
def test_concurrent_additions_are_all_kept_within_the_limits(app, shopper):
    shopper.add(SKU, 1)
    tabs = [Shopper(app) for _ in range(6)]
    for tab in tabs:
        tab.browser.set_cookie("session", cookie_of(shopper))
    skus = [MUG, "KIO-CLA-IND", SKU, SKU, SKU, SKU]

    at_once([lambda tab=tab, sku=sku: tab.add(sku, 6) for tab, sku in zip(tabs, skus, strict=True)])

    assert quantities(shopper)[0] == {SKU: "19", MUG: "6", "KIO-CLA-IND": "6"}


def test_an_old_cart_form_changes_only_the_quantities_that_were_edited(shopper):
    shopper.add(MUG)
    shopper.add(SKU)
    quantities(shopper)
    form = hidden_fields(shopper.get("/cart").text) | {f"quantity-{MUG}": "1", f"quantity-{SKU}": "4"}
    shopper.add(MUG, 2)

    shopper.post("/cart/update", form)

    assert quantities(shopper)[0] == {MUG: "3", SKU: "4"}


@both_databases
def test_a_removed_line_is_named_and_can_be_put_back_in_its_place(shopper):
    for sku in (MUG, SKU):
        shopper.add(sku, 2)
    reply = shopper.post("/cart/update", {"remove": MUG})
    html = shopper.get(reply.headers["Location"]).text
    assert "Speckled stoneware mug (Cream) is out of your cart." in html
    assert quantities(shopper)[0] == {SKU: "2"}

    shopper.post("/cart/undo", {})

    assert list(quantities(shopper)[0].items()) == [(MUG, "2"), (SKU, "2")]


def test_the_last_line_can_be_put_back_too(shopper):
    shopper.add(MUG)
    html = shopper.get(shopper.post("/cart/update", {f"quantity-{MUG}": "0"}).headers["Location"]).text
    assert "Your cart is empty" in html
    assert 'action="/cart/undo"' in html

    shopper.post("/cart/undo", {})

    assert quantities(shopper)[0] == {MUG: "1"}


def test_a_browser_without_cookies_is_told_what_to_do(app, shopper):
    address = shopper.add().headers["Location"]
    assert "Your browser did not keep the cart" not in shopper.get(address).text

    assert (
        "Your browser did not keep the cart. Allow cookies for this shop, then add it again."
        in Shopper(app).get(address).text
    )


def test_keep_shopping_leads_to_the_category_of_the_added_line(shopper):
    shopper.get(shopper.add().headers["Location"])

    [link] = [link for link in shopper.page.iter("a") if link.text == "Keep shopping"]
    assert link.get("href") == "/categories/baskets"


def test_a_visitor_without_a_cart_sees_an_empty_cart_without_a_query(app, shopper):
    with counted(app) as queries:
        shopper.get("/cart")

    assert [query for query in queries if "cart" in query.split("FROM")[-1]] == []


def test_viewing_pages_and_failed_additions_create_no_cart(app, shopper):
    for address in ("/cart", "/cart?added=x&removed=1", "/checkout"):
        shopper.get(address)
    shopper.add("NO-SUCH")
    shopper.post("/cart/update", {"area": "1", "code": "x", "remove": SKU})
    shopper.post("/cart/undo", {})

    with app.app_context():
        assert db.session.scalar(select(func.count(Cart.id))) == 0


@both_databases
def test_carts_are_deleted_after_thirty_days_and_checkout_answers_after_one(app, shopper):
    shopper.add()
    for days, typed, kept in ((0, "{}", 1), (2, "", 1), (29, "", 1), (31, "", 0)):
        with app.app_context():
            then = utcnow() - timedelta(days=days)
            db.session.execute(update(Cart).values(updated_at=then, answers="{}", answers_at=then))
            db.session.commit()
            sweep_carts()

            assert db.session.scalars(select(Cart.answers)).all() == [typed] * kept
            assert db.session.scalar(select(func.count(CartLine.id))) == kept


class TestLimits:
    """With rate limits on."""

    @pytest.fixture
    def settings(self, settings):
        return {**settings, "RATELIMIT_ENABLED": "1"}

    def test_one_address_makes_a_bounded_number_of_carts(self, app, shopper, monkeypatch):
        monkeypatch.setattr(carts, "NEW_CARTS", "3 per hour")
        for _ in range(3):
            Shopper(app).add()
        late = Shopper(app)
        late.add()

        assert "Very many carts come from your network at the moment" in quantities(late)[1]
        with app.app_context():
            assert db.session.scalar(select(func.count(Cart.id))) == 3


def test_a_forged_or_broken_cookie_is_an_empty_cart(shopper):
    shopper.add()
    for value in ("x", cookie_of(shopper)[:-2] + "xx", "." * 3000, "\u00e4"):
        shopper.browser.set_cookie("session", value)

        assert "Your cart is empty" in quantities(shopper)[1]
