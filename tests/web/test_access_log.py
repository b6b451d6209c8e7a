"""Log lines say what happened and where in the code, and never hold a buyer's data."""

import logging
import re

from sqlalchemy import select

from shop import create_app
from shop.core.clock import utcnow
from shop.core.database import db
from shop.emails.delivery import send_due
from shop.orders.models import Order
from tests.conftest import SECRET, TOKEN
from tests.serving import Served
from tests.shopper import Shopper, hidden_fields

BUYER = {
    "full_name": "Nyambura Unlogged",
    "phone_number": "0722 987 651",
    "email": "unlogged@example.com",
    "location": "Unloggable Plaza, door 9",
    "note": "Unnotable gate code",
}
PRIVATE = ["Nyambura", "722987651", "722 987 651", "unlogged@", "Unloggable", "Unnotable", SECRET, TOKEN]


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


def test_no_log_line_holds_a_buyers_data_a_token_or_a_secret(caplog, settings, provider):
    for logger in (None, "shop"):
        caplog.set_level(logging.DEBUG, logger)
    settings |= {"RATELIMIT_ENABLED": "1", "SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "MAIL_FROM": "shop@example.com"}
    app = create_app(settings)
    tokens = cause_every_event(app, provider)
    for _ in range(12):  # more often than the rate limit allows
        app.test_client().post(f"/orders/{tokens[-1]}/pay")
        app.test_client().post("/orders/find", data={"order_number": "1", "phone_number": BUYER["phone_number"]})

    assert len(tokens) >= 6
    text = "\n".join((caplog.text, *(repr(record.args) for record in caplog.records)))
    assert [word for word in (*PRIVATE, *tokens) if word in text] == []
    for expected in ("POST /checkout 303", "callback settled", "no payment page", "unexpected ValueError at cart.show"):
        assert expected in text
    assert "the mail server: failing: ConnectionRefusedError" in text
    assert re.search(r"/orders/<token>/pay 429", text)
    assert "return self.ensure_sync" in text, "a bug's place in the code"


def test_the_web_server_logs_routes_and_never_addresses(settings, tmp_path):
    with Served(settings, tmp_path, workers=1) as served:
        served.post("/orders/a-token-of-an-order?name=Nyambura", b"", "GET")
        served.post("/chpter/callbacks/a-token-of-a-payment", b'{"message": "Nyambura"}')
        served.post("/static/img/logo.svg?name=Nyambura", b"", "GET")
    printed = served.log.read_text()

    assert "GET /orders/<token> 404" in printed
    assert "POST /chpter/callbacks/<token> 404" in printed
    assert not [word for word in ("a-token", "Nyambura", "logo.svg") if word in printed]
