"""The sandbox as the shop's server meets it: headers, body, reply, and callbacks over real HTTP."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from shop.chpter import Claim, read_callback
from shop.chpter.client import SESSION_PATH, ChpterClient
from shop.chpter.sandbox import SandboxRefused, create_sandbox, serve
from shop.chpter.sandbox import app as serving
from tests.chpter.examples import TOKEN, documented, eventually, session_request

SHOP = "http://127.0.0.1:8000"
HEADERS = {"Authorization": f"Token {TOKEN}", "domain": "https://www.example.co.ke"}


class Shop:
    """A shop that writes down every callback it gets, and answers 200."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.content_types: list[str] = []
        shop = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                shop.content_types.append(self.headers["Content-Type"])
                shop.heard.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.callback_url = f"http://127.0.0.1:{self._server.server_port}/chpter/callbacks/secret"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Running:
    """A sandbox on a free port of 127.0.0.1."""

    def __init__(self, app: Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def shop() -> Iterator[Shop]:
    shop = Shop()
    yield shop
    shop.close()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    running = Running(create_sandbox(token=TOKEN, shop_origin=SHOP, late_seconds=0.4, second_seconds=0.3))
    yield running
    running.close()


def open_session(sandbox: Running, shop: Shop, **changes: object) -> str:
    client = ChpterClient(sandbox.url, TOKEN, "https://www.example.co.ke", [])
    usual = {
        "order_id": 945,
        "success_url": f"{SHOP}/orders/good",
        "failed_url": f"{SHOP}/orders/bad",
        "callback_url": shop.callback_url,
    }
    request = session_request(**{**usual, **changes})
    return client.open_session(request).checkout_link


def press(link: str, outcome: str, method: str = "MPESA") -> requests.Response:
    return requests.post(link, data={"outcome": outcome, "method": method}, allow_redirects=False, timeout=5)


def test_a_session_is_answered_as_documented(sandbox):
    answer = requests.post(sandbox.url + SESSION_PATH, json=session_request().body(), headers=HEADERS, timeout=5)

    assert answer.status_code == 200
    reply = answer.json()
    assert list(reply) == ["checkout_link", "status", "order_id"]
    assert reply["checkout_link"].startswith(f"{sandbox.url}/checkout.sessions/hosted/session/")
    assert reply["status"] is True
    assert reply["order_id"] == "123"


@pytest.mark.parametrize("sent", [None, "", TOKEN, f"Bearer {TOKEN}", f"token {TOKEN}", f"Token {TOKEN}x", "Tokén ü"])
def test_a_wrong_token_is_refused_in_the_documented_words(sandbox, sent):
    headers = {"domain": "shop.example"} | ({"Authorization": sent.encode("latin-1")} if sent is not None else {})

    answer = requests.post(sandbox.url + SESSION_PATH, json=session_request().body(), headers=headers, timeout=5)

    assert answer.status_code == 401
    assert answer.json() == {"message": "Invalid authentication credentials"}


def test_a_request_without_a_domain_or_without_json_says_what_to_send(sandbox):
    address, body = sandbox.url + SESSION_PATH, session_request().body()
    no_domain = requests.post(address, json=body, headers={"Authorization": f"Token {TOKEN}"}, timeout=5)
    no_json = requests.post(address, data={"a": "b"}, headers=HEADERS, timeout=5)
    half = requests.post(
        address, data=b'{"amount":', headers={**HEADERS, "Content-Type": "application/json"}, timeout=5
    )

    assert [answer.status_code for answer in (no_domain, no_json, half)] == [400, 400, 400]
    assert "domain" in no_domain.json()["message"]
    assert "application/json" in no_json.json()["message"]
    assert "JSON object" in half.json()["message"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("customer_details", None),
        ("customer_details", []),
        ("customer_details.full_name", None),
        ("customer_details.full_name", " "),
        ("customer_details.full_name", 7),
        ("customer_details.location", 7),
        ("customer_details.phone_number", "0712345678"),
        ("customer_details.phone_number", "+254712345678"),
        ("customer_details.phone_number", "254212345678"),
        ("customer_details.phone_number", 254712345678),
        ("customer_details.email", None),
        ("customer_details.email", "nobody"),
        ("amount", None),
        ("amount.order_id", None),
        ("amount.order_id", "A-1"),
        ("amount.order_id", 1.5),
        ("amount.delivery_fee", None),
        ("amount.delivery_fee", 0.5),
        ("amount.discount_fee", "-5"),
        ("amount.total", "0"),
        ("amount.total", 0),
        ("amount.total", 100.5),
        ("amount.total", "100.50"),
        ("amount.total", None),
        ("amount.currency", "KSh."),
        ("amount.currency", None),
        ("redirect_urls", "here"),
        ("redirect_urls.success_url", None),
        ("redirect_urls.success_url", "/orders/1"),
        ("redirect_urls.failed_url", "ftp://127.0.0.1/"),
        ("redirect_urls.failed_url", "https://shop.example/"),
        ("redirect_urls.callback_url", "http://127.0.0.1.evil.example/"),
        ("redirect_urls.callback_url", "http://127.0.0.1@evil.example/"),
        ("redirect_urls.callback_url", "http://10.0.0.1/"),
    ],
)
def test_a_wrong_field_is_named_with_its_cure(sandbox, field, value):
    body = session_request().body()
    part, _, name = field.partition(".")
    holder, key = (body[part], name) if name else (body, part)
    if value is None:
        del holder[key]
    else:
        holder[key] = value

    answer = requests.post(sandbox.url + SESSION_PATH, json=body, headers=HEADERS, timeout=5)

    assert answer.status_code == 400
    assert answer.json()["field"] == field
    assert answer.json()["message"].startswith(f"{field} ")


