"""The sandbox: its session requests, its page, and the callbacks it posts to the shop."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import html5lib
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from shop.chpter import Claim, Customer, read_callback
from shop.chpter.client import SESSION_PATH
from shop.chpter.sandbox import SandboxRefused, create_sandbox, serve
from shop.chpter.sandbox import app as serving
from shop.chpter.sandbox.sessions import MAX_SESSIONS
from tests.chpter.examples import CALLBACK_URL, TOKEN, documented, eventually, session_request

SHOP = "http://127.0.0.1:8000"
HEADERS = {"Authorization": f"Token {TOKEN}", "domain": "https://www.example.co.ke"}
OUTCOMES = ["pay", "low_balance", "cancelled", "late", "twice", "fail_then_pay", "wrong_amount", "silent"]


@pytest.fixture
def sandbox() -> FlaskClient:
    return create_sandbox(token=TOKEN, shop_origin=SHOP, late_seconds=0.4, second_seconds=0.3).test_client()


class Shop:
    """A shop that keeps every callback it receives, and answers 200."""

    def __init__(self) -> None:
        self.callbacks: list[bytes] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                shop.callbacks.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200 if self.headers["Content-Type"] == "application/json" else 415)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.callback_url = f"http://127.0.0.1:{self.server.server_port}/chpter/callbacks/secret"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.server.shutdown()
    shop.server.server_close()


def request_session(sandbox: FlaskClient, body: object = None, **headers: str) -> TestResponse:
    return sandbox.post(SESSION_PATH, json=body or session_request().body(), headers={**HEADERS, **headers})


def open_page(sandbox: FlaskClient, **changes: object) -> str:
    """The path of a new payment page."""
    reply = request_session(sandbox, session_request(**changes).body()).get_json()
    return urlsplit(reply["checkout_link"]).path


def press(sandbox: FlaskClient, shop: Shop, outcome: str, method: str = "MPESA", **changes: object) -> str:
    """Press a button of a new payment page; where the buyer is sent."""
    urls = {"success_url": f"{SHOP}/good", "failed_url": f"{SHOP}/bad", "callback_url": shop.callback_url}
    path = open_page(sandbox, **{"order_id": 945, **urls, **changes})
    reply = sandbox.post(path, data={"outcome": outcome, "method": method})
    assert reply.status_code == 303
    return reply.headers["Location"].removeprefix(SHOP)


def test_a_session_is_answered_as_documented(sandbox):
    reply = request_session(sandbox).get_json()

    assert list(reply) == ["checkout_link", "status", "order_id"]
    assert reply["checkout_link"].startswith("http://localhost/checkout.sessions/hosted/session/")
    assert (reply["status"], reply["order_id"]) == (True, "123")


@pytest.mark.parametrize("sent", ["", TOKEN, f"Bearer {TOKEN}", f"token {TOKEN}", f"Token {TOKEN}x", "Tokén ü"])
def test_a_wrong_token_is_refused_in_the_documented_words(sandbox, sent):
    reply = request_session(sandbox, Authorization=sent)

    assert (reply.status_code, reply.json) == (401, {"message": "Invalid authentication credentials"})


def test_a_request_that_is_no_json_of_a_shop_says_what_to_send(sandbox):
    as_json = {**HEADERS, "Content-Type": "application/json"}

    replies = [
        (request_session(sandbox, domain=""), 400, "domain"),
        (sandbox.post(SESSION_PATH, data={"a": "b"}, headers=HEADERS), 400, "application/json"),
        (sandbox.post(SESSION_PATH, data=b'{"amount":', headers=as_json), 400, "JSON object"),
        (sandbox.post(SESSION_PATH, data=b" " * 70_000, headers=as_json), 413, ""),
        (request_session(sandbox, Host="evil.example"), 400, ""),
    ]
    for reply, status, words in replies:
        assert reply.status_code == status
        assert words in reply.text and "evil.example" not in reply.text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_details", []),
        ("customer_details.full_name", " "),
        ("customer_details.location", 7),
        ("customer_details.phone_number", "0712345678"),
        ("customer_details.email", "nobody"),
        ("amount.order_id", "A-1"),
        ("amount.delivery_fee", 0.5),
        ("amount.discount_fee", "-5"),
        ("amount.total", "0"),
        ("amount.total", "100.50"),
        ("amount.currency", "KSh."),
        ("redirect_urls", None),
        ("redirect_urls.success_url", "/orders/1"),
        ("redirect_urls.failed_url", None),
        ("redirect_urls.callback_url", "http://127.0.0.1@evil.example/"),
        ("redirect_urls.callback_url", "http://10.0.0.1/"),
    ],
)
def test_a_wrong_field_is_named_with_its_cure(sandbox, field, value):
    body = session_request().body()
    part, _, name = field.partition(".")
    holder, key = (body[part], name) if name else (body, part)
    holder[key] = value

    reply = request_session(sandbox, body)

    assert (reply.status_code, reply.json["field"]) == (400, field)
    assert reply.json["message"].startswith(f"{field} ")


def test_amounts_sent_as_numbers_are_accepted_with_a_warning_and_a_location_may_be_missing(sandbox, caplog):
    body = session_request().body()
    body["amount"].update(total=100, delivery_fee=0, order_id=123)
    del body["customer_details"]["location"]

    reply = request_session(sandbox, body).json

    assert (reply["status"], reply["order_id"]) == (True, "123")
    assert 'amount.total was sent as a number. Chpter documents a string: "100".' in caplog.text
    page = sandbox.get(urlsplit(reply["checkout_link"]).path).text
    assert "amount.delivery_fee was sent as a number" in page


def test_the_page_says_what_is_paid_to_whom_has_a_button_for_each_outcome_and_shows_no_secret(sandbox):
    customer = Customer("<b>Jo</b>{{7*7}}", "254700123123", "jo@mail.com", "")
    path = open_page(sandbox, order_id=945, total=2450, discount_fee=50, customer=customer)
    reply = sandbox.get(path)
    page = reply.text

    html5lib.HTMLParser(strict=True).parse(page)
    for words in ("Sandbox", "No money moves", "www.example.co.ke", "KSh 2,450", "945", "0700 123 123", "KSh 50"):
        assert words in page
    assert "0.4 seconds later" in page and "KSh 1,225 arrives" in page
    assert "<b>Jo</b>" not in page and "&lt;b&gt;Jo&lt;/b&gt;{{7*7}}" in page
    assert re.findall(r'name="outcome" value="(\w+)"', page) == OUTCOMES
    assert re.findall(r'name="method" value="(\w+)"', page) == ["MPESA", "CARD"]
    policy = reply.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'; ") and "unsafe" not in policy
    assert policy.endswith("; form-action 'self' http://127.0.0.1:8000")
    for outcome, method in (("steal", "MPESA"), ("pay", "X"), ("", "")):
        assert sandbox.post(path, data={"outcome": outcome, "method": method}).status_code == 400
    assert "USD 1,000" in sandbox.get(open_page(sandbox, currency="USD", total=1000)).text
    assert CALLBACK_URL not in page and TOKEN not in page


def test_the_oldest_session_is_forgotten_and_its_page_says_what_to_do(sandbox):
    first, second = open_page(sandbox), open_page(sandbox)
    for _ in range(MAX_SESSIONS - 1):
        open_page(sandbox)

    assert sandbox.get(second).status_code == 200
    reply = sandbox.get(first)
    assert reply.status_code == 404
    assert "no payment session here" in reply.text
    html5lib.HTMLParser(strict=True).parse(reply.text)


@pytest.mark.parametrize(
    ("outcome", "method", "payloads", "sent_to"),
    [
        ("pay", "MPESA", ["mpesa_success"], "/good"),
        ("pay", "CARD", ["card_success"], "/good"),
        ("twice", "MPESA", ["mpesa_success", "mpesa_success"], "/good"),
        ("low_balance", "MPESA", ["mpesa_failure"], "/bad"),
        ("low_balance", "CARD", ["card_failure"], "/bad"),
        ("silent", "MPESA", [], "/good"),
    ],
)
def test_the_documented_callbacks_are_sent_word_for_word(sandbox, shop, outcome, method, payloads, sent_to):
    assert press(sandbox, shop, outcome, method) == sent_to
    assert [list(json.loads(raw).items()) for raw in shop.callbacks] == [
        list(json.loads(documented(name)).items()) for name in payloads
    ]


def test_other_outcomes_change_the_message_the_amount_or_the_time(sandbox, shop):
    assert press(sandbox, shop, "cancelled") == "/bad"
    assert press(sandbox, shop, "wrong_amount", total=2450) == "/good"
    assert press(sandbox, shop, "wrong_amount", total=1) == "/good"
    read = [read_callback(raw) for raw in shop.callbacks]
    assert (read[0].claim, read[0].message) == (Claim.NO, "Request cancelled by user")
    assert [(callback.claim, callback.amount) for callback in read[1:]] == [(Claim.YES, 1225), (Claim.YES, 2)]
    shop.callbacks.clear()

    assert press(sandbox, shop, "late") == "/good"
    assert shop.callbacks == []
    assert eventually(lambda: len(shop.callbacks) == 1)
    assert press(sandbox, shop, "fail_then_pay") == "/bad"
    assert eventually(lambda: len(shop.callbacks) == 3)
    assert [read_callback(raw).claim for raw in shop.callbacks] == [Claim.YES, Claim.NO, Claim.YES]


def test_a_link_can_be_paid_again_and_lists_the_answers_of_a_shop_that_may_be_away(sandbox):
    path = open_page(sandbox, callback_url="http://127.0.0.1:9/chpter/callbacks/secret-7d1f")
    for outcome in ("low_balance", "pay"):
        assert sandbox.post(path, data={"outcome": outcome, "method": "MPESA"}).status_code == 303

    page = sandbox.get(path).text
    assert "M-PESA Payment Successful (KSh 100)" in page and "Insufficient funds (KSh 100)" in page
    assert "no answer" in page
    assert "secret-7d1f" not in page


@pytest.mark.parametrize("origin", ["https://127.0.0.1:8000", "http://shop.example", "http://192.168.1.2:8000", "x"])
def test_the_sandbox_serves_only_a_shop_on_this_machine_with_a_token(origin):
    with pytest.raises(SandboxRefused, match="on this machine"):
        create_sandbox(token=TOKEN, shop_origin=origin)
    with pytest.raises(SandboxRefused, match="token"):
        create_sandbox(token="", shop_origin=SHOP)


def test_the_sandbox_listens_on_this_machine_only(monkeypatch):
    served = []
    monkeypatch.setattr(
        serving, "make_server", lambda *where, **how: SimpleNamespace(serve_forever=lambda: served.append((where, how)))
    )

    serve("app", port=8123)
    with pytest.raises(SandboxRefused, match=r"127\.0\.0\.1"):
        serve("app", host="0.0.0.0")

    assert served == [(("127.0.0.1", 8123, "app"), {"threaded": True})]
