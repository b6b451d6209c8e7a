"""Changes between showing the checkout and pressing Pay: prices, stock, discount codes and areas."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from shop.catalog.models import Variant
from shop.checkout import submission, views
from shop.checkout.page_snapshot import PageSnapshot, read_snapshot
from shop.core.clock import NAIROBI, utcnow
from shop.core.database import db
from shop.orders.models import OrderLine
from shop.pricing.delivery_dates import DeliveryCalendar, DeliveryDates
from shop.pricing.models import DeliveryArea, DiscountCode
from tests.checkout.page_parser import notice_of, shown_form, text_of
from tests.shopper import ANSWERS, MUG, SKU, hidden_fields

IN_NINE_DAYS = DeliveryDates(*[utcnow().astimezone(NAIROBI).date() + timedelta(days=9)] * 2).words()
CHANGES = {
    "price": (
        (Variant, {"sku": SKU}, {"price": 2600}),
        "The price of Classic sisal kiondo (Terracotta bands) is now KSh 2,600. It was KSh 2,450. "
        "The total is now KSh 2,800. It was KSh 2,650",
    ),
    "variant's name": (
        (Variant, {"sku": SKU}, {"label": "Small, 10 cm"}),
        "Classic sisal kiondo (Terracotta bands) is now Classic sisal kiondo (Small, 10 cm)",
    ),
    "area's name": (
        (DeliveryArea, {"code": "nairobi-cbd"}, {"name": "Mombasa Island"}),
        "The delivery area Nairobi CBD is now Mombasa Island",
    ),
    "area's days": (
        (DeliveryArea, {"code": "nairobi-cbd"}, {"calendar": DeliveryCalendar("1234567", 24, 9, 9)}),
        f"Nairobi CBD is now: {IN_NINE_DAYS}. It was: 1 day",
    ),
}


def press_pay(shopper, form):
    """Press Pay on an old page; returns the changes that the next page reports, and its form."""
    reply = shopper.post("/checkout", form)
    assert reply.status_code == 200
    return notice_of(shopper.page).removesuffix(". If that is right, press Pay"), {**form, **hidden_fields(reply.text)}


@pytest.mark.parametrize(("change", "words"), CHANGES.values(), ids=CHANGES)
def test_a_change_since_the_page_was_shown_must_be_confirmed(shopper, ledger, orders, change, words):
    shopper.add()
    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, calendar=None)
    form = shown_form(shopper)
    model, row, values = change
    ledger.put(model, row, **values)

    said, again = press_pay(shopper, form)

    assert said == words
    assert orders() == []
    assert shopper.post("/checkout", again).status_code == 303
    assert orders()[0].total == (2800 if "price" in values else 2650)


def test_free_delivery_that_began_or_ended_since_is_told(shopper, ledger, orders):
    shopper.add()
    form = shown_form(shopper)
    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, free_from=2450)
    said, form = press_pay(shopper, form)
    assert said == "Delivery to Nairobi CBD is now free. It was KSh 200. The total is now KSh 2,450. It was KSh 2,650"

    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, free_from=2451)
    said, form = press_pay(shopper, form)
    assert said == "Delivery to Nairobi CBD is now KSh 200. It was free. The total is now KSh 2,650. It was KSh 2,450"

    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, free_from=2450)
    _, form = press_pay(shopper, form)
    assert shopper.post("/checkout", form).status_code == 303
    assert (orders()[0].delivery_fee, orders()[0].total) == (0, 2450)


def test_price_changes_with_the_same_total_are_shown_too(shopper, ledger, orders):
    shopper.add()
    shopper.add(MUG)
    form = shown_form(shopper)
    ledger.put(Variant, {"sku": SKU}, price=2400)
    ledger.put(Variant, {"sku": MUG}, price=1250)
    assert "is now KSh 2,400. It was KSh 2,450" in shopper.get("/checkout").text

    said, _ = press_pay(shopper, form)

    assert "is now KSh 2,400" in said
    assert "is now KSh 1,250" in said
    assert orders() == []


def test_a_new_total_is_shown_together_with_form_errors(shopper, ledger):
    shopper.add()
    form = shown_form(shopper) | {"email": "x"}
    ledger.put(Variant, {"sku": SKU}, price=2600)

    assert "The total is now KSh 2,800. It was KSh 2,650" in press_pay(shopper, form)[0]


def test_a_withdrawn_line_is_reported_before_the_rest_is_ordered(shopper, ledger, orders):
    shopper.add()
    shopper.add(MUG)
    form = shown_form(shopper)
    ledger.put(Variant, {"sku": MUG}, active=False)

    assert press_pay(shopper, form)[0].startswith(
        "Speckled stoneware mug (Cream) is no longer sold. We took it out. The total is now KSh 2,650."
    )
    assert orders() == []


def test_a_line_that_sold_out_is_reported_and_the_rest_stays(shopper, ledger, orders):
    shopper.add(SKU, 3)
    form = shown_form(shopper)
    ledger.put(Variant, {"sku": SKU}, on_hand=2)
    shopper.post("/checkout", form)

    assert "Only 2 Classic sisal kiondo (Terracotta bands) are left. Change the quantity" in text_of(shopper.page)
    assert (orders(), ledger.stock(SKU)) == ([], (2, 0))
    shopper.post("/cart/update", {f"quantity-{SKU}": "2"})
    assert ANSWERS["location"] in shopper.get("/checkout").text


@pytest.mark.parametrize("gone", ["stock", "code"])
def test_a_change_in_the_last_moment_leaves_no_order_and_no_stock_held(shopper, ledger, orders, monkeypatch, gone):
    """The change happens between the page's own check and the transaction."""
    ledger.put(DiscountCode, {"code": "KARIBU10"}, max_uses=1)
    shopper.add(SKU, 2)
    shopper.add(MUG)
    form = shown_form(shopper, code="KARIBU10", note="Ring twice")

    def place_too_late(*arguments):
        if gone == "stock":
            ledger.put(Variant, {"sku": MUG}, on_hand=0)
        else:
            ledger.put(DiscountCode, {"code": "KARIBU10"}, uses=1)
        return submission.place_order(*arguments)

    monkeypatch.setattr(views, "place_order", place_too_late)
    reply = shopper.post("/checkout", form)

    assert "Another buyer was quicker. Your order has not been placed" in reply.text
    said = {"stock": "Speckled stoneware mug (Cream) is sold out", "code": "Discount code KARIBU10 has been used up"}
    assert said[gone] in text_of(shopper.page)
    assert (orders(), ledger.stock(SKU)) == ([], (18, 0))
    shopper.post("/cart/update", {"remove": MUG})
    assert "Ring twice" in shopper.get("/checkout").text
    assert ledger.uses("KARIBU10") == (1 if gone == "code" else 0)


