"""Forged, repeated, broken and oversized callbacks: none is believed, none causes a server error."""

import json
import secrets
import socket
import threading
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as examples
from werkzeug.serving import make_server

from shop import create_app
from shop.catalog.models import Variant
from shop.orders.models import OrderEvent
from shop.payments import callback_intake
from shop.payments.models import CallbackRecord
from tests.conftest import SECRET
from tests.shopper import SKU

LARGEST = 16 * 1024


@pytest.fixture
def token(bought) -> str:
    return bought.callback_path.rsplit("/", 1)[1]


@pytest.fixture
def forged(app, bought):
    """Post a success to callback addresses with other tokens: every answer, as bytes."""
    browser = app.test_client()

    def forge(tokens: list[str]) -> list[tuple[int, bytes]]:
        replies = [browser.post(f"/chpter/callbacks/{token}", json=bought.callback()) for token in tokens]
        return [(reply.status_code, reply.data) for reply in replies]

    return forge


def bits_flipped(token: str) -> list[str]:
    """The token with three bits of each character turned, one after the other, as it is written in an address."""
    return [
        token[:place] + quote(chr(ord(character) ^ 1 << bit), safe="") + token[place + 1 :]
        for place, character in enumerate(token)
        for bit in (0, 1, 5)
    ]


def test_no_forged_address_is_accepted_or_kept(app, shopper, bought, token, ledger, forged):
    other = shopper.buy().callback_path.rsplit("/", 1)[1]
    secret, signature = token.split(".")
    other_secret, other_signature = other.split(".")
    order_token = bought.order_path.rsplit("/", 1)[1]
    session = shopper.browser.get_cookie("session").value
    classes = {
        "guessed": [secrets.token_urlsafe(16) for _ in range(200)] + [bought.reference, "1", "callback", "0" * 66],
        "signed by nobody": [f"{secrets.token_urlsafe(16)}.{secrets.token_urlsafe(32)}" for _ in range(200)],
        "cut short": [token[:length] for length in range(1, len(token))] + [token[1:], secret, f"{secret}.", signature],
        "made longer": [token + "A", "A" + token, "-" + token, token + "_", token * 2],
        "bits flipped": bits_flipped(token),
        "in another case": [token.lower(), token.upper(), token.swapcase()],
        "another attempt's half": [f"{secret}.{other_signature}", f"{other_secret}.{signature}"],
        "another key": [callback_intake.callback_token(secret, ["another-key-of-the-same-length-01234567"])],
        "another purpose": [signed_for(app, salt, secret) for salt in ("", "itsdangerous", "checkout key", "session")],
        "escaped twice": [token.replace(".", "%252E")],
        "look-alikes": [token.replace(".", dot) for dot in "。․．"]
        + ["Ａ" + token[1:], "%ED%B3%BF", "%FF" + token[1:]],
        "empty": ["", "/", "//", ".", "..", "%2e%2e"],
        "long": ["A" * 100_000, f"{secret}.{'A' * 100_000}", "." * 5000],
        "another of our tokens": [order_token, session, f"{order_token}.{signature}"],
    }

    for name, tokens in classes.items():
        answers = set(forged(tokens))
        assert {status for status, _ in answers} == {404}, name
        assert len(answers) == 1, f"{name}: the answers differ"
    assert len({forged([tokens[0]])[0] for tokens in classes.values()}) == 1
    assert bought.status["payment"] == "awaiting"
    assert ledger.count(CallbackRecord) == 0
    assert ledger.count(OrderEvent, OrderEvent.warning) == 0


def signed_for(app, salt: str, secret: str) -> str:
    from itsdangerous import Signer

    return Signer(SECRET, salt=salt).sign(secret).decode()


def test_a_forgery_costs_no_query(app, bought, token):
    from sqlalchemy import event

    from shop.core.database import db

    statements = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    app.test_client().post(f"/chpter/callbacks/{token[:-1]}", json=bought.callback())

    assert statements == []


