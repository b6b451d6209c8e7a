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
from tests.faults.at_once import at_once
from tests.ledger_reader import Ledger
from tests.payment_pages import PaymentPages
from tests.shopper import SKU, Shopper, hidden_fields

ONLY_SEEN = "An owner has to verify this payment first"
SEEN = "Payment verified (Nairobi time, UTC+3)"  # a column of the export
NOTED = "Verified the payment in the Chpter account or the M-PESA statement"


def paid(app, total=DEFAULT_VERIFICATION_THRESHOLD, **fields):
    attempts = [order_factory.attempt(state=AttemptState.PAID, amount=total)] if total else []
    one = order_factory.order(
        payment=Payment.PAID, paid_at=utcnow(), total=total, attempts=attempts, received=total, **fields
    )
    return order_factory.keep(app, one)[0]


def packed(app, **fields):
    return paid(app, fulfilment=Fulfilment.PACKED, **fields)


def press(owner, number, act, **fields):
    token = hidden_fields(owner.get(f"/admin/orders/{number}").text)["csrf_token"]
    reply = owner.post(f"/admin/orders/{number}/{act}", {"csrf_token": token, **fields})
    return owner.get(reply.headers["Location"]).text if reply.status_code == 303 else reply.text


def order_of(app, number):
    with app.app_context():
        return db.session.scalars(select(Order).where(Order.number == number)).one()


def verification_threshold(app, sum_):
    def keep():
        store_settings_row().verification_threshold = sum_

    with app.app_context():
        write(keep)


READY = {"pickup": True, "collection_code": "0417", "fulfilment": Fulfilment.PACKED}
leaving = pytest.mark.parametrize(
    ("act", "fields", "standing", "then"),
    [
        pytest.param("move", {"to": "sent"}, {"fulfilment": Fulfilment.PACKED}, Fulfilment.SENT, id="sent"),
        pytest.param("move", {"to": "packed"}, {"pickup": True}, Fulfilment.PACKED, id="ready"),
        pytest.param("hand-over", {"code": "0417"}, READY, Fulfilment.COLLECTED, id="code"),
        pytest.param("hand-over-without-code", {"reason": "I know her"}, READY, Fulfilment.COLLECTED, id="reason"),
    ],
)


@both_databases
@leaving
def test_dear_goods_leave_once_an_owner_has_seen_the_payment_and_not_before(
    app, owner, staff, act, fields, standing, then
):
    number = paid(app, **standing)
    before = order_of(app, number)

    assert ONLY_SEEN in press(staff, number, act, **fields)

    held = order_of(app, number)
    assert (held.fulfilment, held.collection_code, held.collection_code_tries) == (
        before.fulfilment,
        before.collection_code,
        0,
    )
    assert "You can send the order" in press(owner, number, "seen")
    assert "notice--good" in press(staff, number, act, **fields)
    assert order_of(app, number).fulfilment == then


@both_databases
@pytest.mark.parametrize(
    ("from_", "total", "leaves"),
    [
        (DEFAULT_VERIFICATION_THRESHOLD, DEFAULT_VERIFICATION_THRESHOLD - 1, True),
        (DEFAULT_VERIFICATION_THRESHOLD, DEFAULT_VERIFICATION_THRESHOLD, False),
        (0, 900_000, True),
        (1, 1, False),
        (1, 0, True),
        (1_000_000, 999_999, True),
    ],
)
def test_the_sum_says_what_has_to_be_seen(app, staff, from_, total, leaves):
    verification_threshold(app, from_)
    number = packed(app, total=total)

    shown = staff.get(f"/admin/orders/{number}").text
    press(staff, number, "move", to="sent")

    assert ("Mark sent" in shown) == leaves
    assert ("Payment to verify" in shown) != leaves
    assert (order_of(app, number).fulfilment == Fulfilment.SENT) == leaves


@both_databases
def test_the_sum_of_this_moment_counts_whatever_the_page_showed(app, staff):
    number = packed(app, total=5000)
    token = hidden_fields(staff.get(f"/admin/orders/{number}").text)["csrf_token"]
    with app.app_context():
        write(
            lambda: setattr(store_settings_row(), "verification_threshold", 5000)
        )  # another process has not heard of it yet

    staff.post(f"/admin/orders/{number}/move", {"csrf_token": token, "to": "sent"})

    assert order_of(app, number).fulfilment == Fulfilment.PACKED


