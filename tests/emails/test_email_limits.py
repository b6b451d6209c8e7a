"""Anyone may type a visitor's address: it gets at most ten such emails a day, and the orders are placed."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update

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
    """Let an address have had so many mails that anybody can cause."""

    def fill(count=MAX_UNPROVEN, address=ADDRESS, ago=timedelta(hours=1), kind="placed"):
        when = utcnow() - ago
        with app.app_context():
            rows = [
                OutboxEmail(
                    **{
                        "kind": kind,
                        "idempotency_key": f"{kind}-{ago}-{n}",
                        "message_id": f"<{kind}{ago}{n}@localhost>",
                    },
                    **{"recipient": address, "subject": "", "body": "", "written_at": when, "next_try_at": when},
                )
                for n in range(count)
            ]
            write(lambda: db.session.add_all(rows))

    return fill


def mails(app, *kinds, to=ADDRESS):
    with app.app_context():
        query = select(func.count(OutboxEmail.id)).where(OutboxEmail.recipient == to, OutboxEmail.order_id.is_not(None))
        return db.session.scalar(query.where(OutboxEmail.kind.in_(kinds)))


@both_databases
def test_ten_orders_a_day_are_emailed_and_the_eleventh_is_placed_without_an_email(app, shopper, ledger):
    ledger.shelve(SKU, 100)
    for _ in range(MAX_UNPROVEN + 2):
        shopper.buy()
        with app.app_context():  # as if its half hour were over
            write(lambda: db.session.execute(update(Order).values(payment="expired")))

    assert mails(app, "placed") == MAX_UNPROVEN == 10
    assert ledger.count(Order) == 12


@both_databases
def test_receipts_are_not_limited(app, shopper, filled):
    filled()
    bought = shopper.buy()
    bought.post_callback(bought.callback())

    assert (mails(app, "placed"), mails(app, "paid")) == (0, 1)


@pytest.mark.parametrize("kind", ["placed", "failed", "order_link", "free"])
def test_every_unproven_email_counts(app, shopper, filled, kind):
    filled(kind=kind)
    shopper.buy()

    assert mails(app, "placed") == 0


@both_databases
@pytest.mark.parametrize(
    "others",
    [
        {"kind": "paid"},
        {"kind": "sent"},
        {"ago": timedelta(hours=24, minutes=1)},
        {"address": "somebody@example.com"},
        {"count": MAX_UNPROVEN - 1},
    ],
)
def test_other_emails_older_ones_and_those_to_other_addresses_do_not_count(app, shopper, filled, others):
    filled(**others)
    shopper.buy()

    assert mails(app, "placed") == 1


@both_databases
def test_capital_letters_do_not_make_another_address(app, shopper, filled):
    filled(address="BUYER@example.com")
    shopper.buy(email="Buyer@Example.com")

    assert mails(app, "placed", to="Buyer@example.com") == 0


def test_emails_about_failed_payments_and_lost_links_are_limited_too(app, shopper, filled, ledger):
    bought = shopper.buy()
    filled()
    bought.post_callback(bought.failure())
    form = hidden_fields(shopper.get("/orders/find").text)
    number = ledger.column("number", bought)
    reply = shopper.post("/orders/find", {**form, "order_number": number, "phone_number": "0712345678"})

    assert reply.status_code == 200
    assert (mails(app, "placed"), mails(app, "failed", "order_link")) == (1, 0)
    with app.app_context():  # a day later
        write(lambda: db.session.execute(delete(OutboxEmail).where(OutboxEmail.order_id.is_(None))))
    shopper.post("/orders/find", {**form, "order_number": number, "phone_number": "0712345678"})
    assert mails(app, "order_link") == 1


@both_databases
def test_the_receipt_of_a_free_order_is_limited_and_its_page_is_the_receipt(app, shopper, filled):
    filled()
    shopper.add(SKU)
    reply = shopper.checkout(area="pickup", code="ZAWADI")
    page = shopper.get(reply.headers["Location"]).text

    assert reply.status_code == 303
    assert mails(app, "free", "paid") == 0
    assert "This page is your receipt." in page
    assert mails(app, "new_order", to="merchant@example.com") == 1