def test_other_fixed_addresses_lead_nowhere(app, bought):
    for path in ("/?wc-api=callback", "/callback", "/webhook", "/chpter/callbacks", "/chpter/callback/1"):
        assert app.test_client().post(path, json=bought.callback()).status_code in (404, 405)
    assert bought.status["payment"] == "awaiting"


def test_replays_change_nothing_however_many(app, bought, ledger):
    bought.post_callback(bought.callback())
    before = ledger.order_state(bought)
    variants = [bought.callback(message=f"again {number}", extra=number) for number in range(40)]

    assert {bought.post_callback(body).status_code for body in [bought.callback()] * 40 + variants} == {200}
    assert ledger.order_state(bought) == before
    assert ledger.mails("paid") == 1


BROKEN = {
    "empty": b"",
    "blanks": b" \r\n ",
    "no JSON": b"<xml/>",
    "half an object": b'{"paid": "True", "order_id"',
    "key twice": b'{"paid": "False", "paid": "True"}',
    "key in two spellings": b'{"payment status": "Payment complete.", "payment_status": "Payment Incomplete."}',
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": -Infinity}',
    "more after the end": b'{"paid": "True"} {}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"paid": "True"}'.encode("utf-16"),
    "Latin-1": '{"message": "é"}'.encode("latin-1"),
    "half a character": b'{"message": "\\ud800"}',
    "NUL": b'{"message": "\\u0000"}',
    "a raw NUL": b'{"message": "\x00"}',
    "deep": b'{"a": ' + b"[" * 7000 + b"]" * 7000 + b"}",
    "list": b'[{"paid": "True"}]',
    "text": b'"paid"',
    "number": b"1",
    "null": b"null",
    "true": b"true",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}


def test_an_unreadable_body_is_kept_unchanged_and_changes_nothing(bought, ledger, there):
    for content_type in ("application/json", "application/x-www-form-urlencoded", "", "text/html; charset=utf-16"):
        for name, raw in BROKEN.items():
            assert bought.post_callback(raw, content_type=content_type).status_code == 400, name

    there("awaiting", "open")
    kept = ledger.callbacks(bought)
    assert [one.raw for one in kept[: len(BROKEN)]] == list(BROKEN.values())
    assert {(one.row, one.alert) for one in kept} == {("R1", True)}


def test_a_success_cut_anywhere_is_not_believed(bought, there):
    whole = json.dumps(bought.callback()).encode()

    assert {bought.post_callback(whole[:length]).status_code for length in range(len(whole))} == {400}
    there("awaiting", "open")


def test_the_largest_body_is_read_and_one_byte_more_is_not(bought, ledger, there):
    body = json.dumps(bought.callback()).encode()
    too_large = body.ljust(LARGEST + 1)

    assert bought.post_callback(too_large).status_code == 413
    there("awaiting", "open")
    assert ledger.callbacks(bought)[0].raw == too_large[:LARGEST]
    assert bought.post_callback(body.ljust(1_000_000)).status_code == 413
    assert bought.post_callback(body.ljust(LARGEST)).status_code == 200
    there("paid", "paid", "sold")


def test_a_packed_body_is_not_unpacked(bought, there):
    import gzip

    packed = gzip.compress(json.dumps(bought.callback()).encode())

    assert bought.post_callback(packed, headers={"Content-Encoding": "gzip"}).status_code == 400
    there("awaiting", "open")


def test_a_browser_at_a_callback_address_is_redirected_and_the_merchant_is_warned_once(app, bought, ledger, there):
    for _ in range(3):
        reply = app.test_client().get(bought.callback_path)
        assert (reply.status_code, reply.headers["Location"]) == (303, bought.order_path)
        assert "Set-Cookie" not in reply.headers

    there("awaiting", "open")
    [warning] = ledger.warnings(bought)
    assert bought.reference in warning
    assert ledger.count(CallbackRecord) == 0
    assert app.test_client().get(bought.callback_path[:-1]).status_code == 404


