"""Fulfilment: an order is packed, sent, delivered, or handed over for its collection code."""

import re

import pytest

from shop.orders.fulfilment import MAX_CODE_TRIES
from shop.orders.states import Fulfilment, Payment
from tests import order_factory
from tests.admin.orders.order_pages import audited, emails, events, order_of, paid, press, state_of, token_of
from tests.admin_client import EMAIL, STAFF
from tests.page_checks import CANARY
from tests.shopper import Shopper

PACKED_PICKUP = {"pickup": True, "fulfilment": Fulfilment.PACKED, "collection_code": "0417"}
KEY = "k" * 22


def test_a_paid_order_goes_to_its_buyer_step_by_step_and_no_step_is_left_out(app, staff):
    number = paid(app)
    assert "it is now “Not packed yet”" in press(staff, number, "move", to="sent").text
    for to, button in (("packed", "Mark packed"), ("sent", "Mark sent"), ("delivered", "Mark delivered")):
        assert button in staff.get(f"/admin/orders/{number}").text
        assert "notice--good" in press(staff, number, "move", to=to).text
        assert state_of(app, number) == to
        assert f"it is now “{to.capitalize()}”" in press(staff, number, "move", to=to).text

    assert "Nothing to do: delivered." in staff.get(f"/admin/orders/{number}").text
    assert [(event.words, event.actor) for event in events(app) if event.for_buyer][1:] == [
        ("Packed", STAFF),
        ("On its way", STAFF),
        ("Delivered", STAFF),
    ]
    assert audited(app) == [(STAFF, f"Marked order {number} {to}") for to in ("packed", "sent", "delivered")]
    [sent] = emails(app, "sent")
    assert (sent.recipient, sent.subject) == ("achieng@example.com", f"Your order {number} is on its way")
    assert "1 x Kiondo" in sent.body


def test_the_buyer_is_told_who_brings_the_order_and_can_call(app, staff, shopper):
    number = paid(app)
    press(staff, number, "move", to="packed")
    refused = press(staff, number, "move", to="sent", rider="O" * 121)
    assert "Rider’s name and phone number must be 120 characters or fewer" in refused.text
    assert state_of(app, number) == Fulfilment.PACKED
    press(staff, number, "move", to="sent", rider="Otieno, 0711 222 333")

    page = shopper.get(f"/orders/{order_of(app, number).token}").text
    assert "Your rider is Otieno" in page and 'href="tel:+254711222333"' in page
    [sent] = emails(app, "sent")
    assert "Your rider is Otieno, 0711 222 333. The rider will call" in sent.body


def test_a_pickup_order_is_handed_over_for_its_code(app, owner, shopper):
    number = paid(app, pickup=True, area_name="Workshop")
    assert "Mark packed: ready to collect" in owner.get(f"/admin/orders/{number}").text
    assert "with the collection code" in press(owner, number, "move", to="packed").text
    order = order_of(app, number)
    code, wrong = order.collection_code, f"{(int(order.collection_code) + 1) % 10_000:04d}"

    assert re.fullmatch("[0-9]{4}", code)
    assert code in shopper.get(f"/orders/{order.token}").text
    [ready] = emails(app, "ready")
    assert f"Your collection code: {code}\n" in ready.body
    assert f"<strong>{code}" not in owner.get(f"/admin/orders/{number}").text  # the buyer must say it
    assert "not the collection code" in press(owner, number, "hand-over", code=wrong).text
    assert state_of(app, number) == Fulfilment.PACKED
    assert "Handed over" in press(owner, number, "hand-over", code=f" {code[:2]}-{code[2:]} ").text
    assert state_of(app, number) == Fulfilment.COLLECTED
    assert code not in shopper.get(f"/orders/{order.token}").text.split("<main")[1].split("Order ")[0]


def test_after_ten_wrong_codes_not_even_the_right_one_counts(app, owner):
    number = paid(app, **PACKED_PICKUP)
    for _ in range(MAX_CODE_TRIES):
        assert "not the collection code" in press(owner, number, "hand-over", code="9999").text

    assert "Too many codes were tried" in press(owner, number, "hand-over", code="0417").text
    assert state_of(app, number) == Fulfilment.PACKED
    assert sum(event.warning for event in events(app)) == MAX_CODE_TRIES


@pytest.mark.parametrize("code", ["", "12", "12345", "abcd", "٠٤١٧", "9" * 5000, CANARY])
def test_what_is_no_code_costs_no_try_and_the_error_is_beside_its_field(app, owner, code):
    number = paid(app, **PACKED_PICKUP)

    assert press(owner, number, "hand-over", code=code).status_code == 422
    assert owner.page.findtext(".//title").startswith("Error: ")
    assert owner.page.find(".//div[@class='error-summary']//a").get("href") == "#code"
    assert order_of(app, number).collection_code_tries == 0


