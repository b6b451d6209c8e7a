""" "Tell me when it is back": who waits for a sold-out variant, who is told, and when the contact is deleted."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from shop.catalog.back_in_stock import KEPT_FOR, delete_old_requests
from shop.catalog.models import BackInStockRequest, Variant
from shop.catalog.stock import change_stock
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.back_in_stock import delete_old_emails, email_waiting_buyers
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.orders.expiry import expire_orders
from shop.orders.models import Order
from tests import both_databases
from tests.at_once import at_once
from tests.product_factory import problems
from tests.shopper import SKU, hidden_fields

KIONDO, FORM = "/products/kiondo-classic", "/products/kiondo-classic/back-in-stock"
EMAIL, PHONE = "akinyi@example.com", "0722 333 444"


@pytest.fixture
def sold_out(app):
    """The kiondo with terracotta bands is sold out."""
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku == SKU).values(on_hand=0, held=0)))


def ask(shopper, contact, sku=SKU):
    return shopper.post(FORM, {"sku": sku, "contact": contact})


def requests(app):
    with app.app_context():
        return set(db.session.scalars(select(BackInStockRequest.contact)))


def mails(app):
    with app.app_context():
        kind = OutboxEmail.kind == "back_in_stock"
        return [(one.recipient, one.subject, one.body) for one in db.session.scalars(select(OutboxEmail).where(kind))]


def sweep(app):
    with app.app_context():
        return email_waiting_buyers()


def restock(app, pieces=3):
    with app.app_context():
        write(lambda: change_stock(SKU, pieces, "Received"))


@both_databases
def test_a_contact_is_stored_once_for_each_variant_and_the_answer_is_always_the_same(app, shopper, sold_out):
    typed = (EMAIL, EMAIL.upper(), PHONE, "+254722333444", EMAIL)
    replies = [*at_once([lambda: ask(shopper, EMAIL)] * 2), *(ask(shopper, contact) for contact in typed)]

    assert {(reply.status_code, reply.location) for reply in replies} == {(303, f"{KIONDO}?noted=1#back-in-stock")}
    assert requests(app) == {EMAIL, "254722333444"}
    assert "Thank you. We tell you once" in shopper.get(replies[0].location).text


def test_one_mailbox_waits_once_and_a_variant_has_only_so_many_requests(app, shopper, sold_out, monkeypatch):
    for contact in ("akinyi+a@example.com", EMAIL, "akinyi+b@example.com"):
        ask(shopper, contact)
    assert requests(app) == {"akinyi+a@example.com"}

    monkeypatch.setattr("shop.catalog.back_in_stock.MAX_WAITING", 2)
    for contact in ("akinyi@example.org", "akinyi2@example.com"):
        assert ask(shopper, contact).status_code == 303
    assert requests(app) == {"akinyi+a@example.com", "akinyi@example.org"}


def test_a_product_page_offers_it_only_while_a_variant_is_sold_out(shopper, sold_out):
    assert "We tell you when it is back" in shopper.get(KIONDO).text
    assert "Set-Cookie" not in ask(shopper, EMAIL).headers

    bowl = "/products/soapstone-bowl"
    assert "back-in-stock" not in shopper.get(bowl).text
    assert shopper.get(f"{bowl}/back-in-stock").location == bowl


def test_a_wrong_contact_is_shown_again_with_the_cure(app, shopper, sold_out):
    for contact in ("", "0722", "x@", "020 123 4567", "nobody", "x" * 300, "\0"):
        reply = ask(shopper, contact)
        assert reply.status_code == 422
        assert problems(reply) == [
            "Enter an email address like name@example.com, or a Kenyan mobile number like 0712 345 678"
        ]
    assert 'value="nobody"' in ask(shopper, "nobody").text
    assert problems(ask(shopper, EMAIL, "KIO-CLA-IND")) == ["Choose which one you wait for"]  # in stock
    assert requests(app) == set()


@both_databases
def test_whoever_gave_an_email_address_is_told_once_when_stock_comes_back_and_is_then_forgotten(app, shopper, sold_out):
    ask(shopper, EMAIL)
    ask(shopper, PHONE)
    assert sweep(app) == 0

    restock(app)
    assert [sweep(app), sweep(app)] == [1, 0]

    [(recipient, subject, body)] = mails(app)
    assert (recipient, subject) == (EMAIL, "Classic sisal kiondo (Terracotta bands) is back")
    assert f"http://localhost{KIONDO}" in body
    assert "the only email about it" in body
    assert requests(app) == {"254722333444"}

    with app.app_context():
        write(lambda: db.session.execute(update(Variant).values(on_hand=Variant.held)))
    ask(shopper, EMAIL)  # again, for the next time
    restock(app)
    assert sweep(app) == 1
    assert len(mails(app)) == 2


def test_stock_that_an_unpaid_order_released_counts_as_back(app, shopper):
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku == SKU).values(on_hand=1, held=0)))
    shopper.buy()
    ask(shopper, EMAIL)
    assert sweep(app) == 0

    with app.app_context():
        expire_orders(db.session.scalar(select(func.max(Order.expires_at))) + timedelta(seconds=1))
    assert sweep(app) == 1


def test_a_user_writes_to_phones_on_whatsapp_and_presses_told(app, owner, sold_out):
    ask(owner, PHONE)
    ask(owner, EMAIL)
    page = owner.get(f"/admin/stock/{SKU}").text
    assert "2 buyers wait for it" in page
    assert 'href="https://wa.me/254722333444?text=Hello%2C%20Classic%20sisal%20kiondo' in page
    assert EMAIL not in page
    with app.app_context():
        product_id = db.session.scalar(select(Variant.product_id).where(Variant.sku == SKU))
    assert "2 wait</a>" in owner.get(f"/admin/products/{product_id}").text

    form = hidden_fields(page, f"/admin/stock/{SKU}/told")
    replies = [owner.post(f"/admin/stock/{SKU}/told", form) for _ in range(2)]

    assert [reply.status_code for reply in replies] == [303, 303]
    assert "This number was deleted already" in owner.get(f"/admin/stock/{SKU}").text
    assert requests(app) == {EMAIL}


def test_requests_are_deleted_after_six_months_and_their_emails_after_a_week(app, shopper, sold_out):
    ask(shopper, EMAIL)
    ask(shopper, PHONE)
    restock(app)
    sweep(app)
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
        now = utcnow()
        assert write(lambda: delete_old_requests(now)) == write(lambda: delete_old_emails(now)) == 0
        assert write(lambda: delete_old_emails(now + timedelta(days=8))) == 1
        assert write(lambda: delete_old_requests(now + KEPT_FOR)) == 1
    assert (mails(app), requests(app)) == ([], set())


def test_a_contact_without_an_order_is_shown_exported_and_deleted_for_its_owner(app, owner, sold_out):
    ask(owner, EMAIL)
    restock(app)
    sweep(app)
    ask(owner, PHONE)
    with app.app_context():
        write(lambda: db.session.execute(update(Variant).where(Variant.sku == SKU).values(on_hand=0)))
    ask(owner, EMAIL)
    ask(owner, PHONE)
    form = hidden_fields(owner.get("/admin/").text)

    assert "1 back-in-stock request" in owner.get(f"/admin/privacy?who={EMAIL}").text
    assert SKU in owner.post("/admin/privacy/export", {**form, "who": PHONE}).text
    for who in (EMAIL, PHONE):
        assert owner.post("/admin/privacy/anonymise", {**form, "who": who, "typed": who}).status_code == 303

    assert (requests(app), mails(app)) == (set(), [])
