"""A large order is not sent before an owner has verified its payment."""

import csv
import io
import re
from functools import partial

import pytest
from sqlalchemy import event, select

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.states import Fulfilment, Payment
from shop.payments.models import AttemptState
from shop.payments.review_queue import find_review_items
from shop.store.settings import DEFAULT_VERIFICATION_THRESHOLD, store_settings_row
from tests import both_databases, order_factory
from tests.admin_client import EMAIL
from tests.at_once import at_once
from tests.shopper import hidden_fields

MUST_VERIFY = "An owner has to verify this payment first"
VERIFIED_AT = "Payment verified (Nairobi time, UTC+3)"  # a column of the export
VERIFIED = "Verified the payment in the Chpter account or the M-PESA statement"
READY = {"pickup": True, "collection_code": "0417", "fulfilment": Fulfilment.PACKED}


def paid(app, total=DEFAULT_VERIFICATION_THRESHOLD, **fields):
    attempts = [order_factory.attempt(state=AttemptState.PAID, amount=total)] if total else []
    one = order_factory.order(
        payment=Payment.PAID, paid_at=utcnow(), total=total, attempts=attempts, received=total, **fields
    )
    return order_factory.keep(app, one)[0]


def packed(app, **fields):
    return paid(app, fulfilment=Fulfilment.PACKED, **fields)


def press(user, number, action, **fields):
    token = hidden_fields(user.get(f"/admin/orders/{number}").text)["csrf_token"]
    reply = user.post(f"/admin/orders/{number}/{action}", {"csrf_token": token, **fields})
    return user.get(reply.headers["Location"]).text if reply.status_code == 303 else reply.text


def in_session(number):
    return db.session.scalars(select(Order).where(Order.number == number)).one()


def order_of(app, number):
    with app.app_context():
        return in_session(number)


def set_threshold(app, shillings):
    """Set the verification threshold, as another process does: this one is not told."""
    with app.app_context():
        write(lambda: setattr(store_settings_row(), "verification_threshold", shillings))


@both_databases
@pytest.mark.parametrize(
    ("action", "fields", "before", "after"),
    [
        ("move", {"to": "sent"}, {"fulfilment": Fulfilment.PACKED}, Fulfilment.SENT),
        ("move", {"to": "packed"}, {"pickup": True}, Fulfilment.PACKED),
        ("hand-over", {"code": "0417"}, READY, Fulfilment.COLLECTED),
        ("hand-over-without-code", {"reason": "I know her"}, READY, Fulfilment.COLLECTED),
    ],
)
def test_a_large_order_leaves_once_an_owner_has_verified_its_payment(app, owner, staff, action, fields, before, after):
    number = paid(app, **before)
    code = order_of(app, number).collection_code

    assert MUST_VERIFY in press(staff, number, action, **fields)

    held = order_of(app, number)
    assert held.fulfilment == before.get("fulfilment", Fulfilment.UNFULFILLED)
    assert (held.collection_code, held.collection_code_tries) == (code, 0)
    assert "You can send the order" in press(owner, number, "verify")
    assert "notice--good" in press(staff, number, action, **fields)
    assert order_of(app, number).fulfilment == after


@pytest.mark.parametrize(
    ("threshold", "total", "leaves"),
    [
        (DEFAULT_VERIFICATION_THRESHOLD, DEFAULT_VERIFICATION_THRESHOLD - 1, True),
        (DEFAULT_VERIFICATION_THRESHOLD, DEFAULT_VERIFICATION_THRESHOLD, False),
        (0, 900_000, True),
        (1, 1, False),
        (1, 0, True),
    ],
)
def test_the_threshold_says_which_payments_must_be_verified(app, staff, threshold, total, leaves):
    set_threshold(app, threshold)
    number = packed(app, total=total)

    shown = staff.get(f"/admin/orders/{number}").text
    press(staff, number, "move", to="sent")

    assert ("Mark sent" in shown) == leaves
    assert ("Payment to verify" in shown) != leaves
    assert (order_of(app, number).fulfilment == Fulfilment.SENT) == leaves


@both_databases
def test_the_threshold_of_the_moment_counts_whatever_a_page_showed(app, staff):
    number = packed(app, total=5000)
    pages = {
        f"/admin/orders/{number}": "Payment to verify",
        f"/admin/?tab=all&q={number}": "Payment to verify",
        f"/admin/slips?slip=rider&order={number}": "DO NOT SEND",
    }
    assert [page for page, words in pages.items() if words in staff.get(page).text] == []
    token = hidden_fields(staff.get(f"/admin/orders/{number}").text)["csrf_token"]
    set_threshold(app, 5000)

    staff.post(f"/admin/orders/{number}/move", {"csrf_token": token, "to": "sent"})

    assert order_of(app, number).fulfilment == Fulfilment.PACKED
    assert [page for page, words in pages.items() if words not in staff.get(page).text] == []


