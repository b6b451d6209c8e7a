"""The timeline of an order: what happened, when, and who did it."""

import pytest

from shop.core.database import db, write
from tests import both_databases, order_factory
from tests.admin.orders.order_pages import new_email, order_of, timeline
from tests.ledger_reader import Ledger
from tests.order_factory import NOON


@both_databases
def test_everything_is_in_one_list_newest_first_with_who_did_it(app, owner, shopper):
    bought = shopper.buy()
    bought.post_callback(bought.failure())
    bought.post_callback(bought.callback())
    number = Ledger(app).column("number", bought)

    lines = timeline(owner, number)

    def place(words: str) -> int:
        return next(index for index, line in enumerate(lines) if line.startswith(words))

    newest_first = [
        "Payment received",
        f"Called back: says paid, KSh {bought.total:,}. Row R3: Paid in full.",
        "Called back: says not paid",
        f"Went to pay KSh {bought.total:,}, {bought.reference}",
        "Order placed",
    ]
    assert [place(words) for words in newest_first] == sorted(place(words) for words in newest_first)
    assert lines[place("Called back: says paid")].endswith(", Chpter")
    assert lines[-1].endswith(", Buyer, visible to the buyer")
    assert place(f"Email “Receipt for your order {number}” to buyer@example.com") < len(lines)
    assert "KIO-CLA-TER: on hand −1, held −1. Sold" in lines[place("Stock of ")]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "waits to be sent"),
        (
            {"tries": 3, "last_error": "TimeoutError"},
            "not accepted yet, 3 tries: The mail server did not answer in time",
        ),
        (
            {"tries": 1, "unanswered": 1, "last_error": "TimeoutError"},
            "not accepted yet, 1 try: The mail server did not",
        ),
        (
            {"tries": 1, "ended_at": NOON, "last_error": "SMTPRecipientsRefused 550 5.1.1"},
            "given up after 1 try: The mail server does not accept emails for this address (550 5.1.1)",
        ),
        ({"sent_at": NOON, "kept_as_file": True}, "kept as a file, not delivered"),
        ({"sent_at": NOON}, "sent 2 Nov 2026, 12:00"),
    ],
)
def test_an_email_shows_its_status(app, owner, fields, words):
    (number,) = order_factory.keep(app, order_factory.order())
    order_id = order_of(app, number).id
    with app.app_context():
        write(lambda: db.session.add(new_email(order_id=order_id, **fields)))

    [line] = [line for line in timeline(owner, number) if "On its way" in line]
    assert f"to a@example.com: {words}" in line
    assert line.startswith("Warning:") == ("given up" in words)


def test_a_doubtful_callback_is_one_warning_not_two(app, owner, shopper):
    bought = shopper.buy()
    bought.post_callback(bought.callback(amount="7"))

    lines = timeline(owner, Ledger(app).column("number", bought))
    [warning] = [line for line in lines if line.startswith("Warning:")]
    assert "Row R4: The amount paid is not the amount requested" in warning
