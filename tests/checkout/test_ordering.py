"""From the checkout to an order: the sum that was shown, one order for one form, and what to say when things moved."""

import re
from datetime import timedelta
from secrets import token_hex
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from shop import create_app
from shop.catalog.models import Variant
from shop.checkout import ordering, views
from shop.clock import utcnow
from shop.database import db
from shop.money import shillings
from shop.orders.models import Order
from shop.payments.addresses import hash_of, secret_in
from shop.payments.models import PaymentAttempt
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import both_databases
from tests.conftest import SECRET
from tests.shopper import ANSWERS, SKU, Shopper, hidden_fields

MUG = "MUG-SPE-CRE"
TWO_HUNDRED = 2650  # one kiondo for KSh 2,450, brought to the centre of Nairobi for KSh 200


def text_of(page):
    return " ".join("".join(page.find(".//main").itertext()).split())


def notice_of(page):
    """What the page says has changed."""
    return next(
        "".join(box.itertext()).strip() for box in page.iter("div") if "notice--changed" in (box.get("class") or "")
    )


def pay_button(page):
    return next("".join(button.itertext()) for button in page.iter("button") if button.get("name") == "pay")


def shown_form(shopper, **answers):
    """The form of a page that has shown the total: area chosen in the cart, nothing left to confirm."""
    area = shopper.area(answers.pop("area", "nairobi-cbd"))
    shopper.post("/cart/update", {"area": area, "code": answers.get("code", "")})
    html = shopper.get("/checkout").text
    return {**ANSWERS, "area": area, **answers, "pay": "1", **hidden_fields(html)}


def test_the_area_chosen_in_the_cart_makes_an_exact_total_on_the_button(shopper, provider):
    shopper.add()
    form = shown_form(shopper)

    assert pay_button(shopper.page) == "Pay KSh 2,650"
    assert form["shown_total"] == str(TWO_HUNDRED)
    assert shopper.post("/checkout", form).status_code == 303
    assert provider.requests[-1].body["amount"]["total"] == str(TWO_HUNDRED)


def test_without_an_area_the_button_promises_no_sum_and_the_total_is_asked_about(shopper, count):
    shopper.add()
    form = shopper.fill_checkout()
    assert pay_button(shopper.page) == "Pay"

    reply = shopper.post("/checkout", form)
    assert reply.status_code == 409
    assert notice_of(shopper.page) == "The total is KSh 2,650 with delivery. If that is right, press Pay"
    assert pay_button(shopper.page) == "Pay KSh 2,650"
    assert count() == 0


@pytest.mark.parametrize(
    "shown", ["", "1", "2649", "26500", "999999999", "1e3", "２６５０", "2650.0", "-2650", "x" * 5000, None]
)
def test_nobody_pays_a_sum_they_were_not_shown(shopper, count, provider, shown):
    shopper.add()
    form = shown_form(shopper, note="Ring twice") | {"shown_total": shown}
    reply = shopper.post("/checkout", {name: value for name, value in form.items() if value is not None})

    assert reply.status_code == 409
    was = (
        f"now KSh 2,650. It was {shillings(int(shown))}"
        if re.fullmatch("[0-9]{1,9}", shown or "")
        else "KSh 2,650 with delivery"
    )
    assert notice_of(shopper.page) == f"The total is {was}. If that is right, press Pay"
    assert (count(), provider.requests) == (0, [])
    for field in ("full_name", "phone_number", "email", "location", "note"):
        assert form[field] in reply.text
    assert hidden_fields(reply.text)["shown_total"] == "2650"

    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303
    assert count() == 1


def test_another_area_than_the_one_shown_is_another_sum(shopper, count):
    shopper.add()
    form = shown_form(shopper) | {"area": shopper.area("mombasa")}

    assert shopper.post("/checkout", form).status_code == 409
    assert notice_of(shopper.page) == "The total is now KSh 2,900. It was KSh 2,650. If that is right, press Pay"
    assert count() == 0


