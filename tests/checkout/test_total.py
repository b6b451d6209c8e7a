"""The total on the Pay button is the total that is charged."""

import re

import pytest

from shop.catalog.models import Variant
from shop.core.money import shillings
from shop.payments.models import PaymentAttempt
from tests.checkout.page_parser import notice_of, pay_button, shown_form, text_of
from tests.shopper import ANSWERS, SKU, hidden_fields


def test_the_pay_button_shows_the_exact_total_of_the_area_chosen_in_the_cart(shopper, provider):
    shopper.add()
    form = shown_form(shopper, area="mombasa")

    assert pay_button(shopper.page) == "Pay KSh 2,900"
    assert form["shown_total"] == "2900"
    assert shopper.post("/checkout", form).status_code == 303
    assert provider.requests[-1].body["amount"]["total"] == "2900"

    assert "Your cart is empty" in shopper.get("/cart").text
    shopper.add()
    shopper.get("/checkout")
    assert pay_button(shopper.page) == "Pay KSh 2,900"  # the area is kept


def test_without_an_area_the_button_shows_no_total_and_the_total_must_be_confirmed(shopper, orders):
    shopper.add()
    form = shopper.fill_checkout()
    assert pay_button(shopper.page) == "Pay"

    reply = shopper.post("/checkout", form)
    assert reply.status_code == 200
    assert notice_of(shopper.page) == "The total is KSh 2,650 with delivery. If that is right, press Pay"
    assert pay_button(shopper.page) == "Pay KSh 2,650"
    assert orders() == []


def test_a_total_that_was_not_shown_must_be_confirmed(shopper, orders, provider):
    shopper.add()
    form = shown_form(shopper, note="Ring twice")
    for shown in ("", "1", "26500", "999999999", "1e3", "２６５０", "2650.0", "-2650", "x" * 5000, None):
        sent = {name: value for name, value in (form | {"shown_total": shown}).items() if value is not None}
        reply = shopper.post("/checkout", sent)

        assert reply.status_code == 200
        number = re.fullmatch("[0-9]{1,9}", shown or "")
        was = f"now KSh 2,650. It was {shillings(int(shown))}" if number else "KSh 2,650 with delivery"
        assert notice_of(shopper.page) == f"The total is {was}. If that is right, press Pay"
        assert (orders(), provider.requests) == ([], [])
        for field in ("full_name", "phone_number", "email", "location", "note"):
            assert form[field] in reply.text
        assert hidden_fields(reply.text)["shown_total"] == "2650"

    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303
    assert len(orders()) == 1


def test_a_changed_area_must_be_confirmed_unless_javascript_updated_the_total(shopper, orders):
    shopper.add()
    form = shown_form(shopper) | {"area": shopper.area("mombasa")}

    assert shopper.post("/checkout", form).status_code == 200
    assert notice_of(shopper.page) == "The total is now KSh 2,900. It was KSh 2,650. If that is right, press Pay"
    assert orders() == []

    assert shopper.post("/checkout", form | {"shown_total": "2900"}).status_code == 303
    assert orders()[0].total == 2900


def test_a_discount_code_is_applied_and_removed_without_validating_the_form(shopper, orders):
    shopper.add()
    half = dict.fromkeys(ANSWERS, "") | {"full_name": "Half a f"}
    form = shown_form(shopper) | half | {"code": "karibu 10", "apply": "code"}
    html = shopper.post("/checkout", form).text
    assert 'class="error-summary' not in html
    assert "Half a f" in html
    assert "KARIBU10 takes off KSh 245." in text_of(shopper.page)
    assert 'value="none">Remove code' in html
    assert pay_button(shopper.page) == "Pay KSh 2,405"
    assert "−KSh 245" in html

    form |= hidden_fields(html)
    shopper.post("/checkout", form | {"apply": "none"})
    assert pay_button(shopper.page) == "Pay KSh 2,650"
    assert "takes off" not in text_of(shopper.page)

    del form["apply"]
    assert shopper.post("/checkout", form | ANSWERS).status_code == 200  # Pay, with the code taken out by hand
    assert "now KSh 2,650. It was KSh 2,405" in notice_of(shopper.page)
    assert orders() == []
    assert shopper.post("/checkout", form | ANSWERS | {"code": "karibu 10"}).status_code == 303


def test_an_order_with_a_total_of_0_is_paid_without_a_request_to_chpter(shopper, orders, provider, ledger):
    shopper.add(SKU, 2)
    form = shown_form(shopper, area="pickup", code="ZAWADI", location="")
    assert form["shown_total"] == "0"
    assert pay_button(shopper.page) == "Place the order"
    reply = shopper.post("/checkout", form)

    [order] = orders()
    assert reply.headers["Location"] == f"/orders/{order.token}"
    assert (order.subtotal, order.discount, order.delivery_fee, order.total) == (4900, 4900, 0, 0)
    assert (order.payment, order.fulfilment, order.pickup) == ("paid", "unfulfilled", True)
    assert provider.requests == []
    assert ledger.stock(SKU) == (16, 0)
    assert "There is nothing to pay" in shopper.get(f"/orders/{order.token}").text
    assert ledger.uses("ZAWADI") == 1
    assert ledger.count(PaymentAttempt) == 0


@pytest.mark.parametrize(("price", "warned"), [(250_000, True), (2450, False)])
def test_a_total_above_the_mpesa_limit_is_reported_in_cart_checkout_and_order(shopper, ledger, price, warned):
    ledger.put(Variant, {"sku": SKU}, price=price)
    words = "takes at most KSh 250,000 in one payment"
    shopper.add(SKU, 2)

    pages = [shopper.get("/cart").text, shopper.get("/checkout").text, shopper.get(shopper.buy().order_path).text]
    assert [words in page for page in pages] == [warned] * 3
