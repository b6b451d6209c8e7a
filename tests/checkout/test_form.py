"""The checkout form and its errors."""

import pytest

from shop.core.database import db
from shop.emails.models import OutboxEmail
from tests import both_databases
from tests.page_checks import CANARY
from tests.shopper import ANSWERS, Shopper, hidden_fields

PHONE = "Phone number must be a Kenyan mobile, like 0712 345 678 or 0110 345 678"
EMAIL = "Enter an email address in the correct format, like name@example.com"
WHERE = "Enter where the rider should bring it, like an estate, building or landmark"
WEB = "Full name must be a name, without a web address. Put a space after each full stop"
HIDDEN = "Full name holds a character that cannot be seen. Type it instead of pasting it"
WRONG = [
    ("full_name", "", "Enter your full name"),
    ("full_name", "   \t ", "Enter your full name"),
    ("full_name", "\x00\x01", "Enter your full name"),
    ("full_name", "n" * 121, "Full name must be 120 characters or fewer"),
    ("full_name", "Win at https://evil.example", WEB),
    ("full_name", "WWW.evil.example", WEB),
    ("full_name", "claim at bit.ly/mkono", WEB),
    ("full_name", "ww\u200bw evil", HIDDEN),
    ("phone_number", "", "Enter your M-PESA phone number"),
    ("phone_number", "  ", "Enter your M-PESA phone number"),
    ("phone_number", "0712 FLOWER", PHONE),
    ("phone_number", "07123", PHONE),
    ("phone_number", "0" * 100_000, PHONE),
    ("phone_number", "0203456789", "Phone number is a landline. M-PESA needs a mobile, like 0712 345 678"),
    (
        "phone_number",
        "+255712345678",
        "Phone number is from another country. M-PESA needs a Kenyan mobile, like 0712 345 678",
    ),
    ("email", "", "Enter your email address"),
    ("email", " ", "Enter your email address"),
    ("email", "buyer", EMAIL),
    ("email", "buyer@", EMAIL),
    ("email", "buyer@example", EMAIL),
    ("email", "a@example.com, b@example.com", EMAIL),
    ("email", "a@example.com\r\nBcc: b@example.com", EMAIL),
    ("email", "jürgen@example.com", EMAIL),
    ("email", "b" * 245 + "@example.com", EMAIL),
    ("area", "", "Choose where it should go"),
    ("area", "999", "Choose where it should go"),
    ("area", "nairobi-cbd", "Choose where it should go"),
    ("location", "", WHERE),
    ("location", " \r\n ", WHERE),
    ("location", "l" * 251, "Address must be 250 characters or fewer"),
    ("note", "n" * 501, "Note must be 500 characters or fewer"),
    ("code", "NOTHING", "Discount code NOTHING is not known. Check the spelling"),
    ("code", "MWISHO20", "Discount code MWISHO20 has expired"),
    ("code", "asante 500", "Discount code ASANTE500 is for orders from KSh 5,000"),
]


def summary_of(page):
    """The error summary as [(id of the field, message)]."""
    box = next(element for element in page.iter("div") if element.get("class") == "error-summary")
    return [(link.get("href").removeprefix("#"), "".join(link.itertext())) for link in box.iter("a")]


def ids_of(page):
    return {element.get("id"): element for element in page.iter() if element.get("id")}


def typed_on(page):
    """The values of the checkout's fields."""
    form = next(form for form in page.iter("form") if form.get("action") == "/checkout")
    fields = {}
    for box in form.iter("input"):
        if box.get("type") == "radio":
            if box.get("checked") is not None:
                fields[box.get("name")] = box.get("value")
        elif box.get("name"):
            fields[box.get("name")] = box.get("value") or ""
    # a browser drops the first line break of a textarea, and so does html5lib
    return fields | {box.get("name"): "".join(box.itertext()).strip() for box in form.iter("textarea")}


@pytest.mark.parametrize(("field", "typed", "words"), WRONG)
def test_an_error_is_shown_in_the_summary_and_beside_its_field_and_answers_are_kept(
    shopper, count, field, typed, words
):
    shopper.add()
    form = shopper.fill_checkout(note="Ring twice") | {field: typed}
    reply = shopper.post("/checkout", form)

    assert reply.status_code == 200
    assert count() == 0
    page = shopper.page
    assert page.findtext(".//title").startswith("Error: ")
    assert summary_of(page) == [(field, words)]
    assert field in ids_of(page)
    beside = ids_of(page)[f"{field}-error"]
    assert "".join(beside.itertext()) == f"Error: {words}"
    kept = typed_on(page)
    for name in ("full_name", "phone_number", "email", "location", "note", "area"):
        if name != field:
            assert kept[name] == form[name], name
        elif len(typed) < 1000 and typed.isprintable() and typed.strip() and field != "area":
            assert kept[name] == typed


