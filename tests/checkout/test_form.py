"""The checkout form and its errors."""

import pytest
from werkzeug.datastructures import MultiDict

from shop.checkout.forms import CheckoutForm
from shop.core.database import db
from shop.emails.models import OutboxEmail
from shop.pricing.models import DeliveryArea
from tests.checkout.page_parser import shown_form
from tests.page_checks import CANARY
from tests.shopper import ANSWERS, Shopper, hidden_fields

PHONE = (
    "Phone number must be a Kenyan mobile, like 0712 345 678 or 0110 345 678. "
    "If it is from another country, begin with +"
)
EMAIL = "Enter an email address in the correct format, like name@example.com"
AREA = "Choose where it should go"
WHERE = "Enter where the rider should bring it, like an estate, building or landmark"
WEB = "Full name must be a name, without a web address. Put a space after each full stop"
HIDDEN = "Full name holds a character that cannot be seen. Type it instead of pasting it"
LANDLINE = "Phone number is a landline. M-PESA needs a mobile, like 0712 345 678"
WRONG = [
    ("full_name", "", "Enter your full name"),
    ("full_name", "   \t ", "Enter your full name"),
    ("full_name", "\x00\x01", "Enter your full name"),
    ("full_name", "n" * 121, "Full name must be 120 characters or fewer"),
    ("full_name", "claim at bit.ly/mkono", WEB),
    ("full_name", "ww\u200bw evil", HIDDEN),
    ("phone_number", "", "Enter your phone number"),
    ("phone_number", "  ", "Enter your phone number"),
    ("phone_number", "0712 FLOWER", PHONE),
    ("phone_number", "0" * 100_000, PHONE),
    ("phone_number", "0203456789", LANDLINE),
    *(("email", text, EMAIL) for text in ("buyer", "buyer@", "buyer@example", "jürgen@example.com")),
    ("email", "a@example.com, b@example.com", EMAIL),
    ("email", "a@example.com\r\nBcc: b@example.com", EMAIL),
    ("email", "b" * 245 + "@example.com", EMAIL),
    *(("area", text, AREA) for text in ("", "999", "nairobi-cbd")),
    ("location", "", WHERE),
    ("location", " \r\n ", WHERE),
    ("location", "l" * 251, "Address must be 250 characters or fewer"),
    ("note", "n" * 501, "Note must be 500 characters or fewer"),
]
VALID = {**ANSWERS, "area": "1"}


def validated(app, **answers):
    """The form of a shop with one delivery area, filled in."""
    with app.test_request_context(method="POST"):
        form = CheckoutForm(formdata=MultiDict({**VALID, **answers}))
        form.offer([DeliveryArea(id=1, name="Nairobi CBD", pickup=False)])
        form.validate()
        return form, {name: message for name, [message, *_] in form.errors.items() if name != "csrf_token"}


@pytest.mark.parametrize(("field", "typed", "words"), WRONG)
def test_a_wrong_answer_has_one_error(app, field, typed, words):
    assert validated(app, **{field: typed})[1] == {field: words}


@pytest.mark.parametrize(
    ("field", "typed", "kept"),
    [
        ("full_name", "n" * 120, None),
        ("full_name", "Ngũgĩ wa Thiong'o", None),
        ("full_name", "Dr. J.K. Otieno-M'Imanyara 🧺", None),
        ("full_name", "  Wanjiru\x00\x1b[31m \u202eTest\u2066 \n", "Wanjiru [31m Test"),
        ("email", "Buyer.Name+shop@Example.co.ke", "Buyer.Name+shop@example.co.ke"),
        ("email", "jo@bücher.example", "jo@xn--bcher-kva.example"),
        ("email", " buyer@example.com\x00 ", "buyer@example.com"),
        ("location", "l" * 250, None),
        ("location", "Plot 7, https://maps.example/pin", None),
        ("location", "Blue\r\ngate,\tstage\x7f", "Blue gate, stage"),
        ("note", "n" * 500, None),
        ("note", "Gate code\r\n12 #4", "Gate code\n12 #4"),
        ("note", "first\x00\r\nsecond\u202e", "first\nsecond"),
    ],
)
def test_an_answer_is_kept_without_invisible_characters_up_to_its_length(app, field, typed, kept):
    form, errors = validated(app, **{field: typed})

    assert errors == {}
    with app.app_context():
        assert getattr(form.buyer(), field) == (kept or typed)


