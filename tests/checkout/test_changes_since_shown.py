"""Changes between showing the checkout and pressing Pay: prices, stock, discount codes and areas."""

import pytest
from sqlalchemy import select

from shop.catalog.models import Variant
from shop.checkout import submission, views
from shop.core.database import db
from shop.orders.models import OrderLine
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import both_databases
from tests.checkout.page_parser import MUG, notice_of, shown_form, text_of
from tests.shopper import ANSWERS, SKU, hidden_fields


@both_databases
def test_a_price_change_at_the_checkout_is_shown_and_must_be_accepted(shopper, change, count, orders):
    shopper.add()
    form = shown_form(shopper)
    change(Variant, Variant.sku == SKU, price=2600)
    reply = shopper.post("/checkout", form)

    assert reply.status_code == 200
    assert notice_of(shopper.page) == (
        "The price of Classic sisal kiondo (Terracotta bands) is now KSh 2,600. It was KSh 2,450. "
        "The total is now KSh 2,800. It was KSh 2,650. If that is right, press Pay"
    )
    assert count() == 0

    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303
    assert orders()[0].total == 2800


def test_price_changes_with_the_same_total_are_shown_too(shopper, change, count):
    shopper.add()
    shopper.add(MUG)
    form = shown_form(shopper)
    change(Variant, Variant.sku == SKU, price=2400)
    change(Variant, Variant.sku == MUG, price=1250)

    assert shopper.post("/checkout", form).status_code == 200
    assert "is now KSh 2,400" in notice_of(shopper.page)
    assert "is now KSh 1,250" in notice_of(shopper.page)
    assert count() == 0


def test_a_new_total_is_shown_together_with_form_errors(shopper, change):
    shopper.add()
    form = shown_form(shopper) | {"email": "x"}
    change(Variant, Variant.sku == SKU, price=2600)

    assert shopper.post("/checkout", form).status_code == 200
    assert "The total is now KSh 2,800. It was KSh 2,650" in notice_of(shopper.page)


def test_a_withdrawn_line_is_reported_before_the_rest_is_ordered(shopper, change, count):
    shopper.add()
    shopper.add(MUG)
    form = shown_form(shopper)
    change(Variant, Variant.sku == MUG, active=False)

    assert shopper.post("/checkout", form).status_code == 200
    assert notice_of(shopper.page).startswith(
        "Speckled stoneware mug (Cream) is no longer sold. We took it out. The total is now KSh 2,650."
    )
    assert count() == 0


@both_databases
def test_a_line_that_sold_out_is_reported_and_the_rest_stays(shopper, change, count, stock):
    shopper.add(SKU, 3)
    form = shown_form(shopper)
    change(Variant, Variant.sku == SKU, on_hand=2)
    shopper.post("/checkout", form)

    assert "Only 2 Classic sisal kiondo (Terracotta bands) are left. Change the quantity" in text_of(shopper.page)
    assert (count(), stock(SKU)) == (0, (2, 0))
    shopper.post("/cart/update", {f"quantity-{SKU}": "2"})
    assert ANSWERS["location"] in shopper.get("/checkout").text


@both_databases
@pytest.mark.parametrize("gone", ["stock", "code"])
def test_a_change_in_the_last_moment_leaves_no_order_and_no_stock_held(
    shopper, change, count, stock, monkeypatch, app, gone
):
    """The change happens between the page's own check and the transaction."""
    change(DiscountCode, DiscountCode.code == "KARIBU10", max_uses=1)
    shopper.add(SKU, 2)
    shopper.add(MUG)
    form = shown_form(shopper, code="KARIBU10", note="Ring twice")

    def place_too_late(*arguments):
        if gone == "stock":
            change(Variant, Variant.sku == MUG, on_hand=0)
        else:
            change(DiscountCode, DiscountCode.code == "KARIBU10", uses=1)
        return submission.place_order(*arguments)

    monkeypatch.setattr(views, "place_order", place_too_late)
    reply = shopper.post("/checkout", form)

    assert "Another buyer was quicker. Your order has not been placed" in reply.text
    said = {"stock": "Speckled stoneware mug (Cream) is sold out", "code": "Discount code KARIBU10 has been used up"}
    assert said[gone] in text_of(shopper.page)
    assert (count(), stock(SKU)) == (0, (18, 0))
    shopper.post("/cart/update", {"remove": MUG})
    assert "Ring twice" in shopper.get("/checkout").text
    with app.app_context():
        used = db.session.scalar(select(DiscountCode.uses).where(DiscountCode.code == "KARIBU10"))
        assert used == (1 if gone == "code" else 0)


