"""The form of a placed order, sent again with corrections."""

from urllib.parse import urlsplit

from sqlalchemy import select

from shop.core.database import db
from shop.orders.models import OrderEvent, OrderSearchTerm
from shop.payments.models import PaymentAttempt
from tests.checkout.page_parser import shown_form


def all_of(app, column, *where):
    with app.app_context():
        return db.session.scalars(select(column).where(*where)).all()


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
    assert sorted(all_of(app, PaymentAttempt.state)) == ["open", "superseded"]
    assert "You corrected: phone number, email address, address" in all_of(app, OrderEvent.words, OrderEvent.for_buyer)
    kept = all_of(app, OrderEvent.words, ~OrderEvent.for_buyer)
    assert "Corrected by the buyer: phone number. It was: 0712 111 111" in kept
    assert "Corrected by the buyer: address. It was: Wrong estate" in kept
    found = all_of(app, OrderSearchTerm.word)
    assert ("722333444" in found, "712111111" in found, "wrong" in found) == (True, False, False)


def test_a_corrected_address_keeps_the_open_payment_page(app, shopper, orders):
    shopper.add()
    form = shown_form(shopper)
    first = shopper.post("/checkout", form).headers["Location"]

    assert shopper.post("/checkout", form | {"location": "Right estate"}).headers["Location"] == first
    assert orders()[0].location == "Right estate"
    assert all_of(app, PaymentAttempt.state) == ["open"]


def test_an_invalid_correction_or_one_of_goods_or_area_changes_nothing_and_is_reported(shopper, orders):
    shopper.add()
    form = shown_form(shopper)
    shopper.post("/checkout", form)
    for changed, words in (
        ({"phone_number": "0203456789"}, "Its details were not changed: Phone number is a landline"),
        ({"area": shopper.area("mombasa")}, "This order is placed as you see it."),
        ({"code": "KARIBU10"}, "This order is placed as you see it."),
    ):
        order_page = shopper.post("/checkout", form | {"location": "Elsewhere"} | changed).headers["Location"]

        [order] = orders()
        assert urlsplit(order_page).path == f"/orders/{order.token}"
        assert words in shopper.get(order_page).text
        assert (order.phone_number, order.area_name) == ("254712345678", "Nairobi CBD")
        assert order.location == "Near the stage, blue gate"
