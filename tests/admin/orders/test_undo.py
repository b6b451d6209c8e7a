"""A fulfilment step can be undone within a minute, before its email is sent, or later with a reason."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from shop.config import Settings
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from tests import both_databases, order_factory
from tests.admin.orders.test_bulk_actions import notices, notices_of, state_of
from tests.admin.orders.test_bulk_actions import press as press_list
from tests.admin.orders.test_fulfilment import events, mails, order_of, paid, press
from tests.admin_client import STAFF
from tests.page_checks import CANARY

STEPS = [
    ({}, "packed", "unfulfilled", "Mark packed", "Packed"),
    ({"pickup": True}, "packed", "unfulfilled", "Mark packed: ready to collect", "Packed, ready to collect"),
    ({"fulfilment": "packed"}, "sent", "packed", "Mark sent", "On its way"),
    ({"fulfilment": "sent"}, "delivered", "sent", "Mark delivered", "Delivered"),
]


def send_mails(app, *, later: timedelta = timedelta(0)) -> None:
    settings: Settings = app.config["SETTINGS"]
    with app.app_context():
        send_due(settings, utcnow() + later)


def let_the_minute_pass(app) -> None:
    with app.app_context():
        write(lambda: db.session.execute(update(Order).values(fulfilment_changed_at=utcnow() - timedelta(seconds=61))))


@both_databases
@pytest.mark.parametrize(("fields", "step", "before", "button", "said"), STEPS)
def test_a_step_is_undone_before_its_email_leaves(app, staff, shopper, fields, step, before, button, said):
    number = paid(app, **fields)
    press(staff, number, "move", to=step)
    send_mails(app)
    assert f"Undo: mark as not {step}" in staff.get(f"/admin/orders/{number}").text

    press(staff, number, "undo", step=step)

    order = order_of(app, number)
    assert (order.fulfilment, order.collection_code, order.fulfilment_changed_at) == (before, "", None)
    assert mails(app, "sent") == mails(app, "ready") == []
    assert button in staff.get(f"/admin/orders/{number}").text
    assert said not in shopper.get(f"/orders/{order.token}").text.split("<main")[1].split("<ol")[-1]
    assert [(event.words, event.actor, event.for_buyer) for event in events(app)][1:] == [
        (said, STAFF, False),
        (f"Undone: {'packed' if step == 'packed' else said.lower()}", STAFF, False),
    ]


@both_databases
def test_an_undone_step_taken_again_writes_its_one_email(app, owner):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(owner, number, "move", to="sent")
    press(owner, number, "undo", step="sent")
    press(owner, number, "move", to="sent")
    send_mails(app)
    [mail] = mails(app, "sent")
    assert mail.sent_at is None

    send_mails(app, later=timedelta(seconds=61))

    [mail] = mails(app, "sent")
    assert mail.sent_at


@both_databases
def test_what_was_handed_over_by_mistake_waits_for_its_code_again(app, owner):
    number = paid(app, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417")
    press(owner, number, "hand-over", code="0417")
    press(owner, number, "undo", step="collected")

    assert order_of(app, number).fulfilment == Fulfilment.PACKED
    press(owner, number, "hand-over", code="0417")
    assert order_of(app, number).fulfilment == Fulfilment.COLLECTED


def test_after_its_minute_a_step_is_not_undone(app, owner):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(owner, number, "move", to="sent")
    let_the_minute_pass(app)

    assert "It is too late to undo" in press(owner, number, "undo", step="sent").text
    assert order_of(app, number).fulfilment == Fulfilment.SENT
    assert len(mails(app, "sent")) == 1
    assert "Undo: " not in owner.get(f"/admin/orders/{number}").text


@both_databases
@pytest.mark.parametrize("how", ["in hand", "sent"])
def test_an_email_that_a_worker_has_taken_stops_the_undoing(app, owner, how):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(owner, number, "move", to="sent")
    now = utcnow()
    taken = {"sent_at": now} if how == "sent" else {"next_try_at": now + timedelta(minutes=2)}
    with app.app_context():
        write(lambda: db.session.execute(update(OutboxEmail).values(**taken)))

    assert "It is too late to undo" in press(owner, number, "undo", step="sent").text
    assert order_of(app, number).fulfilment == Fulfilment.SENT
    assert len(mails(app, "sent")) == 1


@pytest.mark.parametrize("step", ["packed", "delivered", "collected"])
def test_only_the_step_that_was_shown_is_undone(app, owner, step):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(owner, number, "move", to="sent")

    assert "Nothing was saved. This order has changed: it is now “Sent”" in press(owner, number, "undo", step=step).text
    assert order_of(app, number).fulfilment == Fulfilment.SENT


@pytest.mark.parametrize("step", ["", "unfulfilled", "x" * 5000, CANARY, "sent\0"])
def test_a_step_there_is_not_is_not_undone(app, owner, step):
    number = paid(app, fulfilment=Fulfilment.PACKED)

    assert press(owner, number, "undo", step=step).status_code == 422


@both_databases
def test_later_a_step_is_taken_back_with_a_reason_and_the_buyer_reads_the_truth(app, staff, shopper):
    number = paid(app, fulfilment=Fulfilment.PACKED)
    press(staff, number, "move", to="sent")
    send_mails(app, later=timedelta(seconds=61))
    let_the_minute_pass(app)
    page = staff.get(f"/admin/orders/{number}/step-back").text
    assert "The buyer got an email that it is" in page
    empty = press(staff, number, "step-back", step="sent", reason=" ")
    assert (empty.status_code, order_of(app, number).fulfilment) == (422, Fulfilment.SENT)

    press(staff, number, "step-back", step="sent", reason=f"The rider came back {CANARY}")

    order = order_of(app, number)
    assert order.fulfilment == Fulfilment.PACKED
    assert len(mails(app, "sent")) == 1
    buyer = shopper.get(f"/orders/{order.token}").text
    assert "Not on its way yet after all" in buyer and "rider came back" not in buyer
    assert (f"Marked as not sent: The rider came back {CANARY}", STAFF) in [(e.words, e.actor) for e in events(app)]


@pytest.mark.parametrize("state", [Payment.REFUNDED, Payment.CANCELLED])
def test_what_is_no_longer_paid_stays_where_it_is(app, owner, state):
    (number,) = order_factory.keep(
        app, order_factory.order(payment=state, fulfilment=Fulfilment.SENT, fulfilment_changed_at=utcnow())
    )
    press(owner, number, "undo", step="sent")
    press(owner, number, "step-back", step="sent", reason="Mistake")

    assert order_of(app, number).fulfilment == Fulfilment.SENT


@both_databases
def test_orders_that_were_packed_together_are_undone_together(app, staff):
    numbers = order_factory.keep(app, *(order_factory.order(payment="paid") for _ in range(3)))
    press_list(staff, "packed", *numbers)
    button = next(one for one in staff.page.iter("button") if one.get("name") == "undo")
    assert button.text == "Undo: mark these 3 as not packed"
    press(staff, numbers[0], "move", to="sent")

    undo_together(staff, button.get("value"))

    assert notices(staff) == [
        "2 orders undone",
        f"1 not undone: {numbers[0]} is not packed any more",
    ]
    assert [state_of(app, number) for number in numbers] == ["sent", "unfulfilled", "unfulfilled"]
    undo_together(staff, button.get("value"))
    assert notices(staff)[0].startswith("It is too late to undo")


def test_an_older_page_undoes_nothing_newer(app, owner):
    first, second = order_factory.keep(app, order_factory.order(payment="paid"), order_factory.order(payment="paid"))
    assert notices_of(owner, "packed", first) == ["1 order marked packed"]
    undo_together(owner, "12345")

    assert notices(owner)[0].startswith("It is too late to undo")
    assert [state_of(app, number) for number in (first, second)] == ["packed", "unfulfilled"]


def undo_together(who, key: str) -> None:
    from tests.shopper import hidden_fields

    form = {"csrf_token": hidden_fields(who.get("/admin/").text)["csrf_token"], "undo": key}
    who.get(who.post("/admin/orders/undo", form).headers["Location"])