def test_a_form_that_followed_the_choice_by_itself_is_taken_at_once(shopper, orders):
    shopper.add()
    form = shown_form(shopper) | {"area": shopper.area("mombasa"), "shown_total": "2900"}

    assert shopper.post("/checkout", form).status_code == 303
    assert orders()[0].total == 2900


def test_a_code_is_applied_without_complaining_of_what_is_not_filled_in_yet(shopper, count):
    shopper.add()
    form = (
        shown_form(shopper) | dict.fromkeys(ANSWERS, "") | {"full_name": "Half a f", "code": "karibu 10", "apply": "1"}
    )
    reply = shopper.post("/checkout", form)

    assert reply.status_code == 200
    assert "error-summary" not in reply.text
    assert "Half a f" in reply.text
    assert pay_button(shopper.page) == "Pay KSh 2,405"
    assert "−KSh 245" in reply.text
    assert count() == 0

    again = {**form, **ANSWERS, "code": "karibu 10", **hidden_fields(reply.text)}
    del again["apply"]
    assert shopper.post("/checkout", again).status_code == 303


def test_a_code_taken_back_makes_the_old_total_again(shopper):
    shopper.add()
    form = shown_form(shopper, code="KARIBU10")
    assert form["shown_total"] == "2405"

    assert shopper.post("/checkout", form | {"code": ""}).status_code == 409
    assert "now KSh 2,650. It was KSh 2,405" in notice_of(shopper.page)


@both_databases
def test_the_provider_is_asked_for_exactly_what_the_documentation_has(shopper, provider, app):
    shopper.add(SKU, 2)
    shopper.add(MUG)
    reply = shopper.post(
        "/checkout", shown_form(shopper, area="mombasa", code="ASANTE500", phone_number="+254 110 345 678")
    )
    assert reply.status_code == 303

    with app.app_context():
        order = db.session.scalar(select(Order))
        attempt = db.session.scalar(select(PaymentAttempt))
        lines = [(line.sku, line.name, line.label, line.unit_price, line.quantity) for line in order.lines]
    assert lines == [
        (SKU, "Classic sisal kiondo", "Terracotta bands", 2450, 2),
        (MUG, "Speckled stoneware mug", "Cream", 1200, 1),
    ]
    assert (order.goods, order.discount, order.delivery, order.total) == (6100, 500, 450, 6050)
    [asked] = provider.requests
    callback = asked.body["redirect_urls"].pop("callback_url")
    back = f"http://localhost/orders/{order.token}?from=payment"
    assert asked.path == "/checkout.sessions/hosted/redirect/session"
    assert asked.body == {
        "customer_details": {
            "full_name": ANSWERS["full_name"],
            "location": ANSWERS["location"],
            "phone_number": "254110345678",
            "email": ANSWERS["email"],
        },
        "amount": {
            "order_id": str(attempt.reference),
            "delivery_fee": "450",
            "discount_fee": "500",
            "total": "6050",
            "currency": "kes",
        },
        "redirect_urls": {"success_url": back, "failed_url": back},
    }
    token = urlsplit(callback).path.removeprefix("/chpter/callbacks/")
    assert callback.startswith("http://localhost/chpter/callbacks/")
    assert hash_of(secret_in(token, [SECRET])) == attempt.secret_hash


def test_what_was_sold_stays_as_it_was_when_the_catalogue_changes(shopper, change, orders):
    shopper.add()
    shopper.post("/checkout", shown_form(shopper))
    change(Variant, Variant.sku == SKU, price=9999, label="Renamed")

    [order] = orders()
    html = shopper.get(f"/orders/{order.token}").text
    assert "KSh 2,650" in html
    assert "Renamed" not in html


@both_databases
def test_the_same_form_three_times_is_one_order_and_leads_to_one_page(shopper, count, provider, stock):
    shopper.add(SKU, 2)
    form = shown_form(shopper)
    replies = [shopper.post("/checkout", form) for _ in range(3)]

    assert [reply.status_code for reply in replies] == [303, 303, 303]
    assert len({reply.headers["Location"] for reply in replies}) == 1
    assert count() == 1
    assert len(provider.requests) == 1
    assert stock(SKU) == (18, 2)


