"""A fulfilment step can be undone within a minute, before its email is sent, or later with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from tests import both_databases, order_factory
from tests.admin.orders.order_pages import emails, events, order_of, paid, press, state_of
from tests.admin_client import STAFF
from tests.page_checks import CANARY

STEPS = [
    ({}, "packed", "unfulfilled", "Mark packed", "Packed"),
    ({"pickup": True}, "packed", "unfulfilled", "Mark packed: ready to collect", "Packed, ready to collect"),
    ({"fulfilment": "packed"}, "sent", "packed", "Mark sent", "On its way"),
    ({"fulfilment": "sent"}, "delivered", "sent", "Mark delivered", "Delivered"),
]


def send_emails(app, after: timedelta = timedelta(0)) -> None:
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow() + after)


def set_columns(app, model, **values) -> None:
    with app.app_context():
        write(lambda: db.session.execute(update(model).values(**values)))


@pytest.mark.parametrize(("fields", "step", "before", "button", "words"), STEPS)
def test_a_step_is_undone_before_its_email_is_sent(app, staff, shopper, fields, step, before, button, words):
    number = paid(app, **fields)
    press(staff, number, "move", to=step)
    send_emails(app)
    assert f"Undo: mark as not {step}" in staff.get(f"/admin/orders/{number}").text

    press(staff, number, "undo", step=step)

    order = order_of(app, number)
    assert (order.fulfilment, order.collection_code, order.fulfilment_changed_at) == (before, "", None)
    assert emails(app, "sent") == emails(app, "ready") == []
    assert button in staff.get(f"/admin/orders/{number}").text
    assert words not in shopper.get(f"/orders/{order.token}").text.split("<main")[1].split("<ol")[-1]
    assert [(event.words, event.actor, event.for_buyer) for event in events(app)][1:] == [
        (words, STAFF, False),
        (f"Undone: {'packed' if step == 'packed' else words.lower()}", STAFF, False),
    ]


def test_an_undone_step_can_be_taken_again_and_writes_one_email(app, owner):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    for act, fields in (("move", {"to": "sent"}), ("undo", {"step": "sent"}), ("move", {"to": "sent"})):
        press(owner, number, act, **fields)
    send_emails(app)
    [waiting] = emails(app, "sent")
    send_emails(app, after=timedelta(seconds=61))
    [sent] = emails(app, "sent")
    assert (waiting.sent_at, bool(sent.sent_at)) == (None, True)

    pickup = paid(app, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417")
    press(owner, pickup, "hand-over", code="0417")
    press(owner, pickup, "undo", step="collected")
    assert state_of(app, pickup) == Fulfilment.PACKED
    press(owner, pickup, "hand-over", code="0417")
    assert state_of(app, pickup) == Fulfilment.COLLECTED


@both_databases
@pytest.mark.parametrize("how", ["minute over", "email reserved", "email sent"])
def test_a_step_is_not_undone_after_its_minute_or_once_a_worker_has_taken_its_email(app, owner, how):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(owner, number, "move", to="sent")
    now = utcnow()
    if how == "minute over":
        set_columns(app, Order, fulfilment_changed_at=now - timedelta(seconds=61))
        assert "Undo: " not in owner.get(f"/admin/orders/{number}").text
    elif how == "email reserved":
        set_columns(app, OutboxEmail, next_try_at=now + timedelta(minutes=2))
    else:
        set_columns(app, OutboxEmail, sent_at=now)

    assert "It is too late to undo" in press(owner, number, "undo", step="sent").text
    assert state_of(app, number) == Fulfilment.SENT
    assert len(emails(app, "sent")) == 1


def test_only_the_last_step_is_undone(app, owner):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(owner, number, "move", to="sent")

    for step in ("packed", "delivered", "collected"):
        assert "This order has changed: it is now “Sent”" in press(owner, number, "undo", step=step).text
    for step in ("", "unfulfilled", "x" * 5000, CANARY, "sent\0"):
        assert press(owner, number, "undo", step=step).status_code == 422
    assert state_of(app, number) == Fulfilment.SENT


@both_databases
def test_later_a_step_is_undone_with_a_reason_and_the_buyer_reads_the_new_state(app, staff, shopper):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(staff, number, "move", to="sent")
    send_emails(app, after=timedelta(seconds=61))
    assert "The buyer got an email that it is" in staff.get(f"/admin/orders/{number}/undo-step").text
    assert press(staff, number, "undo-step", step="sent", reason=" ").status_code == 422
    assert state_of(app, number) == Fulfilment.SENT

    press(staff, number, "undo-step", step="sent", reason=f"The rider came back {CANARY}")

    assert state_of(app, number) == Fulfilment.PACKED
    assert len(emails(app, "sent")) == 1
    page = shopper.get(f"/orders/{order_of(app, number).token}").text
    assert "Not on its way yet after all" in page and "rider came back" not in page
    assert (f"Marked as not sent: The rider came back {CANARY}", STAFF) in [(e.words, e.actor) for e in events(app)]


@pytest.mark.parametrize("state", [Payment.REFUNDED, Payment.CANCELLED])
def test_a_step_of_an_order_that_is_no_longer_paid_is_not_undone(app, owner, state):
    (number,) = order_factory.keep(
        app, order_factory.order(payment=state, fulfilment=Fulfilment.SENT, fulfilment_changed_at=utcnow())
    )
    press(owner, number, "undo", step="sent")
    press(owner, number, "undo-step", step="sent", reason="Mistake")

    assert state_of(app, number) == Fulfilment.SENT