def test_a_discount_code_that_was_used_up_is_reported_beside_its_field(shopper, change, count):
    shopper.add()
    form = shown_form(shopper, code="KARIBU10")
    change(DiscountCode, DiscountCode.code == "KARIBU10", max_uses=5, uses=5)

    assert shopper.post("/checkout", form).status_code == 200
    assert "Discount code KARIBU10 has been used up" in text_of(shopper.page)
    assert "The total is now KSh 2,650. It was KSh 2,405" in notice_of(shopper.page)
    assert count() == 0


def test_a_withdrawn_delivery_area_must_be_chosen_again(shopper, change, count):
    shopper.add()
    form = shown_form(shopper)
    change(DeliveryArea, DeliveryArea.code == "nairobi-cbd", active=False)

    assert shopper.post("/checkout", form).status_code == 200
    assert "We no longer deliver to Nairobi CBD. Choose where it should go" in text_of(shopper.page)
    assert count() == 0


def moved(shopper, form):
    """Press Pay on an old page; returns the changes that the next page reports."""
    reply = shopper.post("/checkout", form)
    said = notice_of(shopper.page).removesuffix(". If that is right, press Pay")
    return said, {**form, **hidden_fields(reply.text)}


@both_databases
def test_a_changed_cart_with_the_same_total_must_be_confirmed(shopper, count, orders):
    shopper.add()
    form = shown_form(shopper, note="Ring twice")
    shopper.post("/cart/update", {"remove": SKU})
    shopper.add("KIO-CLA-IND")

    said, again = moved(shopper, form)

    assert said == (
        "Your cart now holds Classic sisal kiondo (Indigo diamonds) instead of Classic sisal kiondo (Terracotta bands)"
    )
    assert count() == 0
    assert shopper.post("/checkout", again).status_code == 303
    assert ([line.sku for line in orders_lines(shopper)], orders()[0].note) == (["KIO-CLA-IND"], "Ring twice")


def orders_lines(shopper):
    with shopper.app.app_context():
        return list(db.session.scalars(select(OrderLine)))


@pytest.mark.parametrize(
    ("model", "which", "values", "said"),
    [
        (
            DeliveryArea,
            DeliveryArea.code == "nairobi-cbd",
            {"name": "Mombasa Island"},
            "The delivery area Nairobi CBD is now Mombasa Island",
        ),
        (
            DeliveryArea,
            DeliveryArea.code == "nairobi-cbd",
            {"delivery_time": "5 days"},
            "Nairobi CBD is now: 5 days. It was: 1 day",
        ),
        (
            Variant,
            Variant.sku == SKU,
            {"label": "Small, 10 cm"},
            "Classic sisal kiondo (Terracotta bands) is now Classic sisal kiondo (Small, 10 cm)",
        ),
    ],
    ids=["area's name", "area's days", "variant's name"],
)
def test_every_change_since_the_page_was_shown_must_be_confirmed(shopper, change, count, model, which, values, said):
    shopper.add()
    form = shown_form(shopper)
    change(model, which, **values)

    words, again = moved(shopper, form)

    assert words == said
    assert count() == 0
    assert shopper.post("/checkout", again).status_code == 303


def test_a_changed_quantity_and_an_added_line_are_each_reported(shopper, count):
    shopper.add()
    form = shown_form(shopper)
    shopper.add(SKU)
    shopper.add(MUG, 2)

    said, _ = moved(shopper, form)

    assert said == (
        "Your cart now also holds 2 × Speckled stoneware mug (Cream). Your cart now holds 2 of Classic sisal kiondo "
        "(Terracotta bands), not 1. The total is now KSh 7,500. It was KSh 2,650"
    )
    assert count() == 0


def test_a_form_without_a_page_snapshot_must_be_confirmed(shopper, count):
    shopper.add()
    for shown in ("", "{}", "[]", "x", '{"lines":[[1,2]],"areas":{},"code":""}', "[" * 5000, "9" * 50_000):
        reply = shopper.post("/checkout", shown_form(shopper) | {"shown": shown})
        assert notice_of(shopper.page).startswith("Check your order once more"), shown[:20]

    assert count() == 0
    assert reply.status_code == 200


def test_a_discount_code_that_was_switched_off_has_ended(shopper, change, count):
    shopper.add()
    form = shown_form(shopper, code="KARIBU10")
    change(DiscountCode, DiscountCode.code == "KARIBU10", active=False)

    html = shopper.post("/checkout", form).text

    assert "Discount code KARIBU10 has ended. Remove it to go on" in html
    assert "Check the spelling" not in html
    assert count() == 0