@pytest.mark.parametrize("on_hand", [18, 1], ids=["plenty", "the last piece"])
@both_databases
def test_a_form_sent_again_while_the_first_is_still_being_placed_is_the_same_order(
    shopper, count, monkeypatch, provider, stock, change, on_hand
):
    """The rival is run exactly between looking for the form's order and writing it."""
    change(Variant, Variant.sku == SKU, on_hand=on_hand)
    shopper.add()
    form = shown_form(shopper)
    rival = Shopper(shopper.app, provider)
    rival.browser.set_cookie("session", shopper.browser.get_cookie("session").value)
    rivals = []

    def place_after_rival(*arguments):
        monkeypatch.setattr(views, "place_order", ordering.place_order)
        rivals.append(rival.post("/checkout", form).headers["Location"])
        return ordering.place_order(*arguments)

    monkeypatch.setattr(views, "place_order", place_after_rival)
    reply = shopper.post("/checkout", form)

    assert [reply.headers["Location"]] == rivals
    assert (count(), len(provider.requests)) == (1, 1)
    assert stock(SKU) == (on_hand, 1)


def test_without_the_one_time_key_the_same_form_would_be_two_orders(shopper, count, monkeypatch):
    monkeypatch.setattr("shop.checkout.forms.CheckoutForm.key", property(lambda form: token_hex(16)))
    shopper.add()
    form = shown_form(shopper)
    shopper.post("/checkout", form)
    shopper.add()
    shopper.post("/checkout", form)

    assert count() == 2


@pytest.mark.parametrize(
    "forge", [lambda key: "x", lambda key: "", lambda key: key[:-2] + "xx", lambda key: "y" + key[1:]]
)
def test_a_forged_one_time_key_makes_no_order_and_the_page_brings_a_good_one(shopper, count, forge):
    shopper.add()
    form = shown_form(shopper)
    reply = shopper.post("/checkout", form | {"once": forge(form["once"])})

    assert reply.status_code == 409
    assert notice_of(shopper.page) == "Check your order once more, then press Pay"
    assert count() == 0
    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303


def test_a_form_sent_again_after_the_secret_was_changed_is_still_the_same_order(settings, shopper, provider, count):
    shopper.add()
    form = shown_form(shopper)
    first = shopper.post("/checkout", form)
    newer = Shopper(create_app({**settings, "SECRET_KEY": "n" + SECRET, "SECRET_KEY_FALLBACKS": SECRET}), provider)

    assert newer.post("/checkout", form).headers["Location"] == first.headers["Location"]
    assert count() == 1


@both_databases
def test_a_price_that_changes_between_showing_and_paying_is_said_and_asked_about(shopper, change, count, orders):
    shopper.add()
    form = shown_form(shopper)
    change(Variant, Variant.sku == SKU, price=2600)
    reply = shopper.post("/checkout", form)

    assert reply.status_code == 409
    assert notice_of(shopper.page) == (
        "The price of Classic sisal kiondo (Terracotta bands) is now KSh 2,600. It was KSh 2,450. "
        "The total is now KSh 2,800. It was KSh 2,650. If that is right, press Pay"
    )
    assert count() == 0

    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303
    assert orders()[0].total == 2800


def test_prices_that_change_to_the_same_total_are_said_too(shopper, change, count):
    shopper.add()
    shopper.add(MUG)
    form = shown_form(shopper)
    change(Variant, Variant.sku == SKU, price=2400)
    change(Variant, Variant.sku == MUG, price=1250)

    assert shopper.post("/checkout", form).status_code == 409
    assert "is now KSh 2,400" in notice_of(shopper.page)
    assert "is now KSh 1,250" in notice_of(shopper.page)
    assert count() == 0


def test_a_new_total_is_said_even_when_an_answer_was_wrong_too(shopper, change):
    shopper.add()
    form = shown_form(shopper) | {"email": "x"}
    change(Variant, Variant.sku == SKU, price=2600)

    assert shopper.post("/checkout", form).status_code == 422
    assert "The total is now KSh 2,800. It was KSh 2,650" in notice_of(shopper.page)


