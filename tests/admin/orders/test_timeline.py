"""The timeline of an order: what happened, when, and who did it."""

from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import select

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import Payment
from tests import both_databases, order_factory

_mails = count(1)


def story(owner, number: str) -> list[str]:
    assert owner.get(f"/admin/orders/{number}").status_code == 200
    lines = owner.page.findall(".//ol[@class='timeline timeline--admin']/li")
    return [" ".join("".join(line.itertext()).split()) for line in lines]


def add(app, number: str, make) -> None:
    with app.app_context():
        write(lambda: make(db.session.scalars(select(Order).where(Order.number == number)).one()))


def mail(**fields) -> OutboxEmail:
    now, one = utcnow(), next(_mails)
    values = {
        "kind": "sent",
        "idempotency_key": f"key-{one}",
        "recipient": "a@example.com",
        "subject": "On its way",
        "body": "",
        "message_id": f"<{one}>",
        "written_at": now,
        "next_try_at": now,
    }
    return OutboxEmail(**{**values, **fields})


@both_databases
def test_everything_stands_in_one_list_newest_first_in_nairobi_time(app, owner, shopper):
    bought = shopper.buy()
    bought.post_callback(bought.failure())
    bought.post_callback(bought.callback())
    with app.app_context():
        number = db.session.scalars(select(Order.number)).one()

    told = story(owner, number)

    def place(words: str) -> int:
        return next(index for index, line in enumerate(told) if line.startswith(words))

    newest_first = [
        "Payment received",
        f"Called back: says paid, KSh {bought.total:,}. Row R3: Paid in full.",
        "Called back: says not paid",
        f"Went to pay KSh {bought.total:,}, {bought.reference}",
        "Order placed",
    ]
    assert [place(words) for words in newest_first] == sorted(place(words) for words in newest_first)
    assert told[place("Called back: says paid")].endswith(", Chpter")
    assert told[-1].endswith(", Buyer, visible to the buyer")
    assert any(line.startswith(f"Email “Receipt for your order {number}” to buyer@example.com") for line in told)


@pytest.mark.parametrize(
    ("fields", "said"),
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
            {"tries": 1, "ended_at": order_factory.NOON, "last_error": "SMTPRecipientsRefused 550 5.1.1"},
            "given up after 1 try: The mail server does not accept emails for this address (550 5.1.1)",
        ),
        ({"sent_at": order_factory.NOON, "kept_as_file": True}, "kept as a file, not delivered"),
        ({"sent_at": order_factory.NOON}, "sent 2 Nov 2026, 12:00"),
    ],
)
def test_a_mail_says_what_became_of_it(app, owner, fields, said):
    number = order_factory.keep(app, order_factory.order())[0]
    add(app, number, lambda order: db.session.add(mail(order_id=order.id, **fields)))

    [line] = [line for line in story(owner, number) if "On its way" in line]
    assert f"to a@example.com: {said}" in line
    assert line.startswith("Warning:") == ("given up" in said)


@both_databases
def test_stock_that_moved_for_an_order_is_told_with_its_sign(app, owner):
    from shop.catalog.stock import record_stock_move

    number = order_factory.keep(app, order_factory.order())[0]
    add(
        app,
        number,
        lambda order: record_stock_move("KIO", on_hand=-2, held=-2, reason="Sold", order_id=order.id, actor="Anna"),
    )

    [line] = [line for line in story(owner, number) if line.startswith("Stock of KIO")]
    assert line.startswith("Stock of KIO: on hand −2, held −2. Sold")
    assert line.endswith(", Anna")


def test_a_doubtful_callback_is_one_warning_not_two(app, owner, shopper):
    bought = shopper.buy()
    bought.post_callback(bought.callback(amount="7"))
    with app.app_context():
        number = db.session.scalars(select(Order.number)).one()

    warnings = [line for line in story(owner, number) if line.startswith("Warning:")]
    assert len(warnings) == 1
    assert "Row R4: The amount paid is not the amount requested" in warnings[0]


@both_databases
def test_of_a_long_story_the_newest_hundred_are_shown_and_the_rest_counted(app, owner):
    long = order_factory.order(payment=Payment.PAID)
    for n in range(130):
        long.record(f"event {n}")
    number = order_factory.keep(app, long)[0]
    add(
        app,
        number,
        lambda order: db.session.add_all(
            mail(order_id=order.id, written_at=order_factory.NOON - timedelta(days=n + 1), sent_at=order_factory.NOON)
            for n in range(120)
        ),
    )

    told = story(owner, number)
    assert len(told) == 100
    assert told[0].startswith("event 129")
    assert told[-1].startswith("event 30")
    assert "151 older entries, not shown." in owner.get(f"/admin/orders/{number}").text  # 31 events, 120 mails


def test_the_whatsapp_link_names_the_order_and_nothing_else(app, owner):
    number = order_factory.keep(app, order_factory.order(note="Gate code 4711"))[0]
    with app.app_context():
        token = db.session.scalars(select(Order.token)).one()
    owner.get(f"/admin/orders/{number}")
    [address] = [
        link.get("href") for link in owner.page.iter("a") if (link.get("href") or "").startswith("https://wa.me/")
    ]

    assert address == (
        "https://wa.me/254722000111?text=Hello%2C%20this%20is%20Mkono%20about%20your%20order%20"
        f"{number}%3A%20http%3A%2F%2Flocalhost%2Forders%2F{token}"
    )
