"""Anyone may type a stranger's address: it gets at most ten such emails a day, and the orders are placed."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.messages import MAX_UNPROVEN
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from tests import both_databases
from tests.shopper import ANSWERS, SKU, hidden_fields

ADDRESS = ANSWERS["email"]


@pytest.fixture
def settings(settings):
    return {**settings, "RATELIMIT_ENABLED": "1"}


@pytest.fixture
def filled(app):
    """A function that writes emails that anyone can cause, to one address."""

    def fill(count=MAX_UNPROVEN, address=ADDRESS, ago=timedelta(hours=1), kind="placed"):
        when = utcnow() - ago
        values = {"kind": kind, "recipient": address, "subject": "", "body": "", "written_at": when}
        keys = [f"{kind}-{ago}-{n}@localhost" for n in range(count)]
        rows = [OutboxEmail(**values, next_try_at=when, idempotency_key=key, message_id=key) for key in keys]
        with app.app_context():
            write(lambda: db.session.add_all(rows))

    return fill


@pytest.fixture
def sent(ledger):
    """A function that counts the emails about orders of a kind to an address."""

    def count(kind, to=ADDRESS):
        about_order = OutboxEmail.order_id.is_not(None)
        return ledger.count(OutboxEmail, OutboxEmail.kind == kind, OutboxEmail.recipient == to, about_order)

    return count


def test_ten_orders_a_day_are_emailed_and_the_eleventh_is_placed_without_an_email(app, shopper, ledger, sent):
    ledger.shelve(SKU, 100)
    for _ in range(MAX_UNPROVEN + 2):
        shopper.buy()
        with app.app_context():  # as if its half hour were over
            write(lambda: db.session.execute(update(Order).values(payment="expired")))

    assert sent("placed") == MAX_UNPROVEN == 10
    assert ledger.count(Order) == 12


@both_databases
@pytest.mark.parametrize(
    ("others", "placed"),
    [
        ({"kind": "placed"}, 0),
        ({"kind": "failed"}, 0),
        ({"kind": "order_link"}, 0),
        ({"kind": "free"}, 0),
        ({"address": ADDRESS.capitalize()}, 0),
        ({"kind": "paid"}, 1),
        ({"kind": "sent"}, 1),
        ({"ago": timedelta(hours=24, minutes=1)}, 1),
        ({"address": "somebody@example.com"}, 1),
        ({"count": MAX_UNPROVEN - 1}, 1),
    ],
)
def test_the_emails_of_a_day_to_the_same_address_count_that_anyone_can_cause(shopper, filled, sent, others, placed):
    filled(**others)
    bought = shopper.buy()
    bought.post_callback(bought.callback())

    assert (sent("placed"), sent("paid")) == (placed, 1)  # a receipt is not limited


def test_emails_about_failed_payments_and_lost_links_are_limited_too(app, shopper, filled, ledger, sent):
    bought = shopper.buy()
    filled()
    bought.post_callback(bought.failure())
    form = {**hidden_fields(shopper.get("/orders/find").text), "phone_number": "0712345678"}
    form["order_number"] = ledger.column("number", bought)

    assert shopper.post("/orders/find", form).status_code == 200
    assert (sent("placed"), sent("failed"), sent("order_link")) == (1, 0, 0)
    with app.app_context():  # a day later
        write(lambda: db.session.execute(delete(OutboxEmail).where(OutboxEmail.order_id.is_(None))))
    shopper.post("/orders/find", form)
    assert sent("order_link") == 1


def test_the_receipt_of_a_free_order_is_limited_and_its_page_is_the_receipt(shopper, filled, sent):
    filled()
    shopper.add(SKU)
    page = shopper.get(shopper.checkout(area="pickup", code="ZAWADI").headers["Location"]).text

    assert (sent("free"), sent("paid")) == (0, 0)
    assert "This page is your receipt." in page
    assert sent("new_order", to="merchant@example.com") == 1