def test_a_thing_withdrawn_meanwhile_is_said_before_the_rest_is_paid_for(shopper, change, count):
    shopper.add()
    shopper.add(MUG)
    form = shown_form(shopper)
    change(Variant, Variant.sku == MUG, active=False)

    assert shopper.post("/checkout", form).status_code == 409
    assert notice_of(shopper.page).startswith(
        "Something in your cart is no longer sold. We took it out. The total is now KSh 2,650."
    )
    assert count() == 0


@both_databases
def test_stock_that_went_before_paying_is_said_and_the_rest_kept(shopper, change, count, stock):
    shopper.add(SKU, 3)
    form = shown_form(shopper)
    change(Variant, Variant.sku == SKU, on_hand=2)
    reply = shopper.post("/checkout", form)

    assert reply.status_code == 422
    assert "Only 2 Classic sisal kiondo (Terracotta bands) are left. Change the quantity" in text_of(shopper.page)
    assert ANSWERS["location"] in reply.text
    assert (count(), stock(SKU)) == (0, (2, 0))


@both_databases
@pytest.mark.parametrize("gone", ["stock", "code"])
def test_what_goes_at_the_last_moment_makes_no_order_and_takes_nothing(
    shopper, change, count, stock, monkeypatch, app, gone
):
    """The rival is run between the page's own look and the transaction."""
    change(DiscountCode, DiscountCode.code == "KARIBU10", max_uses=1)
    shopper.add(SKU, 2)
    shopper.add(MUG)
    form = shown_form(shopper, code="KARIBU10", note="Ring twice")

    def place_too_late(*arguments):
        if gone == "stock":
            change(Variant, Variant.sku == MUG, on_hand=0)
        else:
            change(DiscountCode, DiscountCode.code == "KARIBU10", used=1)
        return ordering.place_order(*arguments)

    monkeypatch.setattr(views, "place_order", place_too_late)
    reply = shopper.post("/checkout", form)

    assert reply.status_code == 409
    assert notice_of(shopper.page) == "Somebody was quicker. Your order has not been placed"
    said = {"stock": "Speckled stoneware mug (Cream) is sold out", "code": "Discount code KARIBU10 has been used up"}
    assert said[gone] in text_of(shopper.page)
    assert "Ring twice" in reply.text
    assert (count(), stock(SKU)) == (0, (18, 0))
    with app.app_context():
        used = db.session.scalar(select(DiscountCode.used).where(DiscountCode.code == "KARIBU10"))
        assert used == (1 if gone == "code" else 0)


def test_a_code_used_up_since_the_cart_was_shown_is_said_beside_its_box(shopper, change, count):
    shopper.add()
    form = shown_form(shopper, code="KARIBU10")
    change(DiscountCode, DiscountCode.code == "KARIBU10", max_uses=5, used=5)

    assert shopper.post("/checkout", form).status_code == 422
    assert "Discount code KARIBU10 has been used up" in text_of(shopper.page)
    assert "The total is now KSh 2,650. It was KSh 2,405" in notice_of(shopper.page)
    assert count() == 0


def test_an_area_withdrawn_meanwhile_is_asked_for_again(shopper, change, count):
    shopper.add()
    form = shown_form(shopper)
    change(DeliveryArea, DeliveryArea.code == "nairobi-cbd", active=False)

    assert shopper.post("/checkout", form).status_code == 422
    assert "Choose where it should go" in text_of(shopper.page)
    assert count() == 0


def test_an_order_number_that_is_taken_is_drawn_again(shopper, orders, monkeypatch):
    numbers = iter([0, 0, 0, 1, 2, 3, 4, 5])
    monkeypatch.setattr("shop.orders.placing.secrets.randbelow", lambda below: next(numbers))
    for _ in range(2):
        shopper.add()
        assert shopper.checkout().status_code == 303

    assert len({order.number for order in orders()}) == 2


