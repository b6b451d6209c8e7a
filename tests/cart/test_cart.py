"""The cart, as a browser without JavaScript uses it."""

from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import func, select, update

from shop.cart import current_cart as carts
from shop.cart.contents import MAX_LINES, MAX_QUANTITY, CartProblem, read_quantity
from shop.cart.models import Cart, CartLine
from shop.cart.storage import sweep_carts
from shop.catalog.models import Product, Variant
from shop.core.clock import utcnow
from shop.core.database import db
from shop.pricing.models import DeliveryArea
from shop.web.request_checks import is_cross_site
from tests import both_databases
from tests.at_once import at_once
from tests.query_counter import counted
from tests.shopper import MUG, SKU, Shopper, hidden_fields

WHOLE = "Quantity must be a whole number from 0 to 20"
FEWER = "Quantity must be 20 or fewer. For more, write to us"


def cookie_of(shopper):
    return shopper.browser.get_cookie("session").value


@both_databases
def test_lines_are_added_changed_and_removed_and_keep_their_order(shopper):
    assert "Your cart is empty" in shopper.get("/cart").text

    reply = shopper.add(MUG)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/cart?added={MUG}")
    shopper.add(SKU, 2)
    shopper.add(MUG, 3)
    html = shopper.get("/cart").text
    assert list(shopper.quantities.items()) == [(MUG, "4"), (SKU, "2")]
    assert "3 × Speckled stoneware mug (Cream) added to your cart" in html
    assert "KSh 9,700" in html  # 2 x 2,450 and 4 x 1,200

    shopper.post("/cart/update", {f"quantity-{SKU}": "1", f"quantity-{MUG}": "4"})
    assert shopper.quantities == {MUG: "4", SKU: "1"}
    shopper.post("/cart/update", {f"quantity-{SKU}": "1", f"quantity-{MUG}": "9", "remove": SKU})
    assert shopper.quantities == {MUG: "9"}
    shopper.post("/cart/update", {f"quantity-{MUG}": "0"})
    assert "Your cart is empty" in shopper.get("/cart").text


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        *((text, WHOLE) for text in ("-1", "1.5", "1e9", "", "  ", "NaN", "+3", "1_0", "３", "[1]", "\x00")),
        *((text, FEWER) for text in ("1000000000", "21", "9" * 400, "9" * 5000)),
    ],
)
def test_a_quantity_is_a_whole_number_up_to_the_limit(typed, words):
    with pytest.raises(CartProblem, match=words):
        read_quantity(typed)


def test_an_invalid_quantity_changes_nothing_and_is_reported_once(shopper):
    shopper.add(SKU, 2)
    shopper.add(MUG, 3)
    shopper.add(MUG, "x")
    assert WHOLE in shopper.get("/cart").text

    form = {f"quantity-{SKU}": "x", f"quantity-{MUG}": "x", "go": "checkout"}
    assert shopper.post("/cart/update", form).headers["Location"] == "/cart"

    html = shopper.get("/cart").text
    assert shopper.quantities == {SKU: "2", MUG: "3"}
    assert html.count(WHOLE) == 1


def test_a_form_with_repeated_or_missing_fields_is_handled(shopper):
    for data in ({}, {"sku": SKU}, {"sku": [SKU, MUG], "quantity": ["1", "x"]}, {"sku[]": SKU, "quantity[]": "1"}):
        assert shopper.post("/cart/add", data).status_code == 303
        assert shopper.post("/cart/update", data).status_code == 303
    assert set(shopper.quantities) == {SKU}


