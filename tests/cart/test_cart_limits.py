"""Every limit of an order is said before it is met, with the number that the check uses."""

from flask import Flask
from sqlalchemy import select

from shop.cart.contents import MAX_LINES, MAX_QUANTITY
from shop.catalog.models import Variant
from shop.checkout.forms import CheckoutForm
from shop.core.database import db
from tests.shopper import Shopper


def test_the_most_of_one_thing_is_said_beside_its_quantity(shopper: Shopper):
    page = shopper.get("/products/kiondo-classic").text

    assert f"One order takes up to {MAX_QUANTITY} of it" in page
    assert f'min="1" max="{MAX_QUANTITY}"' in page


def test_the_most_different_things_are_said_when_a_cart_comes_near(app: Flask, shopper: Shopper):
    words = f"One order takes {MAX_LINES} different things"
    with app.app_context():
        skus = db.session.scalars(select(Variant.sku).where(Variant.on_hand > 0).order_by(Variant.id)).all()
    for sku in skus[: MAX_LINES - 10]:
        shopper.browser.post("/cart/add", data={"sku": sku, "quantity": "1"})

    assert words not in shopper.get("/cart").text
    shopper.add(skus[MAX_LINES - 10])
    assert f"{words}. There are {MAX_LINES - 9} in your cart" in shopper.get("/cart").text


def test_the_checkout_says_how_long_an_address_and_a_note_may_be(app: Flask, shopper: Shopper):
    shopper.add()
    page = shopper.get("/checkout").text
    with app.test_request_context():
        form = CheckoutForm()

        for question in (form.location, form.note):
            assert f"Up to {question.flags.maxlength} characters." in page
            assert f'maxlength="{question.flags.maxlength}"' in page
