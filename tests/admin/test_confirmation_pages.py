"""Actions that cannot be undone ask for confirmation first, on a page that says what will happen."""

import pytest
from sqlalchemy import select

from shop.catalog.models import Category, Product
from shop.core.database import db
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import order_factory
from tests.admin.orders.test_bulk_actions import state_of
from tests.admin_client import STAFF, create_staff
from tests.shopper import Shopper, hidden_fields


def sent(owner, address: str, **fields):
    """A form as it is sent, without the yes that AdminClient.post adds."""
    form = {"csrf_token": hidden_fields(owner.get("/admin/me").text)["csrf_token"], **fields}
    return Shopper.post(owner, address, form)


def asks(owner, reply) -> str:
    """The question's headline; its page holds one form with one button and a way out."""
    assert reply.status_code == 200
    form = owner.page.find(".//form[@data-ask-first]")
    assert [button.get("name") for button in form.iter("button")] == ["sure"]
    assert form.find("./a").get("href").startswith("/admin/")
    return owner.page.findtext(".//h1")


@pytest.mark.parametrize(
    ("address", "model", "question"),
    [
        ("/admin/products/{}/archive", Product, "Archive {}?"),
        ("/admin/categories/{}/archive", Category, "Archive the category {}?"),
        ("/admin/selling/areas/{}/off", DeliveryArea, "Switch {} off?"),
        ("/admin/selling/codes/{}/off", DiscountCode, "Switch code {} off?"),
    ],
)
def test_archive_and_switch_off_ask_first(app, owner, address, model, question):
    with app.app_context():
        one = db.session.scalars(select(model).where(model.active).order_by(model.id)).first()
        key, name = one.id, getattr(one, "name", None) or one.code

    assert asks(owner, sent(owner, address.format(key))) == question.format(name)
    with app.app_context():
        assert db.session.get(model, key).active


def test_removing_a_person_asks_by_name_and_says_what_happens(app, owner):
    create_staff(app)
    from shop.accounts.models import User

    with app.app_context():
        key = db.session.scalar(select(User.id).where(User.email == STAFF))
    reply = sent(owner, f"/admin/people/{key}/remove")

    assert asks(owner, reply) == f"Remove {STAFF}?"
    assert "signed out everywhere at once" in reply.text
    assert owner.post(f"/admin/people/{key}/remove", hidden_fields(reply.text)).status_code == 303
    with app.app_context():
        assert not db.session.get(User, key).active


def test_sending_together_asks_first_and_sends_the_orders_that_were_shown_and_no_other(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(payment="paid", fulfilment="packed") for _ in range(30)))
    reply = sent(staff, "/admin/orders", act="sent", every="30", back="/admin/?tab=to-send")
    assert asks(staff, reply) == "Mark 30 orders as sent?"
    assert {state_of(app, number) for number in numbers} == {"packed"}
    form = staff.page.find(".//form[@data-ask-first]")
    shown = [field.get("value") for field in form.iter("input") if field.get("name") == "order"]
    (later,) = order_factory.keep(app, order_factory.order(payment="paid", fulfilment="packed"))

    staff.post("/admin/orders", {**hidden_fields(reply.text), "order": shown, "sure": "1"})

    assert sorted(shown) == sorted(numbers)
    assert {state_of(app, number) for number in numbers} == {"sent"}
    assert state_of(app, later) == "packed"