def test_what_cannot_be_bought_is_refused_with_a_message(shopper, ledger):
    ledger.put(Variant, {"sku": MUG}, active=False)
    ledger.put(Variant, {"sku": "KIO-CLA-IND"}, on_hand=3, held=3)
    refused = {
        **dict.fromkeys([MUG, "NO\x00SUCH", "x" * 10_000, "' OR 1=1 --", "%"], (1, "That is no longer sold")),
        "KIO-CLA-IND": (1, "Classic sisal kiondo (Indigo diamonds) is sold out"),
        "": (1, "Choose which one you would like"),
        SKU: (0, "Quantity must be at least 1"),
    }
    for sku, (quantity, words) in refused.items():
        shopper.add(sku, quantity)
        assert words in shopper.get("/cart").text, sku
    assert shopper.quantities == {}

    shopper.add(SKU, 15)
    shopper.add(SKU, 6)
    html = shopper.get("/cart").text
    assert shopper.quantities == {SKU: "15"}
    assert "One order takes 20 of Classic sisal kiondo (Terracotta bands). For more, write to us" in html


def test_changes_of_price_and_stock_are_shown_once(shopper, ledger):
    for sku in (SKU, MUG, "KIO-CLA-IND", "TOT-LEA-TAN", "TOT-LEA-CHA"):
        shopper.add(sku, 2)
    ledger.put(Variant, {"sku": SKU}, price=2600)
    ledger.put(Variant, {"sku": MUG}, on_hand=1)
    ledger.put(Variant, {"sku": "KIO-CLA-IND"}, on_hand=0)
    ledger.put(Product, {"slug": "leather-tote"}, status="archived")

    html = shopper.get("/cart").text
    assert html.count("The price of Classic sisal kiondo (Terracotta bands) is now KSh 2,600. It was KSh 2,450") == 1
    assert html.count("is no longer sold. We took it out") == 2  # each by its name
    assert "Only 1 Speckled stoneware mug (Cream) is left. Change the quantity" in html
    assert "Classic sisal kiondo (Indigo diamonds) is sold out. Remove it to go on" in html
    assert set(shopper.quantities) == {SKU, MUG, "KIO-CLA-IND"}

    again = shopper.get("/cart").text
    assert "The price of" not in again
    assert "no longer sold" not in again
    assert "Only 1 Speckled" in again


def test_the_cart_shows_the_lowest_delivery_fee_and_the_total_once_an_area_is_chosen(shopper):
    shopper.add()
    assert "from KSh 200" in shopper.get("/cart").text

    shopper.post("/cart/update", {f"quantity-{SKU}": "1", "area": shopper.area("mombasa"), "code": " karibu 10"})
    html = shopper.get("/cart").text
    assert "−KSh 245" in html
    assert "KSh 450" in html
    assert "KSh 2,655" in html

    shopper.post("/cart/update", {"remove": "NOTHING"})  # an unknown SKU changes nothing
    assert "KSh 2,655" in shopper.get("/cart").text

    shopper.post("/cart/update", {"area": "", "code": ""})
    assert "from KSh 200" in shopper.get("/cart").text


def test_the_reason_for_refusing_a_discount_code_is_shown_beside_its_field(shopper):
    shopper.add()
    for typed, words in (("MWISHO20", "MWISHO20 has expired"), ("<canary>&\"'", "&lt;CANARY&gt;&amp; is not known")):
        shopper.post("/cart/update", {f"quantity-{SKU}": "1", "code": typed})
        html = shopper.get("/cart").text
        assert f"Discount code {words}" in html
        assert 'aria-describedby="code-error"' in html
        assert '<details class="folded" open>' in html  # so that it can be corrected


def test_only_a_cart_with_lines_leads_to_the_checkout(shopper):
    for reply in (shopper.get("/checkout"), shopper.browser.post("/checkout", data={"full_name": "x"})):
        assert (reply.status_code, reply.headers["Location"]) == (303, "/cart")

    shopper.add()
    assert shopper.post("/cart/update", {f"quantity-{SKU}": "1", "go": "checkout"}).headers["Location"] == "/checkout"


