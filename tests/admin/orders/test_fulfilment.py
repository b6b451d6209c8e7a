"""Fulfilment: an order is packed, sent, delivered, or handed over for its collection code."""

import re

import pytest
from sqlalchemy import select

from shop.accounts.models import AuditLogEntry
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.orders.fulfilment import MAX_CODE_TRIES
from shop.orders.models import Order, OrderEvent
from shop.orders.states import Fulfilment, Payment
from tests import both_databases, order_factory
from tests.admin_client import EMAIL, STAFF
from tests.page_checks import CANARY
from tests.shopper import Shopper, hidden_fields


def press(owner, number: str, act: str, **fields: str):
    """Press a button of an order's page, and open the page it leads to."""
    token = hidden_fields(owner.get(f"/admin/orders/{number}").text)["csrf_token"]
    reply = owner.post(f"/admin/orders/{number}/{act}", {"csrf_token": token, **fields})
    return owner.get(reply.headers["Location"]) if reply.status_code == 303 else reply


def paid(app, **fields) -> str:
    return order_factory.keep(app, order_factory.order(payment=Payment.PAID, **fields))[0]


def order_of(app, number: str) -> Order:
    with app.app_context():
        return db.session.scalars(select(Order).where(Order.number == number)).one()


def mails(app, kind: str) -> list[OutboxEmail]:
    with app.app_context():
        return list(db.session.scalars(select(OutboxEmail).where(OutboxEmail.kind == kind)))


def events(app) -> list[OrderEvent]:
    with app.app_context():
        return list(db.session.scalars(select(OrderEvent).order_by(OrderEvent.id)))


@both_databases
def test_a_paid_order_goes_to_its_buyer_step_by_step(app, staff):
    number = paid(app)
    steps = [("packed", "Mark packed"), ("sent", "Mark sent"), ("delivered", "Mark delivered")]

    for to, button in steps:
        assert button in staff.get(f"/admin/orders/{number}").text
        assert "notice--good" in press(staff, number, "move", to=to).text
        assert order_of(app, number).fulfilment == to

    assert "Nothing to do: delivered." in staff.get(f"/admin/orders/{number}").text
    assert [(event.words, event.actor) for event in events(app) if event.for_buyer][1:] == [
        ("Packed", STAFF),
        ("On its way", STAFF),
        ("Delivered", STAFF),
    ]
    with app.app_context():
        acts = db.session.scalars(
            select(AuditLogEntry).where(AuditLogEntry.order_id.is_not(None)).order_by(AuditLogEntry.id)
        ).all()
        assert [(act.who, act.words) for act in acts] == [
            (STAFF, f"Marked order {number} {to}") for to in ("packed", "sent", "delivered")
        ]
    [sent] = mails(app, "sent")
    assert sent.recipient == "achieng@example.com"
    assert f"Your order {number} is on its way" == sent.subject
    assert "1 x Kiondo" in sent.body


@both_databases
def test_a_pickup_order_is_handed_over_for_its_code_alone(app, owner, shopper):
    number = paid(app, pickup=True, area_name="Workshop")
    assert "Mark packed: ready to collect" in owner.get(f"/admin/orders/{number}").text
    assert "with the collection code" in press(owner, number, "move", to="packed").text
    code = order_of(app, number).collection_code

    assert re.fullmatch("[0-9]{4}", code)
    assert code in shopper.get(f"/orders/{order_of(app, number).token}").text
    [ready] = mails(app, "ready")
    assert f"Your collection code: {code}\n" in ready.body
    assert f"<strong>{code}" not in owner.get(f"/admin/orders/{number}").text  # whoever hands it over has to ask

    wrong = f"{(int(code) + 1) % 10_000:04d}"
    assert "not the collection code" in press(owner, number, "hand-over", code=wrong).text
    assert order_of(app, number).fulfilment == Fulfilment.PACKED
    assert "Handed over" in press(owner, number, "hand-over", code=f" {code[:2]}-{code[2:]} ").text
    assert order_of(app, number).fulfilment == Fulfilment.COLLECTED
    assert code not in shopper.get(f"/orders/{order_of(app, number).token}").text.split("<main")[1].split("Order ")[0]


