"""Log lines say what happened and where in the code, and never hold a buyer's data."""

import logging
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from sqlalchemy import select

from shop import create_app
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.delivery import send_due
from shop.orders.models import Order
from tests import both_databases
from tests.conftest import SECRET, TOKEN
from tests.shopper import Shopper, hidden_fields

ROOT = Path(__file__).parents[2]
BUYER = {
    "full_name": "Nyambura Unlogged",
    "phone_number": "0722 987 651",
    "email": "unlogged@example.com",
    "location": "Unloggable Plaza, door 9",
    "note": "Unnotable gate code",
}
PRIVATE = ["Nyambura", "722987651", "722 987 651", "unlogged@", "Unloggable", "Unnotable", SECRET, TOKEN]


class Everything(logging.Handler):
    """Keeps every record of every logger, with traceback and arguments."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.lines = []

    def emit(self, record):
        self.lines.append(f"{record.name} {self.format(record)} {record.args!r}")


@pytest.fixture
def logged():
    """All records logged from here on, at the lowest level."""
    handler, root = Everything(), logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    logging.getLogger("shop").setLevel(logging.DEBUG)
    yield handler.lines
    root.removeHandler(handler)
    root.setLevel(before)


def found_in(lines, private):
    text = "\n".join(lines)
    return [word for word in private if word in text]


def cause_every_event(app, provider):
    """Cause failures, successes, refusals and errors of every kind, and return all tokens."""
    shopper = Shopper(app, provider)
    bought = shopper.buy(**BUYER)
    browser = app.test_client()
    addresses = [bought.callback_path, bought.order_path]
    bought.post_callback(bought.failure())
    shopper.post(f"{bought.order_path}/pay", {})
    provider.behaviour = "http_500"
    bought.post_callback(bought.failure())
    bought.post_callback(b"not a callback")
    bought.post_callback(bought.callback(amount="1"))
    bought.post_callback(bought.callback())
    bought.post_callback(b"x" * 20_000)
    browser.post(bought.callback_path[:-3], json={})
    browser.get(bought.callback_path)
    browser.get(bought.order_path)
    browser.get(f"{bought.order_path}/status")
    browser.put(bought.order_path, data=BUYER)
    browser.get("/search", query_string={"q": BUYER["full_name"]})
    browser.get(f"/no-such-page/{BUYER['email']}", query_string=BUYER)
    browser.post("/orders/find", data={"order_number": "12345678", "phone_number": BUYER["phone_number"]})
    shopper.add()
    form = shopper.fill_checkout(**BUYER)
    shopper.post("/checkout", {**form, "phone_number": "0722 987 651x"})
    shopper.post("/checkout", {**form, "csrf_token": "stale"})
    form |= hidden_fields(shopper.post("/checkout", form).text)
    for _ in range(2):
        shopper.post("/checkout", form)  # no payment page this time
    app.view_functions["cart.show"] = lambda: int(BUYER["location"])  # a bug whose message quotes the buyer
    browser.get("/cart")
    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
        tokens = list(db.session.scalars(select(Order.token)))
        bodies = [request.body["redirect_urls"]["callback_url"] for request in provider.requests]
    return [*(address.split("/")[-1] for address in (*addresses, *bodies)), *tokens]


@both_databases
def test_no_log_line_holds_a_buyers_data_a_token_or_a_secret(logged, settings, provider):
    settings |= {"RATELIMIT_ENABLED": "1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "MAIL_FROM": "shop@example.com"}
    app = create_app(settings)
    tokens = cause_every_event(app, provider)
    for _ in range(12):  # more often than the rate limit allows
        app.test_client().post(f"/orders/{tokens[-1]}/pay")
        app.test_client().post("/orders/find", data={"order_number": "1", "phone_number": BUYER["phone_number"]})

    assert len(tokens) >= 6
    assert found_in(logged, [*PRIVATE, *tokens]) == []
    text = "\n".join(logged)
    for expected in ("POST /checkout 303", "callback settled", "no payment page", "unexpected ValueError at cart.show"):
        assert expected in text
    assert "the mail server: failing: ConnectionRefusedError" in text
    assert re.search(r"/orders/<token>/pay 429", text)
    assert "return self.ensure_sync" in text, "a bug's place in the code"


def test_the_search_for_leaks_finds_a_leak(logged, app):
    logging.getLogger("shop.payments.views").debug("sold to %s", BUYER["full_name"])
    try:
        int(BUYER["location"])
    except ValueError:
        logging.getLogger("flask.app").exception("broken")

    assert found_in(logged, PRIVATE) == ["Nyambura", "Unloggable"]


@pytest.fixture
def served(settings):
    """The shop in gunicorn: its address, and a function that stops it and returns its output."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [Path(sys.executable).parent / "gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "1", "wsgi:app"]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    address = f"http://127.0.0.1:{port}"
    for _ in range(100):
        try:
            requests.get(f"{address}/healthz", timeout=60)
            break
        except requests.ConnectionError:
            time.sleep(0.1)

    def stop():
        server.terminate()
        return server.communicate(timeout=20)[0]

    yield address, stop
    if server.poll() is None:
        server.kill()
        server.communicate()


def test_the_web_server_logs_routes_and_never_addresses(served):
    address, stop = served
    requests.get(f"{address}/orders/a-token-of-somebody?name=Nyambura", timeout=60)
    requests.post(f"{address}/chpter/callbacks/a-token-of-a-payment", json={"message": "Nyambura"}, timeout=60)
    requests.get(f"{address}/static/img/logo.svg?name=Nyambura", timeout=60)
    printed = stop()

    assert "GET /orders/<token> 404" in printed
    assert "POST /chpter/callbacks/<token> 404" in printed
    assert "a-token" not in printed
    assert "Nyambura" not in printed
    assert "logo.svg" not in printed
