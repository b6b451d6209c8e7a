"""At most five unpaid orders for one phone number and for one email address."""

import pytest
from sqlalchemy import text

from shop.catalog.models import Variant
from shop.core.database import db
from shop.emails.models import UNPROVEN
from shop.orders.models import WAITING, Order
from shop.orders.placement import MAX_OPEN_ORDERS
from tests import both_databases, order_factory
from tests.checkout.page_parser import shown_form
from tests.shopper import ANSWERS, SKU

assert MAX_OPEN_ORDERS == 5  # the tests say it in words
BY_PHONE = "5 orders with this phone number wait to be paid. Pay one of them on its page, or wait until one ends"
BY_EMAIL = "5 orders with this email address wait to be paid."
NETWORK = "Very many orders come from your network at the moment. Wait 10 minutes, then press Pay again"


@pytest.fixture
def settings(settings):
    """With rate limits, behind a proxy."""
    return {**settings, "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def buy(shopper, ledger):
    """Place an order from a new client address: buy(phone_number=...)."""
    ledger.put(Variant, {"sku": SKU}, on_hand=500)

    def press(address="203.0.113.7", **answers):
        shopper.add()
        return shopper.post("/checkout", shown_form(shopper, **answers), headers={"X-Forwarded-For": address})

    return press


def phone(number):
    return f"0733 000 {number:03d}"


def mail(number):
    return f"buyer{number}@example.com"


@both_databases
def test_a_sixth_unpaid_order_of_one_phone_number_is_refused(buy, orders, ledger):
    spellings = ["0712 345 678", "+254712345678", "712-345-678", "254712345678", "0712345678"]
    assert [buy(phone_number=spellings[n], email=mail(n)).status_code for n in range(5)] == [303] * 5

    reply = buy(phone_number=spellings[1], email=mail(5), note="Ring twice")

    assert reply.status_code == 200
    assert reply.text.count(BY_PHONE) == 2  # in the list on top and at the field
    assert BY_EMAIL not in reply.text
    assert ANSWERS["location"] in reply.text and "Ring twice" in reply.text and mail(5) in reply.text
    assert (len(orders()), ledger.stock(SKU)[1]) == (5, 5)
    assert buy(phone_number="0722 345 678", email=mail(5)).status_code == 303


@both_databases
def test_a_sixth_unpaid_order_of_one_email_address_is_refused_in_any_case(buy, orders):
    spellings = ["Achieng.O@Example.com", "achieng.o@example.com", "ACHIENG.O@EXAMPLE.COM"]
    assert [buy(phone_number=phone(n), email=spellings[n % 3]).status_code for n in range(5)] == [303] * 5

    reply = buy(phone_number=phone(5), email="achieng.O@example.com")

    assert (reply.status_code, reply.text.count(BY_EMAIL), BY_PHONE in reply.text) == (200, 2, False)
    assert buy(phone_number=phone(5), email="achieng.p@example.com").status_code == 303
    assert len(orders()) == 6


def test_both_limits_are_reported_together_and_count_only_unpaid_orders(buy, orders, ledger):
    for _ in range(5):
        assert buy().status_code == 303

    for payment in ("paid", "expired", "cancelled", "review", "refunded"):
        reply = buy()
        assert (reply.status_code, reply.text.count(BY_PHONE), reply.text.count(BY_EMAIL)) == (200, 2, 2)
        ledger.put(Order, {"id": orders()[-1].id}, payment=payment)
        assert buy().status_code == 303


@both_databases
def test_the_fifth_order_sent_twice_at_once_is_one_order(buy, orders, sent_twice):
    for _ in range(4):
        buy()

    mine, rivals = sent_twice()

    assert mine.headers["Location"] == rivals.headers["Location"]
    assert len(orders()) == 5


def test_one_client_address_can_place_a_hundred_orders_in_ten_minutes(shopper, buy, orders):
    """The proxy writes the last address of the header; a client can only add addresses before it."""
    for n in range(10, 30):
        assert buy(phone_number=phone(n), email=mail(n)).status_code == 303  # buyers behind one address
    for _ in range(5):
        buy()
    shopper.add()
    form = shown_form(shopper)
    for n in range(75):
        headers = {"X-Forwarded-For": f"198.51.100.{n}, 203.0.113.7"}
        assert BY_PHONE in shopper.post("/checkout", form, headers=headers).text

    reply = buy(phone_number=phone(1), email=mail(1), note="Ring twice")

    assert (reply.status_code, NETWORK in reply.text, "Ring twice" in reply.text) == (200, True, True)
    assert len(orders()) == 25
    assert buy("203.0.113.8", phone_number=phone(1), email=mail(1)).status_code == 303


@both_databases
@pytest.mark.parametrize(
    ("rows", "index"),
    [
        (f"orders WHERE phone_number = '254712345678' AND {WAITING}", "ix_orders_open_of_phone"),
        (f"orders WHERE lower(email) = lower('buyer@example.com') AND {WAITING}", "ix_orders_open_of_email"),
        (
            f"outbox_email WHERE lower(recipient) = 'a' AND written_at > '2026-01-01' AND {UNPROVEN}",
            "ix_outbox_email_unproven",
        ),
    ],
)
def test_unpaid_orders_are_counted_from_a_partial_index(app, rows, index):
    order_factory.keep(
        app, *(order_factory.order(phone_number=f"254733000{n}", email=mail(n)) for n in range(100, 400))
    )
    with app.app_context():
        sqlite = db.engine.dialect.name == "sqlite"
        if not sqlite:
            db.session.execute(text("ANALYZE"))
            db.session.execute(text("SET LOCAL enable_seqscan = off"))  # there are too few rows to need one
        explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
        plan = " ".join(str(row) for row in db.session.execute(text(f"{explain} SELECT count(id) FROM {rows}")))

    assert index in plan


def test_buyers_without_an_email_address_are_not_one_buyer(buy):
    assert [buy(phone_number=phone(n), email="").status_code for n in range(6)] == [303] * 6