@pytest.mark.parametrize(
    ("headers", "refused"),
    [
        ({"Origin": "https://evil.example"}, True),
        ({"Origin": "null"}, True),
        ({"Origin": "http://localhost.evil.example"}, True),
        ({"Origin": "http://localhost:8080"}, True),
        ({"Referer": "https://evil.example/shop"}, True),
        ({"Referer": "http://localhost@evil.example/"}, True),
        ({"Referer": "http://[::1"}, True),
        ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, True),
        ({}, False),
        ({"Origin": "http://localhost"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "HTTP://LOCALHOST"}, False),
        ({"Referer": "http://localhost/products/kiondo-classic"}, False),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
    ],
    ids=str,
)
def test_a_form_of_another_site_is_refused(app, headers, refused):
    """That every form of the shop asks this: tests/admin/test_permissions.py."""
    with app.test_request_context("/cart/add", method="POST", headers=headers):
        assert is_cross_site() is refused


def test_the_cookie_lasts_thirty_days_and_stays_small_however_full_the_cart_is(app, shopper):
    long = [f"{number:02}-{sha256(b'%d' % number).hexdigest()[:37].upper()}" for number in range(45)]
    with app.app_context():
        variants = db.session.scalars(select(Variant).order_by(Variant.id).limit(45)).all()
        for variant, sku in zip(variants, long, strict=True):
            variant.sku, variant.on_hand, variant.held = sku, 99, 0
            variant.price, variant.was_price = 1_234_567, None
        db.session.commit()
    words = f"One order takes {MAX_LINES} different things. There are"
    for sku in long[:30]:
        shopper.add(sku, 17)
    assert words not in shopper.get("/cart").text
    shopper.add(long[30], 17)
    assert f"{words} 31 in your cart" in shopper.get("/cart").text  # before the limit is reached
    for sku in long[31:]:
        shopper.add(sku, 17)
    assert "Your cart holds 40 different things" in shopper.get("/cart").text
    shopper.post("/cart/update", {"area": shopper.area("mombasa"), "code": "K" * 40})
    shopper.get("/checkout")

    assert len(shopper.quantities) == MAX_LINES == 40
    assert len(cookie_of(shopper)) < 500
    left = shopper.browser.get_cookie("session").expires - utcnow()
    assert timedelta(days=29) < left < timedelta(days=31)


@pytest.mark.parametrize(("left", "most"), [(500, MAX_QUANTITY), (3, 3)])
def test_the_maximum_quantity_is_shown_on_the_product_page(app, shopper, left, most):
    with app.app_context():
        of_product = Variant.product_id == select(Product.id).where(Product.slug == "kiondo-classic").scalar_subquery()
        db.session.execute(update(Variant).where(of_product).values(on_hand=left))
        db.session.commit()

    page = shopper.get("/products/kiondo-classic").text
    assert f"One order takes up to {most} of it" in page
    assert f'min="1" max="{most}"' in page


@both_databases
def test_concurrent_additions_are_all_kept_within_the_limits(app, shopper):
    shopper.add(SKU, 1)
    tabs = [Shopper(app) for _ in range(6)]
    for tab in tabs:
        tab.browser.set_cookie("session", cookie_of(shopper))
    skus = [MUG, "KIO-CLA-IND", SKU, SKU, SKU, SKU]

    at_once([lambda tab=tab, sku=sku: tab.add(sku, 6) for tab, sku in zip(tabs, skus, strict=True)])

    assert shopper.quantities == {SKU: "19", MUG: "6", "KIO-CLA-IND": "6"}


def test_an_old_cart_form_changes_only_the_quantities_that_were_edited(shopper):
    shopper.add(MUG)
    shopper.add(SKU)
    form = hidden_fields(shopper.get("/cart").text) | {f"quantity-{MUG}": "1", f"quantity-{SKU}": "4"}
    shopper.add(MUG, 2)

    shopper.post("/cart/update", form)

    assert shopper.quantities == {MUG: "3", SKU: "4"}


