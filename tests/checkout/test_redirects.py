"""Every form redirects, and the checkout answers are kept."""

from datetime import timedelta

from sqlalchemy import select, update

from shop.cart.models import Cart
from shop.catalog.models import Variant
from shop.core.clock import utcnow
from shop.core.database import db
from shop.pricing.models import DiscountCode
from tests.checkout.page_parser import notice_of, pay_button, shown_form, text_of
from tests.shopper import ANSWERS, MUG, SKU, Shopper, hidden_fields


def test_a_refused_checkout_redirects_to_a_page(shopper, orders):
    shopper.add()
    form = shown_form(shopper)
    for changed, leads_to in (
        ({"email": "x"}, "/checkout?again=pay"),
        ({"csrf_token": "stale"}, "/checkout?again=pay"),
        ({"shown_total": "1"}, "/checkout?again=pay"),
        ({"checkout_key": "x"}, "/checkout?again=pay"),
        (dict.fromkeys(form, ""), "/checkout?again=pay"),
        ({"apply": "code", "code": "KARIBU10"}, "/checkout?again=code#discount"),
        ({"apply": "code", "code": "NOTHING"}, "/checkout?again=code#discount"),
        ({"apply": "none", "code": "KARIBU10"}, "/checkout?again=code#discount"),
    ):
        reply = shopper.browser.post("/checkout", data=form | changed)

        assert (reply.status_code, reply.headers["Location"]) == (303, leads_to)
        first, again = (text_of(shopper.page) for _ in range(2) if shopper.get(leads_to).status_code == 200)
        assert first == again
        assert orders() == []


def test_each_button_of_the_cart_redirects_to_its_result(shopper):
    for form, leads_to in (
        ({"apply": "area", "area": "1"}, "/cart?again=area#summary"),
        ({"apply": "code", "code": "x"}, "/cart?again=code#discount"),
        ({"apply": "none"}, "/cart?again=code#discount"),
        ({"remove": SKU}, "/cart?removed=1"),
        ({f"quantity-{SKU}": "x"}, "/cart"),
    ):
        shopper.add()
        assert shopper.browser.post("/cart/update", data=form).headers["Location"] == leads_to


def test_checkout_answers_are_kept_with_the_cart_for_a_day_or_until_the_order_is_placed(app, shopper):
    shopper.add()
    for kept in (True, False):
        shopper.post("/checkout", shown_form(shopper, note="Ring twice") | {"email": "x"})
        assert "Ring twice" in shopper.get("/checkout").text
        assert "There is a problem" not in shopper.get("/checkout").text
        if kept:
            with app.app_context():
                db.session.execute(update(Cart).values(answers_at=utcnow() - timedelta(hours=25)))
                db.session.commit()
            assert "Ring twice" not in shopper.get("/checkout").text

    assert shopper.checkout().status_code == 303
    with app.app_context():
        assert db.session.scalars(select(Cart.answers)).all() == [""]


def test_a_lost_cart_is_restored_from_the_page_snapshot(app, provider, shopper, orders):
    shopper.add(SKU, 2)
    shopper.add(MUG)
    form = shown_form(shopper, note="Ring twice")
    lost = Shopper(app, provider)

    html = lost.post("/checkout", form).text

    assert notice_of(lost.page).startswith("We no longer had your cart, so we filled it again from this page. Check it")
    assert all(words in html for words in ("Ring twice", ANSWERS["location"], ANSWERS["phone_number"]))
    assert pay_button(lost.page) == "Pay KSh 6,300"
    assert orders() == []
    assert lost.post("/checkout", {**form, **hidden_fields(html)}).status_code == 303


def test_a_cart_emptied_in_another_tab_is_reported_and_answers_are_kept(shopper):
    shopper.add()
    form = shown_form(shopper, note="Ring twice")
    shopper.post("/cart/update", {"remove": SKU})

    html = shopper.post("/checkout", form).text

    assert "Your cart is empty now, so nothing was ordered." in html
    shopper.add(MUG)
    assert "Ring twice" in shopper.get("/checkout").text


def test_a_cart_with_a_problem_shows_it_and_does_not_lead_to_the_checkout(shopper, ledger):
    shopper.add()
    shopper.add(MUG)
    ledger.put(Variant, {"sku": MUG}, on_hand=0)

    for reply in (shopper.post("/cart/update", {"go": "checkout"}), shopper.get("/checkout")):
        assert reply.headers["Location"] == "/cart"
    words = text_of(shopper.get("/cart") and shopper.page)
    said = "Speckled stoneware mug (Cream) is sold out. Remove it to go on."
    assert words.index(said) < words.index("KSh 2,450 each")
    assert "SubtotalKSh 2,450" in words


def test_a_checkout_without_cookies_shows_a_message(app, shopper):
    shopper.add()
    form = shown_form(shopper)
    back = Shopper(app).browser.post("/checkout", data=form).headers["Location"]

    visitor = Shopper(app)
    assert "Your browser did not keep the cart" in visitor.get(visitor.get(back).headers["Location"]).text


def test_a_discount_code_held_by_the_buyers_own_unpaid_order_is_explained(shopper, ledger):
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses_per_buyer=1)
    shopper.add()
    shopper.post("/checkout", shown_form(shopper, code="KARIBU10"))
    shopper.add(MUG)

    shopper.post("/checkout", shown_form(shopper, code="KARIBU10"))

    words = text_of(shopper.page)
    assert "Discount code KARIBU10 is held by an unpaid order with this phone number until" in words
    assert "is not paid yet. We hold its items for you until" in words
    assert "Pay, change or cancel it" in words


def test_stock_held_by_the_buyers_own_unpaid_order_is_explained_and_orders_of_others_are_not_shown(
    app, shopper, ledger, orders
):
    ledger.shelve(SKU, 1)
    shopper.buy()
    said = f"Your order {orders()[0].number} (KSh 2,650) is not paid yet. We hold its items for you until"

    shopper.get(shopper.add().headers["Location"])

    assert "Classic sisal kiondo (Terracotta bands) is sold out." in text_of(shopper.page)
    assert said in text_of(shopper.page)
    other = Shopper(app)
    other.add(MUG)
    assert "is not paid yet" not in other.get("/cart").text + other.get("/checkout").text
