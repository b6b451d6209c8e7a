"""Name, phone, email, address and note of an order can be corrected until it is sent."""

import pytest
from sqlalchemy import select

from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.orders.models import Order
from shop.orders.search_index import search_terms
from tests import both_databases, order_factory
from tests.admin.orders.test_fulfilment import events, order_of, paid
from tests.admin_client import STAFF
from tests.page_checks import CANARY
from tests.shopper import hidden_fields

OLD = {"full_name": "Achieng Otieno", "phone_number": "0722 000 111", "email": "achieng@example.com"}
OLD |= {"location": "Behind the market", "note": ""}


def save(owner, number: str, **typed: str):
    form = hidden_fields(owner.get(f"/admin/orders/{number}").text)  # the token, where the form itself is refused
    form |= hidden_fields(owner.get(f"/admin/orders/{number}/correct").text)
    return owner.post(f"/admin/orders/{number}/correct", {**form, **OLD, **typed})


@both_databases
def test_what_was_wrong_is_corrected_everywhere_and_the_old_stays_for_the_merchant(app, staff, shopper):
    number = paid(app)
    typed = {"phone_number": "+254 733 444 555", "location": f"Section 58, Nakuru {CANARY}", "note": "Call first"}

    assert save(staff, number, **typed).status_code == 303

    order = order_of(app, number)
    assert (order.phone_number, order.location, order.note) == ("254733444555", typed["location"], "Call first")
    assert (order.full_name, order.total, order.area_name) == ("Achieng Otieno", 2450, "Nairobi CBD")
    for slip in ("rider", "packing"):
        page = staff.get(f"/admin/print?slip={slip}&order={number}").text
        assert "0733 444 555" in page and "0722 000 111" not in page
    said = [(event.words, event.actor, event.for_buyer) for event in events(app)][1:]
    assert said == [
        ("Corrected phone number. It was: 0722 000 111", STAFF, False),
        ("Corrected address. It was: Behind the market", STAFF, False),
        ("Corrected note. It was: empty", STAFF, False),
        ("We corrected these details of your order: phone number, address, note", "", True),
    ]
    buyer = shopper.get(f"/orders/{order.token}").text
    assert "We corrected these details" in buyer and "Behind the market" not in buyer and "0722 000 111" not in buyer


@both_databases
def test_the_order_is_found_by_what_is_right_and_no_more_by_what_was_wrong(app, owner):
    number = paid(app)
    save(owner, number, full_name="Njeri Kamau", phone_number="0733444555")

    sought = ("njeri", "444555", "kiondo", number, "otieno", "0722000111")
    found = [q for q in sought if f"orders/{number}" in owner.get("/admin/", query_string={"q": q}).text]
    assert found == ["njeri", "444555", "kiondo", number]


def test_emails_that_have_not_left_go_to_the_right_address(app, owner):
    number = paid(app, fulfilment="packed")
    page = hidden_fields(owner.get(f"/admin/orders/{number}").text)
    message = {"csrf_token": page["csrf_token"], "message": "The rider comes at four", "idempotency_key": "k" * 22}
    owner.post(f"/admin/orders/{number}/message", message)
    save(owner, number, email="njeri@example.com")

    with app.app_context():
        assert db.session.scalars(select(OutboxEmail.recipient)).all() == ["njeri@example.com"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"full_name": " "}, "Enter the buyer’s name"),
        ({"phone_number": "020 1234"}, "Phone number must"),
        ({"email": "njeri@"}, "Enter an email address in the correct format"),
        ({"location": "x" * 251}, "Address must be 250 characters or fewer"),
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
def test_what_has_left_or_is_closed_stays_as_it_is(app, owner, fields):
    (number,) = order_factory.keep(app, order_factory.order(**{"payment": "paid", **fields}))

    assert "Correct name" not in owner.get(f"/admin/orders/{number}").text
    assert save(owner, number, full_name="Njeri").status_code == 303
    assert order_of(app, number).full_name == "Achieng Otieno"


@both_databases
def test_of_two_who_correct_at_once_the_second_sees_what_the_first_wrote(app, owner, staff):
    number = paid(app)
    address = f"/admin/orders/{number}/correct"
    old_page = hidden_fields(staff.get(address).text)
    save(owner, number, location="Gate B")
    reply = staff.post(address, {**old_page, **OLD, "full_name": "Njeri"})

    assert reply.status_code == 409
    assert "Gate B" in reply.text and "Njeri" in reply.text
    assert order_of(app, number).full_name == "Achieng Otieno"


def test_an_anonymised_order_keeps_nothing_of_what_was_corrected(app, owner):
    from datetime import timedelta

    from shop.core.clock import utcnow
    from shop.core.database import write
    from shop.privacy.anonymise import anonymise_order

    number = paid(app, placed_at=utcnow() - timedelta(days=90))
    save(owner, number, full_name="Njeri Kamau", location="Gate B")
    with app.app_context():

        def be_gone() -> None:
            order = db.session.scalars(select(Order).where(Order.number == number)).one()
            order.fulfilment = "delivered"
            db.session.flush()
            anonymise_order(order, utcnow())

        write(be_gone)

    said = " ".join(event.words for event in events(app))
    assert not search_terms(said) & {"achieng", "otieno", "market", "njeri", "kamau"}


def test_the_other_orders_of_a_phone_number_are_one_tap_away(app, owner):
    numbers = [paid(app), paid(app)]
    owner.get(f"/admin/orders/{numbers[0]}")
    [link] = [one.get("href") for one in owner.page.iter("a") if one.text == "All orders with this phone number"]

    page = owner.get(link).text
    assert all(f"orders/{number}" in page for number in numbers)
