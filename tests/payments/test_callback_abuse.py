"""Callbacks at forged, wrongly joined and opened addresses, and bodies of any size: none is believed, none is lost."""

import gzip
import json
import socket
import threading
from urllib.parse import quote

import pytest
from itsdangerous import Signer
from sqlalchemy import event
from werkzeug.serving import make_server

from shop import create_app
from shop.core.database import db
from shop.orders.models import OrderEvent
from shop.payments import callback_intake
from shop.payments.callback_intake import CallbackAddresses, callback_token, secret_of_token, token_of
from shop.payments.models import CallbackRecord
from tests.conftest import SECRET

LARGEST = 16 * 1024
KEYS = [SECRET, "an-older-key-for-tests-0123456789abcdef"]
TOKEN = callback_token("s" * 22, KEYS)
OTHER = callback_token("t" * 22, KEYS)
FORGED = [
    *(TOKEN[:length] for length in range(len(TOKEN))),  # cut short
    *(TOKEN[1:], TOKEN + "A", "A" + TOKEN, TOKEN * 2, "A" * 100_000, f"{'s' * 22}.{'A' * 100_000}"),
    *(
        TOKEN[:place] + chr(ord(one) ^ 1 << bit) + TOKEN[place + 1 :]
        for place, one in enumerate(TOKEN)
        for bit in (0, 5)
    ),
    *(TOKEN.lower(), TOKEN.upper(), TOKEN.swapcase(), TOKEN.replace(".", "。"), "Ａ" + TOKEN[1:]),
    *(f"{'s' * 22}.{OTHER.split('.')[1]}", f"{'t' * 22}.{TOKEN.split('.')[1]}"),
    callback_token("s" * 22, ["another-key-of-the-same-length-01234567"]),
    *(Signer(SECRET, salt=salt).sign("s" * 22).decode() for salt in ("", "itsdangerous", "checkout key", "session")),
]
JOINED = [
    *(f"/chpter/callbacks/{TOKEN}{end}" for end in ("", "/", "//", " ", "\n", ".", ";a=b", "&x=1", "/x", "\0", "=")),
    *(f"{start}{TOKEN}" for start in ("/chpter/callbacks//", "/chpter//callbacks/", "//chpter/callbacks/")),
    *(f"{start}{TOKEN}" for start in ("/chpter/callbacks/ ", "/CHPTER/CALLBACKS/", "/shop/chpter/callbacks/")),
    *(f"/chpter/callbacks{query}" for query in (f"?{TOKEN}", f"/?token={TOKEN}&x=1", f"/{TOKEN}?order_id=7")),
]


def test_only_the_exact_token_of_one_of_the_keys_is_accepted():
    respelled = f"{TOKEN[:-1]}{chr(ord(TOKEN[-1]) + 1)}"  # the last character holds two bits that count for nothing

    assert secret_of_token(TOKEN, KEYS) == secret_of_token(TOKEN, [KEYS[1], KEYS[0]]) == "s" * 22
    assert [token for token in (*FORGED, respelled) if secret_of_token(token, KEYS) is not None] == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("address", JOINED)
def test_a_wrongly_joined_address_is_corrected_and_put_and_patch_are_taken_as_post(address, method):
    path, _, query = address.partition("?")
    environ = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": method}

    CallbackAddresses(lambda environ, start: [], KEYS)(environ, None)

    assert (environ["PATH_INFO"], environ["REQUEST_METHOD"]) == (f"/chpter/callbacks/{TOKEN}", "POST")


def test_few_tokens_of_one_address_are_tried():
    many = "/".join(f"{'x' * 22}.{number:043}" for number in range(callback_intake.MAX_TOKENS))

    assert token_of(f"/chpter/callbacks/{many}/{TOKEN}", KEYS) is None