@both_databases
@pytest.mark.parametrize(
    ("page", "held"),
    [
        ("/admin/orders/{}", "Payment to verify"),
        ("/admin/?tab=all&q={}", "Payment to verify"),
        ("/admin/print?slip=rider&order={}", "DO NOT SEND"),
    ],
    ids=["order", "list", "slip"],
)
def test_a_page_shows_the_sum_of_its_moment_whichever_process_was_told_of_it(app, staff, page, held):
    address = page.format(packed(app, total=5000))
    assert held not in staff.get(address).text
    with app.app_context():
        write(
            lambda: setattr(store_settings_row(), "verification_threshold", 5000)
        )  # by another process: nobody tells this one

    assert held in staff.get(address).text


def test_packing_and_what_has_left_already_are_not_held_up(app, staff):
    unpacked, gone = paid(app), paid(app, fulfilment=Fulfilment.SENT)

    assert "notice--good" in press(staff, unpacked, "move", to="packed")
    assert "notice--good" in press(staff, gone, "move", to="delivered")
    assert "Payment to verify" not in staff.get(f"/admin/orders/{gone}").text


def test_who_was_quicker_is_told_apart_from_who_has_to_look(app, staff):
    number = packed(app)
    token = hidden_fields(staff.get(f"/admin/orders/{number}").text)["csrf_token"]
    with app.app_context():
        write(lambda: setattr(order_in_session(number), "payment", Payment.REFUNDED))

    reply = staff.post(f"/admin/orders/{number}/move", {"csrf_token": token, "to": "sent"})

    assert "it is now “Refunded”" in staff.get(reply.headers["Location"]).text


def order_in_session(number):
    return db.session.scalars(select(Order).where(Order.number == number)).one()


@both_databases
def test_several_at_once_leave_but_the_dear_one_that_nobody_has_seen(app, staff):
    dear, cheap = packed(app), packed(app, total=2450)
    token = hidden_fields(staff.get("/admin/").text)

    reply = staff.post("/admin/orders", {**token, "act": "sent", "order": [dear, cheap]})

    page = staff.get(reply.headers["Location"]).text
    assert "1 order marked sent" in page
    assert f"1 not marked sent: {dear} has a payment that an owner has to verify, see To review" in page
    assert [order_of(app, one).fulfilment for one in (dear, cheap)] == ["packed", "sent"]


@both_databases
def test_a_second_verification_changes_nothing_and_names_the_first_user(app, owner):
    number = packed(app)

    press(owner, number, "seen")
    first = order_of(app, number)
    again = press(owner, number, "seen")

    assert f"The payment of order {number} was already verified by {EMAIL}" in again
    second = order_of(app, number)
    assert first.payment_verified_at == second.payment_verified_at is not None
    assert first.payment_verified_by == second.payment_verified_by == EMAIL
    assert PaymentPages(app, owner, None).acts() == [NOTED]
    assert re.search(rf"<dt>Verified</dt><dd>[^<]+, by {EMAIL}</dd>", again)
    assert NOTED in again


def press_twice_at_once(app, owner):
    """How many acts the log has of each order that two owners say they saw at the same moment."""
    numbers = [packed(app) for _ in range(5)]
    token = hidden_fields(owner.get("/admin/").text)["csrf_token"]
    for number in numbers:
        address = f"/admin/orders/{number}/seen"
        say = partial(owner.browser.post, address, data={"csrf_token": token})
        assert {reply.status_code for reply in at_once([say, say])} == {303}
    return len(PaymentPages(app, owner, None).acts()) / len(numbers)


@both_databases
def test_of_two_owners_who_saw_it_at_once_one_is_written_down(app, owner):
    assert press_twice_at_once(app, owner) == 1


@both_databases
def test_an_unpaid_order_cannot_be_verified(app, owner):
    (number,) = order_factory.keep(
        app, order_factory.order(payment=Payment.REFUNDED, total=DEFAULT_VERIFICATION_THRESHOLD)
    )

    assert "Nothing was saved" in press(owner, number, "seen")
    assert order_of(app, number).payment_verified_at is None


