"""Name, phone, email, address, receiver and note of an order can be corrected until it is sent."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.orders.models import Order
from shop.orders.search_index import search_terms
from shop.privacy.anonymise import anonymise_order
from tests import both_databases, order_factory
from tests.admin.orders.order_pages import emails, events, listed_numbers, order_of, paid, press, token_of
from tests.admin_client import STAFF
from tests.page_checks import CANARY
from tests.shopper import hidden_fields

OLD = {"full_name": "Achieng Otieno", "phone_number": "0722 000 111", "email": "achieng@example.com"}
OLD |= {"location": "Behind the market", "note": "", "receiver_name": "", "receiver_phone": ""}


def save(owner, number: str, **typed: str):
    form = {"csrf_token": token_of(owner), **hidden_fields(owner.get(f"/admin/orders/{number}/correct").text)}
    return owner.post(f"/admin/orders/{number}/correct", {**form, **OLD, **typed})


def test_a_correction_is_shown_everywhere_and_the_old_values_to_the_merchant_only(app, staff, shopper):
    number = paid(app)
    typed = {"phone_number": "+254 733 444 555", "location": f"Section 58, Nakuru {CANARY}", "note": "Call first"}

    assert save(staff, number, **typed).status_code == 303

    order = order_of(app, number)
    assert (order.phone_number, order.location, order.note) == ("254733444555", typed["location"], "Call first")
    assert (order.full_name, order.total, order.area_name) == ("Achieng Otieno", 2450, "Nairobi CBD")
    for slip in ("rider", "packing"):
        page = staff.get(f"/admin/slips?slip={slip}&order={number}").text
        assert "0733 444 555" in page and "0722 000 111" not in page
    assert [(event.words, event.actor, event.for_buyer) for event in events(app)][1:] == [
        ("Corrected phone number. It was: 0722 000 111", STAFF, False),
        ("Corrected address. It was: Behind the market", STAFF, False),
        ("Corrected note. It was: empty", STAFF, False),
        ("We corrected these details of your order: phone number, address, note", "", True),
    ]
    buyer = shopper.get(f"/orders/{order.token}").text
    assert "We corrected these details" in buyer and "Behind the market" not in buyer and "0722 000 111" not in buyer


@both_databases
def test_the_order_is_found_by_the_new_details_and_no_longer_by_the_old(app, owner):
    number = paid(app)
    save(owner, number, full_name="Njeri Kamau", phone_number="0733444555")

    terms = ("njeri", "444555", "kiondo", number, "otieno", "0722000111")
    found = [term for term in terms if number in listed_numbers(owner.get("/admin/", query_string={"q": term}))]
    assert found == ["njeri", "444555", "kiondo", number]


def test_a_receiver_is_added_and_removed(app, owner):
    number = paid(app)
    save(owner, number, receiver_name="Njeri Kamau", receiver_phone="0733 444 555")
    assert order_of(app, number).handed_to == ("Njeri Kamau", "254733444555")

    save(owner, number)
    assert order_of(app, number).handed_to == ("Achieng Otieno", "254722000111")
    assert "Corrected receiver’s phone number. It was: 0733 444 555" in [event.words for event in events(app)]


def test_emails_that_wait_go_to_the_corrected_address(app, owner):
    number = paid(app, fulfilment="packed")
    press(owner, number, "message", message="The rider comes at four", idempotency_key="k" * 22)
    save(owner, number, email="njeri@example.com")

    assert [email.recipient for email in emails(app, "note")] == ["njeri@example.com"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"full_name": " "}, "Enter the buyer’s name"),
        ({"phone_number": "020 1234"}, "Phone number must"),
        ({"email": "njeri@"}, "Enter an email address in the correct format"),
        ({"location": "x" * 251}, "Address must be 250 characters or fewer"),
        ({"receiver_name": "Njeri"}, "Enter the receiver’s phone number, or remove the receiver’s name"),
        ({"receiver_phone": "0733444555"}, "Enter the receiver’s name, or remove the receiver’s phone number"),
        ({"receiver_name": "Njeri", "receiver_phone": "+44 7911 123456"}, "Receiver’s phone number must be a Kenyan"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_typed_is_lost(app, owner, typed, words):
    number = paid(app)
    reply = save(owner, number, **{"note": "Typed before", **typed})

    assert (reply.status_code, words in reply.text, "Typed before" in reply.text) == (422, True, True)
    assert order_of(app, number).note == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"fulfilment": "sent"},
        {"fulfilment": "collected", "pickup": True},
        {"payment": "cancelled"},
        {"payment": "expired"},
    ],
)
def test_an_order_that_was_sent_or_is_closed_is_not_corrected(app, owner, fields):
    (number,) = order_factory.keep(app, order_factory.order(**{"payment": "paid", **fields}))

    assert "Correct name" not in owner.get(f"/admin/orders/{number}").text
    assert save(owner, number, full_name="Njeri").status_code == 303
    assert order_of(app, number).full_name == "Achieng Otieno"


def test_of_two_who_correct_an_order_the_second_sees_what_the_first_saved(app, owner, staff):
    number = paid(app)
    address = f"/admin/orders/{number}/correct"
    old_page = hidden_fields(staff.get(address).text)
    save(owner, number, location="Gate B")
    reply = staff.post(address, {**old_page, **OLD, "full_name": "Njeri"})

    assert (reply.status_code, "Gate B" in reply.text, "Njeri" in reply.text) == (409, True, True)
    assert order_of(app, number).full_name == "Achieng Otieno"


def test_an_anonymised_order_keeps_nothing_of_what_was_corrected(app, owner):
    number = paid(app, placed_at=utcnow() - timedelta(days=90))
    save(owner, number, full_name="Njeri Kamau", location="Gate B")
    with app.app_context():
        write(lambda: db.session.execute(update(Order).values(fulfilment="delivered")))
        write(lambda: anonymise_order(db.session.query(Order).one(), utcnow()))

    words = search_terms(" ".join(event.words for event in events(app)))
    assert not words & {"achieng", "otieno", "market", "njeri", "kamau"}