@pytest.mark.parametrize(
    ("values", "words"),
    [({"max_uses": 5, "uses": 5}, "has been used up"), ({"active": False}, "has ended. Remove it to go on")],
)
def test_a_discount_code_that_cannot_be_used_any_more_is_reported_beside_its_field(
    shopper, ledger, orders, values, words
):
    shopper.add()
    form = shown_form(shopper, code="KARIBU10")
    ledger.put(DiscountCode, {"code": "KARIBU10"}, **values)

    assert "The total is now KSh 2,650. It was KSh 2,405" in press_pay(shopper, form)[0]
    assert f"Discount code KARIBU10 {words}" in text_of(shopper.page)
    assert "Check the spelling" not in text_of(shopper.page)
    assert orders() == []


def test_a_withdrawn_delivery_area_must_be_chosen_again(shopper, ledger, orders):
    shopper.add()
    form = shown_form(shopper)
    ledger.put(DeliveryArea, {"code": "nairobi-cbd"}, active=False)

    assert shopper.post("/checkout", form).status_code == 200
    assert "We no longer deliver to Nairobi CBD. Choose where it should go" in text_of(shopper.page)
    assert orders() == []


def test_a_changed_cart_with_the_same_total_must_be_confirmed(shopper, orders):
    shopper.add()
    form = shown_form(shopper, note="Ring twice")
    shopper.post("/cart/update", {"remove": SKU})
    shopper.add("KIO-CLA-IND")

    said, again = press_pay(shopper, form)

    assert said == (
        "Your cart now holds Classic sisal kiondo (Indigo diamonds) instead of Classic sisal kiondo (Terracotta bands)"
    )
    assert orders() == []
    assert shopper.post("/checkout", again).status_code == 303
    assert orders()[0].note == "Ring twice"
    with shopper.app.app_context():
        assert db.session.scalars(select(OrderLine.sku)).all() == ["KIO-CLA-IND"]


def test_a_changed_quantity_and_an_added_line_are_each_reported(shopper, orders):
    shopper.add()
    form = shown_form(shopper)
    shopper.add(SKU)
    shopper.add(MUG, 2)

    assert press_pay(shopper, form)[0] == (
        "Your cart now also holds 2 × Speckled stoneware mug (Cream). Your cart now holds 2 of Classic sisal kiondo "
        "(Terracotta bands), not 1. The total is now KSh 7,500. It was KSh 2,650"
    )
    assert orders() == []


def test_a_form_without_a_page_snapshot_must_be_confirmed(shopper, orders):
    for shown in ("", "{}", "[]", "x", '{"lines":[[1,2]],"areas":{},"code":""}', "[" * 5000, "9" * 50_000):
        assert read_snapshot(shown) == PageSnapshot(), shown[:20]

    shopper.add()
    assert press_pay(shopper, shown_form(shopper) | {"shown": "x"})[0].startswith("Check your order once more")
    assert orders() == []