@both_databases
def test_an_order_that_costs_nothing_is_paid_without_asking_the_provider(shopper, orders, provider, stock, app):
    shopper.add(SKU, 2)
    form = shown_form(shopper, area="pickup", code="ZAWADI", location="")
    assert form["shown_total"] == "0"
    assert pay_button(shopper.page) == "Place the order"
    reply = shopper.post("/checkout", form)

    [order] = orders()
    assert reply.headers["Location"] == f"/orders/{order.token}"
    assert (order.goods, order.discount, order.delivery, order.total) == (4900, 4900, 0, 0)
    assert (order.payment, order.fulfilment, order.pickup) == ("paid", "unfulfilled", True)
    assert provider.requests == []
    assert stock(SKU) == (16, 0)
    assert "There is nothing to pay" in shopper.get(f"/orders/{order.token}").text
    with app.app_context():
        assert db.session.scalar(select(DiscountCode.used).where(DiscountCode.code == "ZAWADI")) == 1
        assert db.session.scalars(select(PaymentAttempt)).all() == []


def test_the_gift_card_never_pays_for_the_delivery(shopper, orders):
    shopper.add()
    shopper.post("/checkout", shown_form(shopper, code="ZAWADI"))

    [order] = orders()
    assert (order.goods, order.discount, order.total, order.payment) == (2450, 2450, 200, "awaiting")


def test_when_no_payment_page_opens_the_order_stands_and_can_be_tried_again(shopper, orders, provider, stock):
    provider.behaviour = "http_500"
    shopper.add()
    reply = shopper.post("/checkout", shown_form(shopper))

    [order] = orders()
    assert reply.headers["Location"] == f"/orders/{order.token}"
    html = shopper.get(f"/orders/{order.token}").text
    assert f'action="/orders/{order.token}/pay"' in html
    assert (order.payment, stock(SKU)) == ("awaiting", (18, 1))


def test_after_an_order_the_cart_is_empty_and_the_area_is_remembered(shopper):
    shopper.add()
    shopper.post("/checkout", shown_form(shopper, area="mombasa"))
    assert "Your cart is empty" in shopper.get("/cart").text

    shopper.add()
    shopper.get("/checkout")
    assert pay_button(shopper.page) == "Pay KSh 2,900"


def test_the_order_holds_its_goods_for_as_long_as_the_settings_say(settings, provider, orders):
    shopper = Shopper(create_app({**settings, "ORDER_HOLD_MINUTES": "5"}), provider)
    shopper.add()
    shopper.post("/checkout", shown_form(shopper))

    assert timedelta(minutes=4) < orders()[0].expires_at - utcnow() <= timedelta(minutes=5)


@pytest.fixture
def ordering_from(settings, provider, change):
    """A shop with its rate limits on and all buyers behind one address: order from a phone, get status and page."""
    limited = create_app({**settings, "RATELIMIT_ENABLED": "1"})
    change(Variant, Variant.sku == SKU, on_hand=500)
    shopper = Shopper(limited, provider)

    def order(phone):
        shopper.add()
        reply = shopper.post("/checkout", shown_form(shopper, phone_number=phone))
        return reply.status_code, reply.text

    return order


def test_one_phone_orders_twenty_times_in_ten_minutes_in_whatever_spelling(ordering_from, count):
    spellings = ["0712 345 678", "+254712345678", "712-345-678", "254712345678"]
    replies = [ordering_from(spellings[number % 4])[0] for number in range(20)]
    assert replies == [303] * 20

    status, html = ordering_from(spellings[0])
    assert status == 429
    assert html.count("Too many orders from this phone number. Wait 10 minutes, then press Pay again") == 2
    assert ANSWERS["location"] in html
    assert count() == 20
    assert ordering_from("0722 345 678")[0] == 303


def test_thirty_phones_behind_one_address_all_order(ordering_from, count):
    replies = [ordering_from(f"0712 345 6{number}")[0] for number in range(10, 40)]

    assert replies == [303] * 30
    assert count() == 30
