"""What moved between showing and paying: prices, stock, codes and areas."""

import pytest
from sqlalchemy import select

from shop.catalog.models import Variant
from shop.checkout import ordering, views
from shop.database import db
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import both_databases
from tests.checkout.reading import MUG, notice_of, shown_form, text_of
from tests.shopper import ANSWERS, SKU, hidden_fields


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
        "Speckled stoneware mug (Cream) is no longer sold. We took it out. The total is now KSh 2,650."
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