def test_without_its_code_an_order_is_handed_over_for_a_reason(app, owner):
    no_code = paid(app, pickup=True, fulfilment=Fulfilment.PACKED)
    assert "This order has no collection code." in owner.get(f"/admin/orders/{no_code}").text
    press(owner, no_code, "hand-over", code="0000")
    assert state_of(app, no_code) == Fulfilment.PACKED

    number = paid(app, **PACKED_PICKUP)
    empty = press(owner, number, "hand-over-without-code", reason="  ")
    assert (empty.status_code, "Enter how you know that it is the buyer" in empty.text) == (422, True)
    press(owner, number, "hand-over-without-code", reason=f"Showed an ID card {CANARY}")
    assert state_of(app, number) == Fulfilment.COLLECTED
    why = [event for event in events(app) if event.warning][-1]
    assert (why.words, why.actor) == (f"Handed over without the collection code: Showed an ID card {CANARY}", EMAIL)


@pytest.mark.parametrize("state", [state for state in Payment if state != Payment.PAID])
def test_an_order_that_is_not_paid_is_not_moved(app, owner, state):
    (number,) = order_factory.keep(app, order_factory.order(payment=state))

    assert "Mark packed" not in owner.get(f"/admin/orders/{number}").text
    assert "Nothing was saved. This order has changed: it is now" in press(owner, number, "move", to="packed").text
    assert state_of(app, number) == Fulfilment.UNFULFILLED


def test_a_step_of_another_kind_of_order_or_none_is_refused(app, owner):
    number = paid(app, fulfilment=Fulfilment.PACKED)

    assert "it is now “Packed”" in press(owner, number, "hand-over", code="0000").text
    assert "it is now “Packed”" in press(owner, number, "hand-over-without-code", reason="Knows him").text
    for to in ("collected", "unfulfilled", "", "SENT", "sent\0", CANARY):
        assert press(owner, number, "move", to=to).status_code == 422
    assert state_of(app, number) == Fulfilment.PACKED


def test_actions_on_an_order_that_does_not_exist_are_not_found(owner):
    form = {"to": "packed", "code": "0417", "reason": "x", "note": "x", "message": "x", "csrf_token": token_of(owner)}

    for act in ("move", "hand-over", "hand-over-without-code", "note", "message"):
        for number in ("99999999", "x", "1" * 30):
            assert owner.post(f"/admin/orders/{number}/{act}", form).status_code == 404


def test_a_private_note_is_shown_in_the_admin_only(app, staff):
    number = paid(app)
    press(staff, number, "note", note=f"Leave it with the askari {CANARY}\r\nafter five", idempotency_key=KEY)
    page = staff.get(f"/admin/orders/{number}").text

    assert "Leave it with the askari &lt;canary&gt;" in page and "Private note" in page
    assert "askari" not in Shopper(app).get(f"/orders/{order_of(app, number).token}").text
    assert emails(app, "note") == []


def test_a_message_reaches_the_buyer_by_email_and_on_the_page_once_however_often_it_is_sent(app, owner):
    number, other = paid(app), paid(app)
    for _ in range(3):
        press(owner, number, "message", message=f"The rider comes at four {CANARY}", idempotency_key=KEY)
    page = Shopper(app).get(f"/orders/{order_of(app, number).token}").text

    [email] = emails(app, "note")
    assert email.recipient == "achieng@example.com"
    assert f"The rider comes at four {CANARY}\n" in email.body
    assert page.count("The rider comes at four &lt;canary&gt;") == 2  # on top, and in the timeline
    assert "Message from us:" in page
    assert EMAIL not in page.split("<main")[1]
    assert audited(app) == [(EMAIL, f"Wrote to the buyer of order {number}")]
    press(owner, other, "message", message="Asante", idempotency_key=KEY)
    assert len(emails(app, "note")) == 2


@pytest.mark.parametrize("field", ["note", "message"])
def test_a_note_that_is_empty_or_too_long_is_not_saved_and_not_lost(app, owner, field):
    number = paid(app)
    for typed, words in (("", "Enter "), (" \n ", "Enter "), ("x" * 401, "must be 400 characters or fewer")):
        reply = press(owner, number, field, **{field: typed})
        assert (reply.status_code, words in reply.text) == (422, True)
        assert typed.strip() in (owner.page.find(f".//textarea[@id='{field}']").text or "")

    assert [event.words for event in events(app)] == ["Order placed"]
    press(owner, number, field, **{field: "\0a\u202eb <b>x</b>"})
    assert events(app)[-1].words == "ab <b>x</b>"
