"""Actions that cannot be undone ask for confirmation first, on a page that says what will happen."""

import pytest
from sqlalchemy import select

from shop.accounts.models import User
from shop.catalog.models import Category, Product
from shop.core.database import db
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import order_factory
from tests.admin.orders.test_bulk_actions import state_of
from tests.admin_client import create_staff
from tests.shopper import Shopper, hidden_fields


def send(owner, address: str, **fields):
    """Send a form without the confirmation that AdminClient.post adds."""
    form = {"csrf_token": hidden_fields(owner.get("/admin/account").text)["csrf_token"], **fields}
    return Shopper.post(owner, address, form)


def question(owner) -> str:
    """The headline of a confirmation page, which has one form with one button and a way back."""
    form = owner.page.find(".//form[@data-ask-first]")
    assert [button.get("name") for button in form.iter("button")] == ["sure"]
    assert form.find("./a").get("href").startswith("/admin/")
    return owner.page.findtext(".//h1")


@pytest.mark.parametrize(
    ("address", "name", "words"),
    [
        ("/admin/products/{}/archive", Product.name, "Archive {}?"),
        ("/admin/categories/{}/archive", Category.name, "Archive the category {}?"),
        ("/admin/delivery-areas/{}/off", DeliveryArea.name, "Switch {} off?"),
        ("/admin/discount-codes/{}/off", DiscountCode.code, "Switch code {} off?"),
        ("/admin/users/{}/remove", User.email, "Remove {}?"),
    ],
)
def test_archiving_switching_off_and_removing_ask_first(app, owner, address, name, words):
    create_staff(app)
    model = name.class_
    with app.app_context():
        there = Product.published if model is Product else model.active
        key, named = db.session.execute(select(model.id, name).where(there).order_by(model.id.desc())).first()

    send(owner, address.format(key))

    assert question(owner) == words.format(named)
    with app.app_context():
        assert db.session.scalar(select(there).where(model.id == key))


def test_a_bulk_action_asks_first_and_moves_only_the_orders_that_were_shown(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(payment="paid", fulfilment="packed") for _ in range(30)))
    reply = send(staff, "/admin/orders", act="sent", every="30", back="/admin/?tab=to-send")
    assert question(staff) == "Mark 30 orders as sent?"
    assert {state_of(app, number) for number in numbers} == {"packed"}
    form = staff.page.find(".//form[@data-ask-first]")
    shown = [field.get("value") for field in form.iter("input") if field.get("name") == "order"]
    (later,) = order_factory.keep(app, order_factory.order(payment="paid", fulfilment="packed"))

    staff.post("/admin/orders", {**hidden_fields(reply.text), "order": shown, "sure": "1"})

    assert sorted(shown) == sorted(numbers)
    assert {state_of(app, number) for number in numbers} == {"sent"}
    assert state_of(app, later) == "packed"
