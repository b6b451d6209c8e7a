"""The proxy that docs/operations.md sets up: what it tells the shop, what it logs, where it sees requests end."""

import json
import re
import socket
import ssl
import time
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.faults.broken_http import HOST, Writer
from tests.faults.nginx import Nginx
from tests.serving import Served


@pytest.fixture
def bought(shopper):
    return shopper.buy()


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers it was sent."""

    def do_GET(self) -> None:
        """All headers, as JSON."""
        told = json.dumps({name.lower(): self.headers.get_all(name) for name in self.headers}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_words: object) -> None:
        """Print nothing."""


@contextmanager
def echo():
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


def test_the_shop_is_told_the_host_the_scheme_and_no_address_but_the_callers(certificate, tmp_path):
    with echo() as port, Nginx(port, certificate, tmp_path) as proxy:
        asked = proxy.request("/", X_Forwarded_For="203.0.113.7", X_Forwarded_Proto="http")
        told = json.load(proxy.browser.open(asked))

    assert (told["host"], told["x-forwarded-proto"]) == ([HOST], ["https"])
    assert told["x-forwarded-for"] == ["127.0.0.1"]


def test_plain_http_is_led_to_the_shop_whatever_host_was_asked_for(certificate, tmp_path):
    with echo() as port, Nginx(port, certificate, tmp_path) as proxy:
        page, callback = in_the_clear(proxy, "GET /cart"), in_the_clear(proxy, "POST /chpter/callbacks/token")

    assert page == ("301", [f"https://{HOST}/cart"])
    assert callback == ("404", [])


def in_the_clear(proxy: Nginx, first: str) -> tuple[str, list[str]]:
    """The status of an answer without TLS, and where it leads."""
    with socket.create_connection(("127.0.0.1", proxy.plain_port)) as caller:
        caller.sendall(f"{first} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode())
        answer = all_of(caller).decode()
    return answer.split()[1], re.findall(r"^Location: (.*)\r$", answer, re.MULTILINE)


@pytest.mark.parametrize(
    ("newest", "spoken"), [(ssl.TLSVersion.TLSv1_1, None), (ssl.TLSVersion.TLSv1_2, "TLSv1.2")], ids=["old", "good"]
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(certificate, tmp_path, newest, spoken):
    with echo() as port, Nginx(port, certificate, tmp_path) as proxy:
        proxy.trust.minimum_version, proxy.trust.maximum_version = ssl.TLSVersion.TLSv1, newest
        proxy.trust.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            with proxy.called() as caller:
                version = caller.version()
        except ssl.SSLError:
            version = None

    assert version == spoken


def said(caller: ssl.SSLSocket, raw: str) -> int:
    """The status of the answer to a request that is broken."""
    with caller:
        caller.sendall(raw.encode())
        return int(all_of(caller).split()[1])


def all_of(caller: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    answer = b""
    while piece := caller.recv(65536):
        answer += piece
    return answer


def test_its_logs_hold_no_address_of_a_callback_or_an_order(live, certificate, bought, tmp_path, reached):
    """Of requests that go well and that go wrong, all with a Referer. The shop is stopped before the last."""
    paid, order = json.dumps(bought.callback()).encode(), f"https://{HOST}{bought.order_path}"
    broken = f"POST {bought.callback_path} HTTP/1.1\r\nHost: {HOST}\r\nReferer: {order}\r\n"
    with Served(live, tmp_path) as served, Nginx(served.port, certificate, tmp_path) as proxy:
        statuses = [
            proxy.ask(bought.callback_path, paid, Referer=order),
            proxy.ask(bought.order_path, Referer=order),
            proxy.ask(bought.callback_path, b"x" * 300_000, Referer=order),
            proxy.ask(bought.callback_path, paid, Referer=order, X_Long="x" * 40_000),
            said(proxy.called(), f"{broken}X\0: 1\r\n\r\n"),
            said(proxy.called(), f"{broken}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
        ]
        with proxy.called() as caller:  # leaves before the request is complete
            caller.sendall(f"{broken}Content-Length: 9\r\n\r\n".encode())
        served.stop()
        statuses.append(proxy.ask(bought.callback_path, paid, Referer=order))
    log = proxy.log.read_text()

    assert statuses == [200, 200, 413, 400, 400, 400, 502]
    assert len(log.splitlines()) >= len(statuses)
    tokens = [path.rsplit("/", 1)[1] for path in (bought.callback_path, bought.order_path)]
    assert not [token for token in tokens if token in log + proxy.errors.read_text()]
    reached(
        "What nginx writes of callbacks and orders, set up as in docs/operations.md",
        "0 lines that hold an address, of callbacks heard, refused, broken off and not to be passed on",
    )


def test_proxy_and_shop_see_the_same_requests(live, certificate, bought, tmp_path, reached):
    hiding = [sent.raw for sent in Writer(bought.callback_path, json.dumps(bought.callback()).encode()).hiding()]
    with_upstream = {"$request_time": "$request_time to=$upstream_addr"}  # the end of the guide's log line
    with Served(live, tmp_path) as served, Nginx(served.port, certificate, tmp_path, with_upstream) as proxy:
        before = requests_seen(served)
        send_all(served, proxy, hiding)
        seen = requests_seen(served) - before
    passed_on = Counter(re.findall(r" (\w+) (\d{3}) \d+ [\d.]+ to=127", proxy.log.read_text()))
    refused = re.findall(r" to=-$", proxy.log.read_text(), re.MULTILINE)

    assert passed_on.total() + len(refused) >= len(hiding)
    assert seen == passed_on
    reached(
        "Where a request ends, for nginx and for the shop",
        f"{len(hiding)} requests that hide a callback: nginx refused {len(refused)} and passed on {passed_on.total()}, "
        f"the shop saw the same {seen.total()}",
    )


def send_all(served: Served, proxy: Nginx, requests: list[bytes]) -> None:
    """Send each on a connection of its own, and close them once the shop has been silent for three seconds."""
    callers = [proxy.called() for _ in requests]
    for caller, request in zip(callers, requests, strict=True):
        caller.sendall(request)
    written = -1
    while written != (written := served.log.stat().st_size):
        time.sleep(3)
    for caller in callers:
        caller.close()
    time.sleep(0.5)  # nginx logs the requests that were cut off


def requests_seen(served: Served) -> Counter[tuple[str, str]]:
    """Methods and statuses of all requests that the shop has answered."""
    return Counter(re.findall(r"shop\.access (\w+) .* (\d{3}) \d+ ms", served.log.read_text()))
