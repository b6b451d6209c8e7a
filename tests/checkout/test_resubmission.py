"""The form of a placed order, sent again with corrections."""

from urllib.parse import urlsplit

from sqlalchemy import select

from shop.core.database import db
from shop.orders.models import OrderEvent, OrderSearchTerm
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.checkout.page_parser import shown_form
from tests.shopper import SKU


def attempts(app):
    with app.app_context():
        return db.session.scalars(select(PaymentAttempt.state).order_by(PaymentAttempt.id)).all()


@both_databases
def test_a_corrected_phone_number_opens_a_new_payment_page(app, shopper, orders, provider):
    shopper.add()
    form = shown_form(shopper, phone_number="0712 111 111", location="Wrong estate")
    first = shopper.post("/checkout", form).headers["Location"]

    right = form | {"phone_number": "0722 333 444", "location": "Right estate", "email": "right@example.com"}
    reply = shopper.post("/checkout", right)

    [order] = orders()
    assert (order.phone_number, order.location, order.email) == ("254722333444", "Right estate", "right@example.com")
    assert reply.headers["Location"] != first
    assert provider.requests[-1].body["customer_details"]["phone_number"] == "254722333444"
    assert attempts(app) == ["superseded", "open"]
    with app.app_context():
        said = db.session.scalars(select(OrderEvent.words).where(OrderEvent.for_buyer)).all()
        kept = db.session.scalars(select(OrderEvent.words).where(~OrderEvent.for_buyer)).all()
        found = db.session.scalars(select(OrderSearchTerm.word)).all()
    assert "You corrected: phone number, email address, address" in said
    assert "Corrected by the buyer: phone number. It was: 0712 111 111" in kept
    assert "Corrected by the buyer: address. It was: Wrong estate" in kept
    assert ("722333444" in found, "712111111" in found, "wrong" in found) == (True, False, False)


@both_databases
def test_a_corrected_address_keeps_the_open_payment_page(app, shopper, orders, provider):
    shopper.add()
    form = shown_form(shopper)
    first = shopper.post("/checkout", form).headers["Location"]

    assert shopper.post("/checkout", form | {"location": "Right estate"}).headers["Location"] == first
    assert orders()[0].location == "Right estate"
    assert attempts(app) == ["open"]


def test_an_invalid_correction_changes_nothing_and_is_reported(shopper, orders):
    shopper.add()
    form = shown_form(shopper)
    shopper.post("/checkout", form)
    reply = shopper.post("/checkout", form | {"phone_number": "0203456789"})

    assert urlsplit(reply.headers["Location"]).path == f"/orders/{orders()[0].token}"
    assert "Its details were not changed: Phone number is a landline" in shopper.get(reply.headers["Location"]).text
    assert orders()[0].phone_number == "254712345678"


def test_a_correction_cannot_change_goods_or_delivery_area(shopper, orders, count):
    shopper.add()
    form = shown_form(shopper)
    shopper.post("/checkout", form)
    for changed in ({"area": shopper.area("mombasa")}, {"code": "KARIBU10"}):
        reply = shopper.post("/checkout", form | changed | {"location": "Elsewhere"})

        assert "This order is placed as you see it." in shopper.get(reply.headers["Location"]).text
    assert (count(), orders()[0].area_name, orders()[0].location) == (1, "Nairobi CBD", "Near the stage, blue gate")


def test_a_paid_order_cannot_be_corrected(shopper, orders):
    bought = shopper.buy(SKU)
    form = shown_form_of(shopper, orders)
    bought.post_callback(bought.callback())

    shopper.post("/checkout", form | {"location": "Elsewhere"})

    assert orders()[0].location == "Near the stage, blue gate"


def shown_form_of(shopper, orders):
    """A checkout form that has the key of the last order."""
    from shop.checkout.forms import _key_signer

    shopper.add()
    form = shown_form(shopper)
    with shopper.app.app_context():
        return form | {"checkout_key": _key_signer().sign(orders()[-1].checkout_key).decode()}