def test_a_forged_address_is_not_found_without_a_query_or_a_row(app, bought, ledger):
    token, statements = bought.callback_path.rsplit("/", 1)[1], []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    forged = [token[:-1], token + "A", quote("Ａ" + token[1:]), "%FF" + token[1:], bought.order_path.rsplit("/", 1)[1]]

    replies = [app.test_client().post(f"/chpter/callbacks/{one}", json=bought.callback()) for one in (*forged, "x/y")]

    assert {reply.status_code for reply in replies} == {404}
    assert len({reply.data for reply in replies}) == 1
    assert statements == []
    for path in ("/?wc-api=callback", "/callback", "/webhook", "/chpter/callbacks", "/chpter/callback/1"):
        assert app.test_client().post(path, json=bought.callback()).status_code in (404, 405)
    assert bought.status["payment"] == "awaiting"
    assert ledger.count(CallbackRecord) == ledger.count(OrderEvent, OrderEvent.warning) == 0


def test_a_callback_put_at_a_wrongly_joined_address_is_settled(app, bought, expect_order):
    assert app.test_client().put(f"{bought.callback_path}/", json=bought.callback()).status_code == 200
    expect_order("paid", "paid", "sold")


def test_a_browser_at_a_callback_address_is_redirected_and_the_merchant_is_warned_once(
    app, bought, ledger, expect_order
):
    for path in (bought.callback_path, f"{bought.callback_path}&x=1"):
        reply = app.test_client().get(path)
        assert (reply.status_code, reply.headers["Location"]) == (303, bought.order_path)
        assert "Set-Cookie" not in reply.headers

    expect_order("awaiting", "open")
    [warning] = ledger.warnings(bought)
    assert bought.reference in warning
    assert ledger.count(CallbackRecord) == 0
    assert app.test_client().get(bought.callback_path[:-1]).status_code == 404


def test_other_verbs_are_refused(app, bought, expect_order):
    for path in (bought.callback_path, "/chpter/callbacks/guess"):
        for verb in ("HEAD", "OPTIONS", "DELETE", "TRACE"):
            reply = app.test_client().open(path, method=verb, json=bought.callback())
            assert reply.status_code == 405, verb
            assert {"GET", "POST"} <= set(reply.headers["Allow"].split(", "))
    expect_order("awaiting", "open")


def test_an_address_survives_a_new_key_as_long_as_the_old_one_is_listed(settings, bought, expect_order):
    def post(**keys: str) -> int:
        shop = create_app({**settings, **keys})
        return shop.test_client().post(bought.callback_path, json=bought.callback()).status_code

    assert post(SECRET_KEY="b" * 40) == 404
    assert post(SECRET_KEY="b" * 40, SECRET_KEY_FALLBACKS=f"{'c' * 40},{SECRET}") == 200
    expect_order("paid", "paid", "sold")


def test_the_largest_body_is_read_one_byte_more_is_not_and_none_is_unpacked(bought, ledger, expect_order):
    body = json.dumps(bought.callback()).encode()
    too_large = body.ljust(LARGEST + 1)

    assert bought.post_callback(too_large).status_code == 413
    assert bought.post_callback(body.ljust(1_000_000)).status_code == 413
    assert bought.post_callback(gzip.compress(body), headers={"Content-Encoding": "gzip"}).status_code == 400
    expect_order("awaiting", "open")
    assert ledger.callbacks(bought)[0].raw == too_large[:LARGEST]
    assert bought.post_callback(body.ljust(LARGEST)).status_code == 200
    expect_order("paid", "paid", "sold")


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
        return int(connection.recv(65536).split(b" ", 2)[1])


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))


def test_over_a_real_socket_sizes_are_what_arrives_and_not_what_is_said(bought, server, ledger, expect_order):
    whole = json.dumps(bought.callback()).encode()
    head = f"POST {bought.callback_path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    streamed = f"{head}Transfer-Encoding: chunked"

    sizes = [
        sent(server, f"{head}Content-Length: {len(whole) + 50}", whole, leave=True),
        sent(server, f"{head}Content-Length: {len(whole) - 1}", whole),
        sent(server, streamed, chunked(whole[:50], b"x" * LARGEST)),
        sent(server, streamed, b"%x\r\n%s\r\nzz\r\n" % (len(whole), whole)),  # no HTTP after that
    ]
    expect_order("awaiting", "open")
    assert sizes == [400, 400, 413, 400]
    assert [kept.raw for kept in ledger.callbacks(bought)][:2] == [whole, whole[:-1]]

    assert sent(server, streamed, chunked(whole[:50], whole[50:])) == 200
    expect_order("paid", "paid", "sold")
