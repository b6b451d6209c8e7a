"""The limits of an order are shown before they are reached."""

from flask import Flask
from sqlalchemy import select

from shop.cart.contents import MAX_LINES, MAX_QUANTITY
from shop.catalog.models import Variant
from shop.checkout.forms import CheckoutForm
from shop.core.database import db
from tests.shopper import Shopper


def test_the_maximum_quantity_is_shown_beside_the_field(shopper: Shopper):
    page = shopper.get("/products/kiondo-classic").text

    assert f"One order takes up to {MAX_QUANTITY} of it" in page
    assert f'min="1" max="{MAX_QUANTITY}"' in page


def test_the_maximum_number_of_lines_is_shown_when_the_cart_is_nearly_full(app: Flask, shopper: Shopper):
    words = f"One order takes {MAX_LINES} different things"
    with app.app_context():
        skus = db.session.scalars(select(Variant.sku).where(Variant.on_hand > 0).order_by(Variant.id)).all()
    for sku in skus[: MAX_LINES - 10]:
        shopper.browser.post("/cart/add", data={"sku": sku, "quantity": "1"})

    assert words not in shopper.get("/cart").text
    shopper.add(skus[MAX_LINES - 10])
    assert f"{words}. There are {MAX_LINES - 9} in your cart" in shopper.get("/cart").text


def test_the_checkout_shows_the_maximum_length_of_address_and_note(app: Flask, shopper: Shopper):
    shopper.add()
    page = shopper.get("/checkout").text
    with app.test_request_context():
        form = CheckoutForm()

        for question in (form.location, form.note):
            assert f"Up to {question.flags.maxlength} characters." in page
            assert f'maxlength="{question.flags.maxlength}"' in page