def test_other_verbs_are_refused(app, bought, there):
    for path in (bought.callback_path, "/chpter/callbacks/guess"):
        for verb in ("HEAD", "OPTIONS", "DELETE", "TRACE"):
            reply = app.test_client().open(path, method=verb, json=bought.callback())
            assert reply.status_code == 405, verb
            assert {"GET", "POST"} <= set(reply.headers["Allow"].split(", "))
    there("awaiting", "open")


def test_an_address_survives_a_new_key_as_long_as_the_old_one_is_listed(settings, bought, there):
    def hear(**keys: str) -> int:
        shop = create_app({**settings, **keys})
        return shop.test_client().post(bought.callback_path, json=bought.callback()).status_code

    assert hear(SECRET_KEY="b" * 40) == 404
    assert hear(SECRET_KEY="b" * 40, SECRET_KEY_FALLBACKS=f"{'c' * 40},{SECRET}") == 200
    there("paid", "paid", "sold")


@pytest.fixture
def server(app):
    """The shop on a real socket: its port."""
    running = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=running.serve_forever, daemon=True)
    thread.start()
    yield running.port
    running.shutdown()
    thread.join(5)
    running.server_close()


def sent(port: int, head: str, body: bytes, *, leave: bool = False) -> int:
    """Send a request word for word; the status of the answer. `leave` ends our side after the body."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + body)
        if leave:
            connection.shutdown(socket.SHUT_WR)
        answer = connection.recv(65536)
        return int(answer.split(b" ", 2)[1])


def post(path: str, *headers: str) -> str:
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: localhost", "Connection: close", *headers))


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def test_over_a_real_socket_sizes_are_what_arrives_and_not_what_is_said(bought, server, ledger, there):
    whole = json.dumps(bought.callback()).encode()
    path, sizes = bought.callback_path, []
    streamed = post(path, "Transfer-Encoding: chunked")

    sizes.append(sent(server, post(path, f"Content-Length: {len(whole) + 50}"), whole, leave=True))  # says more
    sizes.append(sent(server, post(path, f"Content-Length: {len(whole) - 1}"), whole))  # says less
    sizes.append(sent(server, streamed, chunked(whole[:50], b"x" * LARGEST)))
    sizes.append(sent(server, streamed, b"%x\r\n%s\r\nzz\r\n" % (len(whole), whole)))  # no HTTP after that
    there("awaiting", "open")
    assert sizes == [400, 400, 413, 400]
    assert [kept.raw for kept in ledger.callbacks(bought)][:2] == [whole, whole[:-1]]

    assert sent(server, streamed, chunked(whole[:50], whole[50:])) == 200
    there("paid", "paid", "sold")


JSON = strategies.recursive(
    strategies.none() | strategies.booleans() | strategies.integers() | strategies.floats() | strategies.text(),
    lambda inner: strategies.lists(inner, max_size=4) | strategies.dictionaries(strategies.text(), inner, max_size=4),
    max_leaves=8,
)
QUICK = examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(raw=strategies.binary(max_size=400) | JSON.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_at_a_true_address_pay_an_order_or_break_the_shop(bought, raw):
    assert bought.post_callback(raw).status_code in (200, 400)
    assert bought.status["payment"] == "awaiting"


@QUICK
@given(
    field=strategies.sampled_from(["paid", "order_id", "amount", "payment_status", "response_status"]),
    value=JSON | strategies.sampled_from(["true", " TRUE ", "100.0", "200", 200, "payment complete"]),
)
def test_a_success_with_one_other_value_pays_only_where_it_says_the_same(bought, stock, ledger, field, value):
    ledger.put(Variant, {"sku": SKU}, on_hand=stock[0], held=stock[1] + 2)
    ledger.put_order(bought, payment="awaiting", paid_at=None)
    ledger.put_attempt(bought, state="open")
    same = {
        "paid": "true",
        "order_id": bought.reference,
        "amount": str(bought.total),
        "payment_status": "payment complete",
        "response_status": "200",
    }

    assert bought.post_callback({**bought.callback(), field: value}).status_code in (200, 400)
    if bought.status["payment"] == "paid":
        assert str(value).strip().casefold().removesuffix(".0").removesuffix(".") == same[field]