def test_packing_and_orders_that_were_sent_are_not_held_up(app, staff):
    unpacked, sent = paid(app), paid(app, fulfilment=Fulfilment.SENT)

    assert "notice--good" in press(staff, unpacked, "move", to="packed")
    assert "notice--good" in press(staff, sent, "move", to="delivered")
    assert "Payment to verify" not in staff.get(f"/admin/orders/{sent}").text


def test_an_order_that_changed_is_told_apart_from_one_that_must_be_verified(app, staff):
    number = packed(app)
    token = hidden_fields(staff.get(f"/admin/orders/{number}").text)["csrf_token"]
    with app.app_context():
        write(lambda: setattr(in_session(number), "payment", Payment.REFUNDED))

    reply = staff.post(f"/admin/orders/{number}/move", {"csrf_token": token, "to": "sent"})

    assert "it is now “Refunded”" in staff.get(reply.headers["Location"]).text


def test_of_several_orders_sent_at_once_the_unverified_large_one_stays(app, staff):
    large, small = packed(app), packed(app, total=2450)
    token = hidden_fields(staff.get("/admin/").text)

    reply = staff.post("/admin/orders", {**token, "act": "sent", "order": [large, small]})

    page = staff.get(reply.headers["Location"]).text
    assert "1 order marked sent" in page
    assert f"1 not marked sent: {large} has a payment that an owner has to verify, see To review" in page
    assert [order_of(app, one).fulfilment for one in (large, small)] == ["packed", "sent"]


@both_databases
def test_a_payment_is_verified_once_even_by_two_owners_at_once(app, owner):
    number = packed(app)
    token = hidden_fields(owner.get("/admin/").text)["csrf_token"]
    verify = partial(owner.browser.post, f"/admin/orders/{number}/verify", data={"csrf_token": token})
    assert {reply.status_code for reply in at_once([verify, verify])} == {303}
    first = order_of(app, number)

    again = press(owner, number, "verify")

    assert f"The payment of order {number} was already verified by {EMAIL}" in again
    second = order_of(app, number)
    assert first.payment_verified_at == second.payment_verified_at is not None
    assert first.payment_verified_by == second.payment_verified_by == EMAIL
    assert re.search(rf"<dt>Verified</dt><dd>[^<]+, by {EMAIL}</dd>", again)
    assert again.count(VERIFIED) == 1, "its entry in the audit log"


def test_an_unpaid_order_cannot_be_verified(app, owner):
    (number,) = order_factory.keep(
        app, order_factory.order(payment=Payment.REFUNDED, total=DEFAULT_VERIFICATION_THRESHOLD)
    )

    assert "Nothing was saved" in press(owner, number, "verify")
    assert order_of(app, number).payment_verified_at is None


def test_staff_read_that_only_an_owner_can_verify(app, staff):
    number = packed(app)

    assert "Only an owner can verify a payment" in staff.get(f"/admin/orders/{number}").text
    assert "Only an owner can act on payments" in staff.get("/admin/review").text


def test_verifying_does_not_resolve_an_open_warning(app, owner):
    number = paid(app, **READY)
    press(owner, number, "hand-over", code="9999")

    press(owner, number, "verify")

    assert order_of(app, number).open_warning


def test_a_payment_to_verify_is_in_the_review_queue_until_it_is_verified(app, owner):
    number = paid(app)
    paid(app, total=DEFAULT_VERIFICATION_THRESHOLD - 1)
    paid(app, fulfilment=Fulfilment.SENT)
    with app.app_context():
        reference = str(in_session(number).attempts[0].reference)

    page = owner.get("/admin/review?kind=unseen").text
    assert page.count('<li class="review-item') == 1
    assert number in page and reference in page
    assert "Payment to verify" in owner.get("/admin/").text

    reply = owner.post(f"/admin/orders/{number}/verify", {**hidden_fields(page), "back": "checks"})

    assert reply.headers["Location"] == "/admin/review"
    assert "Nothing to review" in owner.get("/admin/review").text


def test_payments_to_verify_are_found_along_their_index(app):
    plans = []
    with app.app_context():

        def explain(_connection, cursor, statement, parameters, *_):
            if "payment_verified_at IS NULL" in statement:
                plans.extend(cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

        event.listen(db.engine, "before_cursor_execute", explain)
        find_review_items("", 1, utcnow())

    assert any("ix_orders_unverified (total>?)" in row[-1] for row in plans), plans


def test_rider_slip_and_export_say_whether_the_payment_was_verified(app, owner):
    verified, unverified = packed(app), packed(app)
    slip = f"/admin/slips?slip=rider&order={verified}"
    assert "An owner has to verify the payment first." in owner.get(slip).text

    press(owner, verified, "verify")

    assert "Take no money." in owner.get(slip).text
    address = f"/admin/orders/export?order={verified}&order={unverified}"
    text = owner.browser.get(address, buffered=True).get_data(as_text=True)
    times = {row["Order"]: row[VERIFIED_AT] for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", times[verified])
    assert times[unverified] == ""
