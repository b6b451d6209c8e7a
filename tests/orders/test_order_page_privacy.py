"""Privacy of order pages and of lost links."""

import re

import pytest

from shop.core.text import masked_email, masked_phone
from shop.emails.models import OutboxEmail
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.page_checks import CANARY
from tests.shopper import Shopper, hidden_fields


@pytest.fixture
def bought(shopper):
    return shopper.buy()


def without_token(page: str) -> str:
    return re.sub(r'name="csrf_token"[^>]*value="[^"]*"', "", page)


def ask(app, number: str, phone: str):
    visitor = Shopper(app)
    form = hidden_fields(visitor.get("/orders/find").text)
    return visitor.post("/orders/find", {**form, "order_number": number, "phone_number": phone})


def test_order_pages_are_neither_cached_nor_indexed(shopper, bought):
    for path in (bought.order_path, f"{bought.order_path}/status", f"{bought.order_path}?from=payment", "/orders/find"):
        reply = shopper.get(path)
        assert reply.headers["Cache-Control"] == "no-store"
        assert "noindex" in reply.headers["X-Robots-Tag"]
        assert reply.headers["Referrer-Policy"] == "same-origin"


def test_an_order_page_loads_nothing_from_other_sites(shopper, bought):
    page = shopper.get(bought.order_path).text

    loaded = re.findall(r'(?:src|href)="(https?:)?//([^/"]*)', page)
    assert {host for _, host in loaded} <= {"wa.me"}  # a link to press, not a thing that is loaded


@both_databases
def test_an_unknown_order_token_is_not_found(shopper, bought):
    token = bought.order_path.rsplit("/", 1)[1]
    shopper.get(bought.order_path)
    for other in (
        token[:-1],
        token + "A",
        token.swapcase(),
        "%00",
        f"{token}%00",
        "é",
        "%FF",
        "x" * 5000,
        "' OR 1=1 --",
    ):
        for path in (f"/orders/{other}", f"/orders/{other}/status", f"/orders/{other}?from=payment"):
            assert shopper.get(path).status_code == 404, path
        assert shopper.post(f"/orders/{other}/pay", {}).status_code == 404


def test_returning_from_the_payment_page_settles_nothing(shopper, bought, ledger):
    for query in ("from=payment", "from=payment&paid=true", "from=payment&status=success", "paid=true", "from=x"):
        assert shopper.get(f"{bought.order_path}?{query}").status_code in (200, 303)

    assert bought.status == {"payment": "awaiting", "attempt": "open", "fulfilment": "unfulfilled"}


def test_another_site_cannot_press_pay(shopper, bought, ledger):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert shopper.post(f"{bought.order_path}/pay", {}, headers=headers).status_code == 403
    assert ledger.count(PaymentAttempt) == 1


def test_text_of_a_buyer_is_escaped_on_the_order_page(shopper, ledger):
    bought = shopper.buy(full_name=CANARY, location=CANARY, note=CANARY)  # the page checker looks for it

    assert shopper.get(bought.order_path).status_code == 200


@both_databases
def test_a_lost_link_is_sent_to_the_orders_email_address_and_the_answer_is_always_the_same(app, bought, ledger):
    number = ledger.column("number", bought)
    right = ask(app, f"{number[:4]} {number[4:]}", "+254 712 345678")
    wrong = [ask(app, "12345678", "0712345678"), ask(app, number, "0712345679"), ask(app, number[::-1], "0799999999")]

    assert {reply.status_code for reply in (right, *wrong)} == {200}
    assert len({without_token(reply.text) for reply in (right, *wrong)}) == 1
    assert (
        ledger.count(OutboxEmail, OutboxEmail.kind == "order_link", OutboxEmail.recipient == "buyer@example.com") == 1
    )
    with app.app_context():
        mail = OutboxEmail.query.filter_by(kind="order_link").one()
        assert f"http://localhost{bought.order_path}" in mail.body


def test_repeated_requests_for_a_lost_link_send_few_emails(app, bought, ledger):
    number = ledger.column("number", bought)
    for _ in range(5):
        assert ask(app, number, "0712345678").status_code == 200

    assert ledger.mails("order_link") <= 2  # one an hour; the test may run across a full hour


def test_a_lookup_error_is_shown_beside_its_field(app):
    reply = ask(app, "12", "phone")

    assert reply.status_code == 422
    assert "Order number must be 8 digits" in reply.text
    assert 'value="12"' in reply.text


def test_a_lookup_from_an_expired_page_must_be_sent_again(app, bought, ledger):
    form = {"order_number": ledger.column("number", bought), "phone_number": "0712345678", "csrf_token": "old"}

    assert Shopper(app).post("/orders/find", form).status_code == 422
    assert ledger.mails("order_link") == 0


@both_databases
def test_an_order_page_shows_contact_details_masked(shopper, bought, ledger):
    for payment in ("awaiting", "paid", "expired", "review"):
        ledger.put_order(bought, payment=payment)
        page = shopper.get(bought.order_path).text

        for known in ("buyer@example.com", "buyer@", "712345678", "712 345 678", "345 678", "345678"):
            assert known not in page, (payment, known)
        assert '<span aria-hidden="true">0712 ••• 678</span>' in page
        assert "Phone number beginning with 0712, ending in 678</span>" in page
        assert '<span aria-hidden="true">b••••@example.com</span>' in page
        assert "Email address beginning with b, at example.com</span>" in page
        assert "Wanjiru Test" in page


@pytest.mark.parametrize(
    ("number", "ends"), [("254712345678", ("0712", "678")), ("254110345678", ("0110", "678")), ("12345", ("", "345"))]
)
def test_three_digits_of_a_phone_number_are_hidden(number, ends):
    assert masked_phone(number) == ends


@pytest.mark.parametrize(
    ("address", "ends"),
    [
        ("wanjiru@example.com", ("w", "example.com")),
        ("w@example.com", ("w", "example.com")),
        ('"a@b"@example.com', ('"', "example.com")),
    ],
)
def test_one_letter_of_an_email_address_is_shown(address, ends):
    assert masked_email(address) == ends