def test_removed_lines_are_named_and_can_be_put_back_in_their_place(shopper):
    for sku in (MUG, SKU):
        shopper.add(sku, 2)
    html = shopper.get(shopper.post("/cart/update", {"remove": MUG}).headers["Location"]).text
    assert "Speckled stoneware mug (Cream) is out of your cart." in html
    assert shopper.quantities == {SKU: "2"}
    shopper.post("/cart/undo", {})
    assert list(shopper.quantities.items()) == [(MUG, "2"), (SKU, "2")]

    form = {f"quantity-{MUG}": "0", f"quantity-{SKU}": "0"}
    html = shopper.get(shopper.post("/cart/update", form).headers["Location"]).text
    assert "Your cart is empty" in html
    assert 'action="/cart/undo"' in html
    shopper.post("/cart/undo", {})
    assert shopper.quantities == {MUG: "2", SKU: "2"}


def test_after_adding_the_cart_leads_back_to_the_category_or_asks_for_cookies(app, shopper):
    address = shopper.add().headers["Location"]
    lost = "Your browser did not keep the cart. Allow cookies for this shop, then add it again."

    assert lost not in shopper.get(address).text
    [link] = [link for link in shopper.page.iter("a") if link.text == "Keep shopping"]
    assert link.get("href") == "/categories/baskets"
    assert lost in Shopper(app).get(address).text


def test_the_chosen_area_is_remembered_for_product_pages_by_a_cookie_with_its_number(app, shopper):
    def cookie() -> str | None:
        found = shopper.browser.get_cookie("delivery_area")
        return found.value if found else None

    shopper.add()
    mombasa = shopper.area("mombasa")
    shopper.post("/cart/update", {"area": mombasa})
    assert cookie() == mombasa
    shopper.checkout(area="kisumu")
    assert cookie() == shopper.area("kisumu")  # it outlasts the order
    shopper.add()
    assert f'value="{shopper.area("kisumu")}" selected' in shopper.get("/cart").text
    for nothing in ("", "x; Path=/", "0", "9" * 12):
        shopper.post("/cart/update", {"area": nothing})
        assert cookie() is None


def test_the_cart_says_when_it_arrives_and_what_is_missing_for_free_delivery(shopper, ledger):
    ledger.put(DeliveryArea, {"code": "mombasa"}, calendar=None, delivery_time="in 3 days", free_from=5000)
    shopper.add(SKU, 2)  # KSh 4,900
    shopper.post("/cart/update", {"area": shopper.area("mombasa")})
    page = shopper.get("/cart").text
    assert "In 3 days. KSh 100 more for free delivery to Mombasa." in page
    assert "Mombasa, KSh 450</option>" in page and "KSh 5,350" in page

    shopper.add(MUG)  # KSh 6,100
    page = shopper.get("/cart").text
    assert "more for free delivery" not in page and "Mombasa, free</option>" in page
    shopper.post("/cart/update", {"code": "ASANTE500"})
    assert "Mombasa, free</option>" in shopper.get("/cart").text  # KSh 5,600 after the discount
    ledger.put(DeliveryArea, {"code": "mombasa"}, free_from=6000)
    assert "KSh 400 more for free delivery to Mombasa." in shopper.get("/cart").text


def test_viewing_pages_and_failed_additions_create_no_cart(app, shopper):
    with counted(app) as queries:
        shopper.get("/cart")
    assert [query for query in queries if "cart" in query.split("FROM")[-1]] == []

    for address in ("/cart?added=x&removed=1", "/checkout"):
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

    def test_one_address_makes_a_bounded_number_of_carts(self, app, monkeypatch):
        monkeypatch.setattr(carts, "NEW_CARTS", "3 per hour")
        for _ in range(3):
            Shopper(app).add()
        late = Shopper(app)
        late.add()

        assert "Very many carts come from your network at the moment" in late.get("/cart").text
        with app.app_context():
            assert db.session.scalar(select(func.count(Cart.id))) == 3


def test_a_forged_or_broken_cookie_is_an_empty_cart(shopper):
    shopper.add()
    for value in ("x", cookie_of(shopper)[:-2] + "xx", "." * 3000, "\u00e4"):
        shopper.browser.set_cookie("session", value)

        assert "Your cart is empty" in shopper.get("/cart").text