def test_only_an_owner_says_so(app, staff):
    number = packed(app)

    assert "Only an owner can verify a payment" in staff.get(f"/admin/orders/{number}").text
    assert "Only an owner can act on payments" in staff.get("/admin/checks").text
    token = hidden_fields(staff.get("/admin/").text)["csrf_token"]
    assert staff.post(f"/admin/orders/{number}/seen", {"csrf_token": token}).status_code == 403
    assert order_of(app, number).payment_verified_at is None


def test_an_open_warning_is_not_answered_by_it(app, owner):
    number = paid(app, **READY)
    press(owner, number, "hand-over", code="9999")

    press(owner, number, "seen")

    assert order_of(app, number).open_warning


@both_databases
def test_what_has_to_be_seen_is_to_check_until_it_was(app, owner):
    number = paid(app)
    paid(app, total=DEFAULT_VERIFICATION_THRESHOLD - 1)
    paid(app, fulfilment=Fulfilment.SENT)
    with app.app_context():
        reference = str(order_in_session(number).attempts[0].reference)
        assert find_review_items("", 1, utcnow()).everything == 1

    page = owner.get("/admin/checks?kind=unseen").text
    assert page.count('<li class="review-item') == 1
    assert number in page
    assert reference in page
    assert "Payment to verify" in owner.get("/admin/").text

    reply = owner.post(f"/admin/orders/{number}/seen", {**hidden_fields(page), "back": "checks"})

    assert reply.headers["Location"] == "/admin/checks"
    assert "Nothing to review" in owner.get("/admin/checks").text
    with app.app_context():
        assert find_review_items("", 1, utcnow()).everything == 0


def test_what_has_to_be_seen_is_found_along_its_index(app):
    plans = []
    with app.app_context():

        def explain(_connection, cursor, statement, parameters, *_):
            if "payment_verified_at IS NULL" in statement:
                plans.extend(cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters).fetchall())

        event.listen(db.engine, "before_cursor_execute", explain)
        find_review_items("", 1, utcnow())

    assert any("ix_orders_unverified (total>?)" in row[-1] for row in plans), plans


@both_databases
@pytest.mark.parametrize("way", ["accepted", "marked", "settled"])
def test_what_an_owner_took_for_payment_by_hand_was_seen(app, owner, provider, way):
    book = Ledger(app)
    actions = PaymentPages(app, owner, book)
    verification_threshold(app, 1)
    bought = Shopper(app, provider).buy(quantity=2)
    if way == "marked":
        actions.mark_paid(bought)
    elif way == "accepted":
        bought.post_callback(bought.callback(amount="5000"))
        actions.accept_less(bought, "5000")
    else:
        book.expire()
        bought.post_callback(bought.callback(amount="5200"))
        book.shelve(SKU, 2)
        actions.press(bought, f"attempts/{bought.reference}", came="5200")

    assert book.column("payment", bought) == "paid"
    assert book.column("payment_verified_by", bought) == EMAIL
    assert book.column("payment_verified_at", bought) is not None


@both_databases
def test_what_chpter_says_was_seen_by_nobody(app, provider):
    bought = Shopper(app, provider).buy()
    bought.post_callback(bought.callback())

    assert Ledger(app).column("payment", bought) == "paid"
    assert Ledger(app).column("payment_verified_at", bought) is None


def test_the_rider_is_told_not_to_set_out(app, owner):
    number = packed(app)

    assert "An owner has to verify the payment first." in owner.get(f"/admin/print?slip=rider&order={number}").text
    press(owner, number, "seen")
    assert "Take no money." in owner.get(f"/admin/print?slip=rider&order={number}").text


def test_an_export_says_when_a_payment_was_seen(app, owner):
    seen, unseen = packed(app), packed(app)
    press(owner, seen, "seen")

    text = owner.browser.get(f"/admin/orders/export?order={seen}&order={unseen}", buffered=True).get_data(as_text=True)

    moments = {row["Order"]: row[SEEN] for row in csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", moments[seen])
    assert moments[unseen] == ""
