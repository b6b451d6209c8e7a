"""One form makes one order and one request to Chpter."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from shop import create_app
from shop.catalog.models import Variant
from shop.core.clock import utcnow
from shop.core.database import db
from shop.orders.models import Order
from shop.payments.callback_intake import hash_of, secret_of_token
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.checkout.page_parser import notice_of, shown_form
from tests.conftest import SECRET
from tests.shopper import ANSWERS, MUG, SKU, Shopper, hidden_fields


def test_the_request_to_chpter_matches_its_documentation(shopper, provider, app, ledger):
    shopper.add(SKU, 2)
    shopper.add(MUG)
    form = shown_form(shopper, area="mombasa", code="ASANTE500", phone_number="+254 110 345 678")
    assert shopper.post("/checkout", form).status_code == 303
    ledger.put(Variant, {"sku": SKU}, price=9999, label="Renamed")  # the order keeps what was bought

    with app.app_context():
        order = db.session.scalar(select(Order))
        attempt = db.session.scalar(select(PaymentAttempt))
        lines = [(line.sku, line.name, line.label, line.unit_price, line.quantity) for line in order.lines]
    assert lines == [
        (SKU, "Classic sisal kiondo", "Terracotta bands", 2450, 2),
        (MUG, "Speckled stoneware mug", "Cream", 1200, 1),
    ]
    assert (order.subtotal, order.discount, order.delivery_fee, order.total) == (6100, 500, 450, 6050)
    html = shopper.get(f"/orders/{order.token}").text
    assert ("KSh 6,050" in html, "Renamed" in html) == (True, False)
    [asked] = provider.requests
    callback = asked.body["redirect_urls"].pop("callback_url")
    back = f"http://localhost/orders/{order.token}?from=payment"
    assert asked.path == "/checkout.sessions/hosted/redirect/session"
    assert asked.body == {
        "customer_details": {
            "full_name": ANSWERS["full_name"],
            "location": ANSWERS["location"],
            "phone_number": "254110345678",
            "email": ANSWERS["email"],
        },
        "amount": {
            "order_id": str(attempt.reference),
            "delivery_fee": "450",
            "discount_fee": "500",
            "total": "6050",
            "currency": "kes",
        },
        "redirect_urls": {"success_url": back, "failed_url": back},
    }
    token = urlsplit(callback).path.removeprefix("/chpter/callbacks/")
    assert callback.startswith("http://localhost/chpter/callbacks/")
    assert hash_of(secret_of_token(token, [SECRET])) == attempt.secret_hash


def test_the_same_form_sent_again_is_one_order_with_one_payment_page(settings, shopper, orders, provider, ledger):
    shopper.add(SKU, 2)
    form = shown_form(shopper)
    newer = create_app({**settings, "SECRET_KEY": "n" + SECRET, "SECRET_KEY_FALLBACKS": SECRET})
    replies = [sender.post("/checkout", form) for sender in (shopper, shopper, Shopper(newer, provider))]

    assert [reply.status_code for reply in replies] == [303, 303, 303]
    assert len({reply.headers["Location"] for reply in replies}) == 1
    assert (len(orders()), len(provider.requests)) == (1, 1)
    assert ledger.stock(SKU) == (18, 2)


@pytest.mark.parametrize("on_hand", [18, 1], ids=["plenty", "the last piece"])
@both_databases
def test_a_form_sent_twice_at_once_is_one_order(orders, provider, sent_twice, ledger, on_hand):
    ledger.put(Variant, {"sku": SKU}, on_hand=on_hand)

    mine, rivals = sent_twice()

    assert mine.headers["Location"] == rivals.headers["Location"]
    assert (len(orders()), len(provider.requests)) == (1, 1)
    assert ledger.stock(SKU) == (on_hand, 1)


def test_a_forged_idempotency_key_makes_no_order_and_the_page_brings_a_valid_one(shopper, orders):
    shopper.add()
    form = shown_form(shopper)
    key = form["checkout_key"]
    another = "y" if key[0] != "y" else "z"
    for forged in ("x", "", key[:-2] + ("xx" if key[-2:] != "xx" else "yy"), another + key[1:]):
        reply = shopper.post("/checkout", form | {"checkout_key": forged})

        assert reply.status_code == 200
        assert notice_of(shopper.page) == "Check your order once more, then press Pay"
        assert orders() == []
    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303


def test_a_used_order_number_is_drawn_again(shopper, orders, monkeypatch):
    numbers = iter([0, 0, 0, 1, 2, 3, 4, 5])
    monkeypatch.setattr("shop.orders.placement.secrets.randbelow", lambda below: next(numbers))
    for _ in range(2):
        shopper.add()
        assert shopper.checkout().status_code == 303

    assert len({order.number for order in orders()}) == 2


def test_when_no_payment_page_opens_the_order_is_kept_and_can_be_paid_later(shopper, orders, provider, ledger):
    provider.behaviour = "http_500"
    shopper.add()
    reply = shopper.post("/checkout", shown_form(shopper))

    [order] = orders()
    assert reply.headers["Location"] == f"/orders/{order.token}"
    html = shopper.get(f"/orders/{order.token}").text
    assert f'action="/orders/{order.token}/pay"' in html
    assert (order.payment, ledger.stock(SKU)) == ("awaiting", (18, 1))


def test_the_order_holds_stock_for_the_configured_time(settings, provider, orders):
    shopper = Shopper(create_app({**settings, "ORDER_HOLD_MINUTES": "5"}), provider)
    shopper.add()
    shopper.post("/checkout", shown_form(shopper))

    assert timedelta(minutes=4) < orders()[0].expires_at - utcnow() <= timedelta(minutes=5)