@both_databases
def test_after_ten_codes_not_even_the_right_one_counts(app, owner):
    number = paid(app, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417")
    for _ in range(MAX_CODE_TRIES):
        assert "not the collection code" in press(owner, number, "hand-over", code="9999").text

    assert "Too many codes were tried" in press(owner, number, "hand-over", code="0417").text
    assert order_of(app, number).fulfilment == Fulfilment.PACKED
    assert sum(event.warning for event in events(app)) == MAX_CODE_TRIES


def test_without_the_count_the_eleventh_code_would_be_believed(app, owner, monkeypatch):
    monkeypatch.setattr("shop.orders.fulfilment.MAX_CODE_TRIES", 10_000)
    number = paid(
        app, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417", collection_code_tries=MAX_CODE_TRIES
    )

    press(owner, number, "hand-over", code="0417")

    assert order_of(app, number).fulfilment == Fulfilment.COLLECTED


def test_an_order_without_a_code_is_opened_by_none(app, owner):
    number = paid(app, pickup=True, fulfilment=Fulfilment.PACKED)

    assert "This order has no collection code." in owner.get(f"/admin/orders/{number}").text
    press(owner, number, "hand-over", code="0000")
    assert order_of(app, number).fulfilment == Fulfilment.PACKED


def test_a_buyer_who_lost_the_code_gets_the_order_for_a_reason(app, owner):
    number = paid(app, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417")
    empty = press(owner, number, "hand-over-without-code", reason="  ")

    assert empty.status_code == 422
    assert "Enter how you know that it is the buyer" in empty.text
    press(owner, number, "hand-over-without-code", reason=f"Showed an ID card {CANARY}")
    assert order_of(app, number).fulfilment == Fulfilment.COLLECTED
    [why] = [event for event in events(app) if event.warning]
    assert (why.words, why.actor) == (f"Handed over without the collection code: Showed an ID card {CANARY}", EMAIL)


@pytest.mark.parametrize("state", [state for state in Payment if state != Payment.PAID])
def test_what_is_not_paid_is_not_moved(app, owner, state):
    number = order_factory.keep(app, order_factory.order(payment=state))[0]
    page = owner.get(f"/admin/orders/{number}").text

    assert "Mark packed" not in page
    assert "Nothing was saved. This order has changed: it is now" in press(owner, number, "move", to="packed").text
    assert order_of(app, number).fulfilment == Fulfilment.UNFULFILLED


def test_a_step_is_taken_once_and_none_is_left_out(app, owner):
    number = paid(app)

    assert "it is now “Not packed yet”" in press(owner, number, "move", to="sent").text
    press(owner, number, "move", to="packed")
    assert "it is now “Packed”" in press(owner, number, "move", to="packed").text
    assert "it is now “Packed”" in press(owner, number, "hand-over", code="0000").text
    assert "it is now “Packed”" in press(owner, number, "hand-over-without-code", reason="Knows him").text
    assert order_of(app, number).fulfilment == Fulfilment.PACKED


@pytest.mark.parametrize("to", ["collected", "unfulfilled", "", "PACKED", "packed\0", "x" * 5000, CANARY])
def test_a_step_there_is_not_is_refused(app, owner, to):
    number = paid(app)

    assert press(owner, number, "move", to=to).status_code == 422
    assert order_of(app, number).fulfilment == Fulfilment.UNFULFILLED


@pytest.mark.parametrize("code", ["", "12", "12345", "abcd", "٠٤١٧", "🧺" * 4, "9" * 5000, CANARY])
def test_what_is_no_code_costs_no_try_and_is_kept_in_its_field(app, owner, code):
    number = paid(app, pickup=True, fulfilment=Fulfilment.PACKED, collection_code="0417")
    reply = press(owner, number, "hand-over", code=code)

    assert reply.status_code == 422
    assert owner.page.findtext(".//title").startswith("Error: ")
    assert owner.page.find(".//div[@class='error-summary']//a").get("href") == "#code"
    assert order_of(app, number).collection_code_tries == 0


def test_acts_on_an_order_there_is_not_are_not_found(app, owner):
    token = hidden_fields(owner.get(f"/admin/orders/{paid(app)}").text)["csrf_token"]
    said = {"to": "packed", "code": "0417", "reason": "x", "note": "x", "message": "x", "csrf_token": token}

    for act in ("move", "hand-over", "hand-over-without-code", "note", "message"):
        for number in ("99999999", "x", "1" * 30):
            assert owner.post(f"/admin/orders/{number}/{act}", said).status_code == 404


def test_no_act_is_done_without_its_token(app, owner):
    number = paid(app)

    for act in ("move", "hand-over", "hand-over-without-code", "note", "message"):
        assert owner.post(f"/admin/orders/{number}/{act}", {"to": "packed"}).status_code == 400
    assert order_of(app, number).fulfilment == Fulfilment.UNFULFILLED


@both_databases
def test_a_private_note_is_shown_in_the_admin_only(app, staff):
    number = paid(app)
    press(staff, number, "note", note=f"Leave it with the askari {CANARY}\r\nafter five", idempotency_key="k" * 22)
    buyer = Shopper(app).get(f"/orders/{order_of(app, number).token}").text

    assert "Leave it with the askari &lt;canary&gt;" in staff.get(f"/admin/orders/{number}").text
    assert "Private note" in staff.get(f"/admin/orders/{number}").text
    assert "askari" not in buyer
    assert mails(app, "note") == []


@both_databases
def test_a_message_reaches_the_buyer_by_mail_and_on_the_page_once_however_often_it_is_sent(app, owner):
    number = paid(app)
    for _ in range(3):
        press(owner, number, "message", message=f"The rider comes at four {CANARY}", idempotency_key="k" * 22)
    buyer = Shopper(app).get(f"/orders/{order_of(app, number).token}").text

    [mail] = mails(app, "note")
    assert mail.recipient == "achieng@example.com"
    assert f"The rider comes at four {CANARY}\n" in mail.body
    assert buyer.count("The rider comes at four &lt;canary&gt;") == 2  # on top, and in the timeline
    assert "Message from us:" in buyer
    assert EMAIL not in buyer.split("<main")[1]
    with app.app_context():
        assert len(db.session.scalars(select(AuditLogEntry).where(AuditLogEntry.order_id.is_not(None))).all()) == 1


def test_the_same_key_on_two_orders_is_two_messages(app, owner):
    numbers = [paid(app), paid(app)]
    for number in numbers:
        press(owner, number, "message", message="Asante", idempotency_key="k" * 22)

    assert len(mails(app, "note")) == 2


@pytest.mark.parametrize("field", ["note", "message"])
@pytest.mark.parametrize(
    ("typed", "said"), [("", "Enter "), (" \n ", "Enter "), ("x" * 401, "must be 400 characters or fewer")]
)
def test_words_that_cannot_be_kept_are_named_and_not_lost(app, owner, field, typed, said):
    number = paid(app)
    reply = press(owner, number, field, **{field: typed})

    assert reply.status_code == 422
    assert said in reply.text
    assert typed.strip() in (owner.page.find(f".//textarea[@id='{field}']").text or "")
    assert [event.words for event in events(app)] == ["Order placed"]


@pytest.mark.parametrize("words", ["\0a\u202eb", "🧺" * 400, "{{ 7*7 }}", "'; DROP TABLE orders;--", "<b>x</b>"])
def test_odd_words_are_kept_harmless(app, owner, words):
    number = paid(app)
    for field in ("note", "message"):
        assert press(owner, number, field, **{field: words}).status_code == 200

    kept = [event.words for event in events(app)][1:]
    assert kept == [words.replace("\0", "").replace("\u202e", "")] * 2
    assert "<b>x" not in owner.get(f"/admin/orders/{number}").text
