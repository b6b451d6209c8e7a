"""The sandbox as a buyer meets it: one page that works in any browser and pretends nothing."""

import re

import html5lib
import pytest
from flask.testing import FlaskClient

from shop.chpter import Customer
from shop.chpter.client import SESSION_PATH
from shop.chpter.sandbox import create_sandbox
from shop.chpter.sandbox.sessions import MAX_SESSIONS
from tests.chpter.examples import TOKEN, session_request

HEADERS = {"Authorization": f"Token {TOKEN}", "domain": "https://www.example.co.ke"}
ENDINGS = {
    "pay": "Pay",
    "low_balance": "Balance too low",
    "cancelled": "Cancelled by the buyer",
    "late": "Paid, but the callback comes late",
    "twice": "Paid twice",
    "fail_then_pay": "Failure, then success",
    "wrong_amount": "Wrong amount",
    "silent": "No callback at all",
}


@pytest.fixture
def visitor() -> FlaskClient:
    return create_sandbox(token=TOKEN, shop_origin="http://127.0.0.1:8000").test_client()


def open_page(visitor: FlaskClient, **changes: object) -> str:
    """The path of a fresh payment page."""
    reply = visitor.post(SESSION_PATH, json=session_request(**changes).body(), headers=HEADERS).get_json()
    return str(reply["checkout_link"]).removeprefix("http://localhost")


def test_the_page_says_what_is_paid_to_whom_and_that_it_is_a_sandbox(visitor):
    page = visitor.get(open_page(visitor, order_id=945, total=2450, discount_fee=50)).text

    for words in (
        "Sandbox",
        "No money moves",
        "www.example.co.ke",
        "KSh 2,450",
        "945",
        "0700 123 123",
        "KSh 50",
    ):
        assert words in page
    assert "15 seconds later" in page
    assert "KSh 1,225 arrives" in page


def test_every_ending_is_a_button_of_one_form(visitor):
    page = visitor.get(open_page(visitor)).text

    found = dict(re.findall(r'name="outcome" value="(\w+)"[^>]*>\s*(?:<span[^>]*>)?([^<]+)<', page))
    assert found == ENDINGS
    assert page.count("<form") == 1
    assert re.findall(r'name="method" value="(\w+)"', page) == ["MPESA", "CARD"]


def test_the_page_is_valid_html_with_one_heading_no_script_and_no_card_field(visitor):
    page = visitor.get(open_page(visitor)).text
    parser = html5lib.HTMLParser(strict=True)

    parser.parse(page)

    assert page.count("<h1") == 1
    for unwanted in ("<script", "<style", " style=", "onclick", 'type="text"', "http://", "https://"):
        assert unwanted not in page.replace("http://www.w3.org/2000/svg", "")
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_nothing_a_buyer_typed_becomes_markup(visitor):
    customer = Customer("<b>Jo</b>{{7*7}}", "254700123123", "jo@mail.com", "")
    page = visitor.get(open_page(visitor, customer=customer)).text

    assert "<b>Jo</b>" not in page
    assert "&lt;b&gt;Jo&lt;/b&gt;{{7*7}}" in page


def test_the_page_never_shows_the_callback_address_or_the_token(visitor):
    path = open_page(visitor, callback_url="http://127.0.0.1:9/chpter/callbacks/secret-7d1f")
    visitor.post(path, data={"outcome": "pay", "method": "MPESA"})
    page = visitor.get(path).text

    assert "What the shop was told" in page
    assert "M-PESA Payment Successful (KSh 100)" in page
    assert "secret-7d1f" not in page
    assert TOKEN not in page


def test_another_currency_is_shown_by_its_code(visitor):
    assert "USD 1,000" in visitor.get(open_page(visitor, currency="USD", total=1000)).text


@pytest.mark.parametrize(
    "data",
    [{}, {"outcome": "pay"}, {"outcome": "steal", "method": "MPESA"}, {"outcome": "pay", "method": "X"}],
)
def test_a_button_that_does_not_exist_does_nothing(visitor, data):
    assert visitor.post(open_page(visitor), data=data).status_code == 400


def test_an_unknown_session_has_a_page_that_says_what_to_do(visitor):
    answer = visitor.get("/checkout.sessions/hosted/session/unknown")

    assert answer.status_code == 404
    assert "no payment session here" in answer.text
    assert answer.text.count("<h1") == 1
    html5lib.HTMLParser(strict=True).parse(answer.text)


def test_the_oldest_sessions_are_forgotten(visitor):
    first = open_page(visitor)
    second = open_page(visitor)
    for _ in range(MAX_SESSIONS - 1):
        open_page(visitor)

    assert visitor.get(first).status_code == 404
    assert visitor.get(second).status_code == 200


def test_every_answer_carries_strict_headers(visitor):
    path = open_page(visitor)
    answers = [
        visitor.get(path),
        visitor.get("/nowhere"),
        visitor.get(SESSION_PATH),
        visitor.post(SESSION_PATH),
        visitor.get("/static/sandbox.css"),
        visitor.post(path, data={"outcome": "silent", "method": "CARD"}),
    ]

    assert [answer.status_code for answer in answers] == [200, 404, 405, 401, 200, 303]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers


def test_the_form_may_end_at_the_shop_and_nowhere_else(visitor):
    policy = visitor.get(open_page(visitor)).headers["Content-Security-Policy"]

    assert policy.endswith("; form-action 'self' http://127.0.0.1:8000")


def test_another_host_name_is_not_answered(visitor):
    answer = visitor.post(SESSION_PATH, headers={**HEADERS, "Host": "evil.example"}, json=session_request().body())

    assert answer.status_code == 400
    assert "evil.example" not in answer.text


def test_a_body_beyond_any_real_one_is_refused(visitor):
    answer = visitor.post(SESSION_PATH, headers={**HEADERS, "Content-Type": "application/json"}, data=b" " * 70_000)

    assert answer.status_code == 413