@pytest.mark.parametrize(
    ("answers", "asked"),
    [
        ({"phone_number": "0122 345 678"}, "Please check 0122 345 678"),
        ({"email": "wanjiru@gmail.con"}, "Did you mean wanjiru@gmail.com?"),
    ],
)
def test_an_unusual_answer_must_be_confirmed_once(shopper, answers, asked):
    shopper.add()
    form = shown_form(shopper, **answers)
    reply = shopper.post("/checkout", form)
    assert asked in reply.text

    form |= {**hidden_fields(reply.text), "email": "wanjiru@yaho.com"}
    reply = shopper.post("/checkout", form)
    assert "Did you mean wanjiru@yahoo.com?" in reply.text  # another unusual answer is asked about too

    assert shopper.post("/checkout", {**form, **hidden_fields(reply.text)}).status_code == 303


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


def test_errors_are_shown_in_page_order_in_the_summary_and_beside_their_fields(shopper, orders):
    shopper.add()
    wrong = {"full_name": "n" * 121, "phone_number": "0203456789", "email": "buyer@", "location": "", "code": "NOTHING"}
    form = shopper.fill_checkout(note="Ring twice") | wrong | {"area": ""}

    assert shopper.post("/checkout", form).status_code == 200
    page = shopper.page
    assert page.findtext(".//title").startswith("Error: ")
    summary = summary_of(page)
    assert summary == [
        ("full_name", "Full name must be 120 characters or fewer"),
        ("phone_number", LANDLINE),
        ("email", EMAIL),
        ("area", AREA),
        ("location", WHERE),
        ("code", "Discount code NOTHING is not known. Check the spelling"),
    ]
    for field, words in summary:
        assert field in ids_of(page)
        assert "".join(ids_of(page)[f"{field}-error"].itertext()) == f"Error: {words}"
    kept = typed_on(page)
    assert {name: kept[name] for name in (*wrong, "note")} == {**wrong, "note": "Ring twice"}
    for length in (250, 500):  # of address and note
        assert f"Up to {length} characters." in "".join(page.itertext())

    assert shopper.post("/checkout", {}).status_code == 200
    assert orders() == []


def test_text_of_a_buyer_is_escaped_on_every_page(shopper, app, provider):
    shopper.add()
    canaries = {field: f"{field} {CANARY}{{{{7*7}}}}" for field in ("full_name", "location", "note")}
    form = shopper.fill_checkout(**canaries)
    html = shopper.post("/checkout", {**form, "email": CANARY, "phone_number": CANARY, "code": CANARY}).text
    assert html.count("&lt;canary&gt;") >= 5  # the shopper refuses a page with an unescaped one

    bought = shopper.buy(**canaries)
    html = shopper.get(bought.order_path).text
    assert "full_name &lt;canary&gt;" in html
    assert "{{7*7}}" in html
    assert bought.asked["customer_details"]["full_name"] == canaries["full_name"]
    with app.app_context():
        [mail] = db.session.query(OutboxEmail)
        assert "canary" not in mail.subject
        assert canaries["full_name"] in mail.body


def test_an_expired_form_or_the_csrf_token_of_another_visitor_keeps_the_answers(app, provider, shopper, orders):
    other = Shopper(app, provider)
    other.add()
    shopper.add()
    for token in ("stale", other.fill_checkout()["csrf_token"]):
        form = shopper.fill_checkout(note="Ring twice") | {"csrf_token": token}
        reply = shopper.post("/checkout", form)

        assert reply.status_code == 200
        assert summary_of(shopper.page) == [
            ("main", "This page was open for too long. Nothing is lost: check it and press Pay again")
        ]
        assert "main" in ids_of(shopper.page)
        kept = typed_on(shopper.page)
        assert {name: kept[name] for name in ANSWERS} == {name: form[name] for name in ANSWERS}
    assert orders() == []

    reply = shopper.post("/checkout", {**form, **hidden_fields(reply.text)})
    if reply.status_code == 200:
        reply = shopper.post("/checkout", {**form, **hidden_fields(reply.text)})
    assert reply.status_code == 303