def test_an_order_id_may_be_a_number_and_a_location_may_be_missing(sandbox):
    body = session_request().body()
    body["amount"]["order_id"] = 123
    del body["customer_details"]["location"]

    answer = requests.post(sandbox.url + SESSION_PATH, json=body, headers=HEADERS, timeout=5)

    assert answer.json()["order_id"] == "123"


def test_amounts_sent_as_numbers_are_taken_with_a_warning(sandbox, caplog):
    body = session_request().body()
    body["amount"].update(total=100, delivery_fee=0, order_id=123)

    answer = requests.post(sandbox.url + SESSION_PATH, json=body, headers=HEADERS, timeout=5)

    assert answer.json()["status"] is True
    assert 'amount.total was sent as a number. Chpter documents a string: "100".' in caplog.text
    assert "amount.delivery_fee was sent as a number" in requests.get(answer.json()["checkout_link"], timeout=5).text


@pytest.mark.parametrize(
    ("outcome", "method", "payload", "goes_to"),
    [
        ("pay", "MPESA", "mpesa_success", "good"),
        ("pay", "CARD", "card_success", "good"),
        ("low_balance", "MPESA", "mpesa_failure", "bad"),
        ("low_balance", "CARD", "card_failure", "bad"),
    ],
)
def test_the_documented_payloads_are_sent_word_for_word(sandbox, shop, outcome, method, payload, goes_to):
    answer = press(open_session(sandbox, shop), outcome, method)

    assert [json.loads(raw) for raw in shop.heard] == [json.loads(documented(payload))]
    assert list(json.loads(shop.heard[0])) == list(json.loads(documented(payload)))
    assert shop.content_types == ["application/json"]
    assert answer.status_code == 303
    assert answer.headers["Location"] == f"{SHOP}/orders/{goes_to}"


def test_a_cancelled_payment_says_so(sandbox, shop):
    answer = press(open_session(sandbox, shop), "cancelled")

    assert json.loads(shop.heard[0]) == {
        **json.loads(documented("mpesa_failure")),
        "message": "Request cancelled by user",
    }
    assert answer.headers["Location"] == f"{SHOP}/orders/bad"


def test_a_late_callback_comes_after_the_buyer_has_gone_back(sandbox, shop):
    answer = press(open_session(sandbox, shop), "late")

    assert answer.headers["Location"] == f"{SHOP}/orders/good"
    assert shop.heard == []
    assert eventually(lambda: len(shop.heard) == 1)
    assert json.loads(shop.heard[0]) == json.loads(documented("mpesa_success"))


def test_paid_twice_is_the_same_callback_two_times(sandbox, shop):
    press(open_session(sandbox, shop), "twice")

    assert len(shop.heard) == 2
    assert shop.heard[0] == shop.heard[1]


def test_a_failure_may_be_followed_by_a_success(sandbox, shop):
    press(open_session(sandbox, shop), "fail_then_pay")

    assert [read_callback(raw).claim for raw in shop.heard] == [Claim.NO]
    assert eventually(lambda: len(shop.heard) == 2)
    assert read_callback(shop.heard[1]).claim is Claim.YES


@pytest.mark.parametrize(("total", "arrives"), [(2450, 1225), (1, 2)])
def test_a_wrong_amount_is_a_success_over_another_sum(sandbox, shop, total, arrives):
    answer = press(open_session(sandbox, shop, total=total), "wrong_amount")

    callback = read_callback(shop.heard[0])
    assert (callback.claim, callback.amount) == (Claim.YES, arrives)
    assert answer.headers["Location"] == f"{SHOP}/orders/good"


def test_without_a_callback_the_buyer_is_sent_back_all_the_same(sandbox, shop):
    answer = press(open_session(sandbox, shop), "silent")

    assert answer.headers["Location"] == f"{SHOP}/orders/good"
    assert shop.heard == []


def test_a_link_can_be_paid_again(sandbox, shop):
    link = open_session(sandbox, shop)
    for outcome in ("low_balance", "pay", "pay"):
        press(link, outcome)

    assert [read_callback(raw).claim for raw in shop.heard] == [Claim.NO, Claim.YES, Claim.YES]


def test_an_unreachable_shop_does_not_stop_the_buyer(sandbox, shop):
    link = open_session(sandbox, shop, callback_url="http://127.0.0.1:9/nobody/listens")
    answer = press(link, "pay")
    page = requests.get(link, timeout=5).text

    assert answer.status_code == 303
    assert "no answer" in page


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example",
        "https://127.0.0.1:8000",
        "http://shop.example",
        "http://192.168.1.2:8000",
        "",
        "x",
    ],
)
def test_the_sandbox_refuses_any_shop_that_is_not_on_this_machine(origin):
    with pytest.raises(SandboxRefused, match="on this machine"):
        create_sandbox(token=TOKEN, shop_origin=origin)


def test_the_sandbox_refuses_to_be_without_a_token_or_open_to_the_network():
    with pytest.raises(SandboxRefused, match="token"):
        create_sandbox(token="", shop_origin=SHOP)
    with pytest.raises(SandboxRefused, match=r"127\.0\.0\.1"):
        serve(create_sandbox(token=TOKEN, shop_origin=SHOP), "0.0.0.0", 8001)


def test_the_sandbox_serves_this_machine_alone(monkeypatch):
    served = []
    monkeypatch.setattr(
        serving, "make_server", lambda *where, **how: SimpleNamespace(serve_forever=lambda: served.append((where, how)))
    )

    serve("app", port=8123)

    assert served == [(("127.0.0.1", 8123, "app"), {"threaded": True})]
    with pytest.raises(SandboxRefused):
        serve("app", host="0.0.0.0")
    assert len(served) == 1
