"""The total on the Pay button is the total that is charged."""

import re

import pytest
from sqlalchemy import select

from shop.core.database import db
from shop.core.money import shillings
from shop.payments.models import PaymentAttempt
from shop.pricing.models import DiscountCode
from tests import both_databases
from tests.checkout.page_parser import notice_of, pay_button, shown_form
from tests.shopper import ANSWERS, SKU, hidden_fields


def test_the_pay_button_shows_the_exact_total_of_the_area_chosen_in_the_cart(shopper, provider):
    shopper.add()
    form = shown_form(shopper)

    assert pay_button(shopper.page) == "Pay KSh 2,650"
    assert form["shown_total"] == "2650"
    assert shopper.post("/checkout", form).status_code == 303
    assert provider.requests[-1].body["amount"]["total"] == "2650"


def test_without_an_area_the_button_shows_no_total_and_the_total_must_be_confirmed(shopper, count):
    shopper.add()
    form = shopper.fill_checkout()
    assert pay_button(shopper.page) == "Pay"

    reply = shopper.post("/checkout", form)
    assert reply.status_code == 200
    assert notice_of(shopper.page) == "The total is KSh 2,650 with delivery. If that is right, press Pay"
    assert pay_button(shopper.page) == "Pay KSh 2,650"
    assert count() == 0


@pytest.mark.parametrize(
    "shown", ["", "1", "2649", "26500", "999999999", "1e3", "２６５０", "2650.0", "-2650", "x" * 5000, None]
)
def test_a_total_that_was_not_shown_must_be_confirmed(shopper, count, provider, shown):
    shopper.add()
    form = shown_form(shopper, note="Ring twice") | {"shown_total": shown}
    reply = shopper.post("/checkout", {name: value for name, value in form.items() if value is not None})

    assert reply.status_code == 200
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


def test_without_the_comparison_a_total_that_was_not_shown_would_be_charged(shopper, provider, monkeypatch):
    monkeypatch.setattr("shop.checkout.problems.changes_since", lambda *_: [])
    shopper.add()

    assert shopper.post("/checkout", shown_form(shopper) | {"shown_total": "1"}).status_code == 303
    assert provider.requests[-1].body["amount"]["total"] == "2650"


def test_a_changed_area_changes_the_total_and_must_be_confirmed(shopper, count):
    shopper.add()
    form = shown_form(shopper) | {"area": shopper.area("mombasa")}

    assert shopper.post("/checkout", form).status_code == 200
    assert notice_of(shopper.page) == "The total is now KSh 2,900. It was KSh 2,650. If that is right, press Pay"
    assert count() == 0


def test_a_form_whose_total_was_updated_by_javascript_is_accepted(shopper, orders):
    shopper.add()
    form = shown_form(shopper) | {"area": shopper.area("mombasa"), "shown_total": "2900"}

    assert shopper.post("/checkout", form).status_code == 303
    assert orders()[0].total == 2900


def test_a_discount_code_is_applied_without_validating_the_form(shopper, count):
    shopper.add()
    form = (
        shown_form(shopper)
        | dict.fromkeys(ANSWERS, "")
        | {"full_name": "Half a f", "code": "karibu 10", "apply": "code"}
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


def test_removing_a_discount_code_restores_the_total(shopper):
    shopper.add()
    form = shown_form(shopper, code="KARIBU10")
    assert form["shown_total"] == "2405"

    assert shopper.post("/checkout", form | {"code": ""}).status_code == 200
    assert "now KSh 2,650. It was KSh 2,405" in notice_of(shopper.page)


@both_databases
def test_an_order_with_a_total_of_0_is_paid_without_a_request_to_chpter(shopper, orders, provider, stock, app):
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
    assert stock(SKU) == (16, 0)
    assert "There is nothing to pay" in shopper.get(f"/orders/{order.token}").text
    with app.app_context():
        assert db.session.scalar(select(DiscountCode.uses).where(DiscountCode.code == "ZAWADI")) == 1
        assert db.session.scalars(select(PaymentAttempt)).all() == []


def test_a_fixed_discount_never_reduces_the_delivery_fee(shopper, orders):
    shopper.add()
    shopper.post("/checkout", shown_form(shopper, code="ZAWADI"))

    [order] = orders()
    assert (order.subtotal, order.discount, order.total, order.payment) == (2450, 2450, 200, "awaiting")


def test_after_an_order_the_cart_is_empty_and_keeps_the_area(shopper):
    shopper.add()
    shopper.post("/checkout", shown_form(shopper, area="mombasa"))
    assert "Your cart is empty" in shopper.get("/cart").text

    shopper.add()
    shopper.get("/checkout")
    assert pay_button(shopper.page) == "Pay KSh 2,900"
