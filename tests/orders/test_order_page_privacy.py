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


def ask(app, number: str, phone: str):
    visitor = Shopper(app)
    form = hidden_fields(visitor.get("/orders/find").text)
    return visitor.post("/orders/find", {**form, "order_number": number, "phone_number": phone})


def test_order_pages_are_neither_cached_nor_indexed_and_load_nothing_from_other_sites(shopper, bought):
    for path in (bought.order_path, f"{bought.order_path}/status", f"{bought.order_path}?from=payment", "/orders/find"):
        reply = shopper.get(path)
        assert reply.headers["Cache-Control"] == "no-store"
        assert "noindex" in reply.headers["X-Robots-Tag"]
        assert reply.headers["Referrer-Policy"] == "same-origin"

    hosts = re.findall(r'(?:src|href)="(?:https?:)?//([^/"]*)', shopper.get(bought.order_path).text)
    assert set(hosts) <= {"wa.me"}  # a link


def test_the_browser_that_placed_an_order_finds_it_again_and_no_other_does(app, shopper, bought):
    assert f'<a class="touch-link" href="{bought.order_path}">Order ' in shopper.get("/orders/find").text
    assert bought.order_path not in Shopper(app).get("/orders/find").text


@both_databases
def test_an_unknown_order_token_is_not_found(shopper, bought):
    token = bought.order_path.rsplit("/", 1)[1]
    variants = (token[:-1], token + "A", token.swapcase(), f"{token}%00")
    for other in (*variants, "%00", "é", "%FF", "x" * 5000, "' OR 1=1 --"):
        for path in (f"/orders/{other}", f"/orders/{other}/status", f"/orders/{other}?from=payment"):
            assert shopper.get(path).status_code == 404, path
        assert shopper.post(f"/orders/{other}/pay", {}).status_code == 404


def test_returning_from_the_payment_page_settles_nothing(shopper, bought):
    for query in ("from=payment", "from=payment&paid=true", "from=payment&status=success", "paid=true", "from=x"):
        assert shopper.get(f"{bought.order_path}?{query}").status_code in (200, 303)

    assert bought.status == {"payment": "awaiting", "attempt": "open", "fulfilment": "unfulfilled"}


def test_another_site_cannot_press_pay(shopper, bought, ledger):
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert shopper.post(f"{bought.order_path}/pay", {}, headers=headers).status_code == 403
    assert ledger.count(PaymentAttempt) == 1


def test_text_of_a_buyer_is_escaped_on_the_order_page(shopper):
    bought = shopper.buy(full_name=CANARY, location=CANARY, note=CANARY)  # the page checker looks for it

    assert shopper.get(bought.order_path).status_code == 200


def test_a_lost_link_is_sent_to_the_orders_email_address_and_the_answer_is_always_the_same(app, bought, ledger):
    number = ledger.column("number", bought)
    right = [ask(app, number, "0712345678") for _ in range(4)]
    right.append(ask(app, f"{number[:4]} {number[4:]}", "+254 712 345678"))
    wrong = [ask(app, "12345678", "0712345678"), ask(app, number, "0712345679"), ask(app, number[::-1], "0799999999")]

    assert {reply.status_code for reply in (*right, *wrong)} == {200}
    without_token = {re.sub(r'name="csrf_token"[^>]*value="[^"]*"', "", reply.text) for reply in (*right, *wrong)}
    assert len(without_token) == 1
    with app.app_context():
        emails = OutboxEmail.query.filter_by(kind="order_link").all()
    assert 1 <= len(emails) <= 2  # one an hour; the test may run across a full hour
    assert all(email.recipient == "buyer@example.com" for email in emails)
    assert all(f"http://localhost{bought.order_path}" in email.body for email in emails)


def test_a_lookup_with_an_error_or_from_an_expired_page_is_shown_again(app, bought, ledger):
    reply = ask(app, "12", "phone")
    form = {"order_number": ledger.column("number", bought), "phone_number": "0712345678", "csrf_token": "old"}

    assert reply.status_code == Shopper(app).post("/orders/find", form).status_code == 422
    assert "Order number must be 8 digits" in reply.text
    assert 'value="12"' in reply.text
    assert ledger.mails("order_link") == 0


def test_an_order_page_shows_contact_details_masked(shopper, bought, ledger):
    for payment in ("awaiting", "paid", "expired", "review"):
        ledger.put_order(bought, payment=payment)
        page = shopper.get(bought.order_path).text

        for hidden in ("buyer@", "712345678", "712 345 678", "345 678", "345678"):
            assert hidden not in page, (payment, hidden)
        assert '<span aria-hidden="true">0712 ••• 678</span>' in page
        assert "Phone number beginning with 0712, ending in 678</span>" in page
        assert '<span aria-hidden="true">b••••@example.com</span>' in page
        assert "Email address beginning with b, at example.com</span>" in page
        assert "Wanjiru Test" in page

    assert masked_phone("254110345678") == ("0110", "678")
    assert masked_phone("12345") == ("", "345")
    assert masked_email("w@example.com") == ("w", "example.com")
    assert masked_email('"a@b"@example.com') == ('"', "example.com")