def test_all_errors_are_shown_at_once_in_page_order(shopper):
    shopper.add()
    nothing = dict.fromkeys(ANSWERS, "")
    reply = shopper.post("/checkout", {**shopper.fill_checkout(), **nothing, "area": ""})

    assert reply.status_code == 200
    assert [field for field, _ in summary_of(shopper.page)] == [
        "full_name",
        "phone_number",
        "email",
        "area",
        "location",
    ]


def test_missing_fields_count_as_empty(shopper, count):
    shopper.add()

    assert shopper.post("/checkout", {}).status_code == 200
    assert count() == 0


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("full_name", "n" * 120),
        ("full_name", "Ngũgĩ wa Thiong'o"),
        ("full_name", "Dr. J.K. Otieno-M'Imanyara 🧺"),
        ("email", "Buyer.Name+shop@Example.co.ke"),
        ("location", "l" * 250),
        ("location", "Plot 7, https://maps.example/pin"),
        ("note", "n" * 500),
        ("note", "Gate code\r\n12 #4"),
    ],
)
def test_an_answer_of_the_maximum_length_is_accepted(shopper, orders, field, typed):
    shopper.add()

    assert shopper.checkout(**{field: typed}).status_code == 303
    [order] = orders()
    kept = {"Buyer.Name+shop@Example.co.ke": "Buyer.Name+shop@example.co.ke", "Gate code\r\n12 #4": "Gate code\n12 #4"}
    assert getattr(order, field) == kept.get(typed, typed)


@both_databases
def test_invisible_characters_are_removed_from_answers(shopper, orders):
    shopper.add()
    shopper.checkout(
        full_name="  Wanjiru\x00\x1b[31m \u202eTest\u2066 \n",
        location="Blue\r\ngate,\tstage\x7f",
        note="first\x00\r\nsecond\u202e",
        email=" buyer@example.com\x00 ",
    )

    [order] = orders()
    assert order.full_name == "Wanjiru [31m Test"
    assert order.location == "Blue gate, stage"
    assert order.note == "first\nsecond"
    assert order.email == "buyer@example.com"


def test_an_international_email_address_is_stored_in_ascii(shopper, orders):
    shopper.add()
    shopper.checkout(email="jo@bücher.example")

    assert orders()[0].email == "jo@xn--bcher-kva.example"


def test_text_of_a_buyer_is_escaped_on_every_page(shopper, app, provider):
    shopper.add()
    canaries = {field: f"{field} {CANARY}{{{{7*7}}}}" for field in ("full_name", "location", "note")}
    form = shopper.fill_checkout(**canaries)
    html = shopper.post("/checkout", {**form, "email": CANARY, "phone_number": CANARY, "code": CANARY}).text
    assert html.count("&lt;canary&gt;") >= 5  # the shopper refuses a page with an unescaped one

    reply = shopper.checkout(**canaries)
    assert reply.status_code == 303
    html = shopper.get(
        f"/orders/{provider.requests[-1].body['redirect_urls']['success_url'].split('/')[-1].split('?')[0]}"
    ).text
    assert "full_name &lt;canary&gt;" in html
    assert "{{7*7}}" in html
    assert provider.requests[-1].body["customer_details"]["full_name"] == canaries["full_name"]
    with app.app_context():
        [mail] = db.session.query(OutboxEmail)
        assert "canary" not in mail.subject
        assert canaries["full_name"] in mail.body


def test_an_expired_form_keeps_its_answers(shopper, count):
    shopper.add()
    form = shopper.fill_checkout(note="Ring twice") | {"csrf_token": "stale"}
    reply = shopper.post("/checkout", form)

    assert reply.status_code == 200
    assert summary_of(shopper.page) == [
        ("main", "This page was open for too long. Nothing is lost: check it and press Pay again")
    ]
    assert "main" in ids_of(shopper.page)
    kept = typed_on(shopper.page)
    assert {name: kept[name] for name in ANSWERS} == {name: form[name] for name in ANSWERS}
    assert count() == 0

    again = {**form, **hidden_fields(reply.text)}
    reply = shopper.post("/checkout", again)
    if reply.status_code == 200:
        reply = shopper.post("/checkout", {**again, **hidden_fields(reply.text)})
    assert reply.status_code == 303


def test_a_csrf_token_of_another_visitor_is_refused(app, provider, shopper, count):
    other = Shopper(app, provider)
    other.add()
    shopper.add()
    form = shopper.fill_checkout() | {"csrf_token": other.fill_checkout()["csrf_token"]}

    assert shopper.post("/checkout", form).status_code == 200
    assert count() == 0
