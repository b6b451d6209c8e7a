"""The proxy that docs/operations.md sets up: what it tells the shop, what it logs, where it sees requests end."""

import json
import re
import socket
import ssl
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.faults.broken_http import HOST, Writer
from tests.faults.nginx import Nginx
from tests.faults.serving import Served

QUIET = "What nginx writes of callbacks and orders, set up as in docs/operations.md"
ENDS = "Where a request ends, for nginx and for the shop"
CLAIMED = "203.0.113.7"


@pytest.fixture
def bought(shopper):
    return shopper.buy()


@pytest.fixture
def standing(app, live, certificate, tmp_path):
    """Starts the shop and its proxy: standing({words of the guide's example: what stands instead})."""
    with ExitStack() as stack:

        def start(changes: dict[str, str] | None = None) -> tuple[Served, Nginx]:
            served = stack.enter_context(Served(live, tmp_path))
            return served, stack.enter_context(Nginx(served.port, certificate, tmp_path, changes))

        yield start


class Echo(BaseHTTPRequestHandler):
    """Answers with the headers it was sent."""

    def do_GET(self) -> None:
        """All headers, as JSON."""
        told = json.dumps({name.lower(): self.headers.get_all(name) for name in self.headers}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_words: object) -> None:
        """Nothing: the tests' own output is no place for it."""


@contextmanager
def echo():
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        serving = Thread(target=server.serve_forever)
        serving.start()
        yield server.server_port
        server.shutdown()
        serving.join()


def test_the_shop_is_told_the_host_the_scheme_and_no_address_but_the_callers_own(certificate, tmp_path):
    with echo() as port, Nginx(port, certificate, tmp_path) as proxy:
        asked = proxy.request("/", X_Forwarded_For=CLAIMED, X_Forwarded_Proto="http")
        told = json.load(proxy.browser.open(asked))

    assert (told["host"], told["x-forwarded-proto"]) == ([HOST], ["https"])
    assert told["x-forwarded-for"] == ["127.0.0.1"]


def test_plain_http_is_led_to_the_shop_whatever_host_was_asked_for(certificate, tmp_path):
    with echo() as port, Nginx(port, certificate, tmp_path) as proxy:
        page, callback = in_the_clear(proxy, "GET /cart"), in_the_clear(proxy, "POST /chpter/callbacks/token")

    assert page == ("301", [f"https://{HOST}/cart"])
    assert callback == ("404", [])


def in_the_clear(proxy: Nginx, first: str) -> tuple[str, list[str]]:
    """The status of the answer to who asks without TLS, and where it leads."""
    with socket.create_connection(("127.0.0.1", proxy.plain_port)) as caller:
        caller.sendall(f"{first} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode())
        answer = all_of(caller).decode()
    return answer.split()[1], re.findall(r"^Location: (.*)\r$", answer, re.MULTILINE)


@pytest.mark.parametrize(
    ("changes", "newest", "spoken"),
    [
        ({}, ssl.TLSVersion.TLSv1_1, None),
        ({}, ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        ({"TLSv1.2 TLSv1.3;": "TLSv1.1; ssl_ciphers DEFAULT:@SECLEVEL=0;"}, ssl.TLSVersion.TLSv1_1, "TLSv1.1"),
    ],
    ids=["old", "good", "control"],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_not_spoken(certificate, tmp_path, changes, newest, spoken):
    with echo() as port, Nginx(port, certificate, tmp_path, changes) as proxy:
        proxy.trust.minimum_version, proxy.trust.maximum_version = ssl.TLSVersion.TLSv1, newest
        proxy.trust.set_ciphers("DEFAULT:@SECLEVEL=0")
        try:
            with proxy.called() as caller:
                version = caller.version()
        except ssl.SSLError:
            version = None

    assert version == spoken


def all_that_is_written_about(served: Served, proxy: Nginx, bought) -> list[int]:
    """Callbacks and a look at an order, with a Referer, that go well and that go wrong: the statuses.

    The shop is stopped before the last.
    """
    paid, order = json.dumps(bought.callback()).encode(), f"https://{HOST}{bought.order_path}"
    broken = f"POST {bought.callback_path} HTTP/1.1\r\nHost: {HOST}\r\nReferer: {order}\r\n"
    statuses = [
        proxy.ask(bought.callback_path, paid, Referer=order),
        proxy.ask(bought.order_path, Referer=order),
        proxy.ask(bought.callback_path, b"x" * 300_000, Referer=order),
        proxy.ask(bought.callback_path, paid, Referer=order, X_Long="x" * 40_000),
        said(proxy.called(), f"{broken}X\0: 1\r\n\r\n"),
        said(proxy.called(), f"{broken}Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    ]
    with proxy.called() as caller:  # leaves before all is said
        caller.sendall(f"{broken}Content-Length: 9\r\n\r\n".encode())
    served.stop()
    return [*statuses, proxy.ask(bought.callback_path, paid, Referer=order)]


def said(caller: ssl.SSLSocket, raw: str) -> int:
    """The status of the answer to a request that is broken."""
    with caller:
        caller.sendall(raw.encode())
        return int(all_of(caller).split()[1])


def all_of(caller: socket.socket) -> bytes:
    """All that comes until the other side hangs up."""
    answer = b""
    while piece := caller.recv(65536):
        answer += piece
    return answer


def naming(proxy: Nginx, bought) -> int:
    """How many lines of the proxy's logs hold the token of the callback or of the order."""
    tokens = [path.rsplit("/", 1)[1] for path in (bought.callback_path, bought.order_path)]
    lines = f"{proxy.log.read_text()}{proxy.errors.read_text()}".splitlines()
    return sum(any(token in line for token in tokens) for line in lines)


def test_its_logs_hold_no_address_of_a_callback_or_an_order(standing, bought, reached):
    served, proxy = standing()
    statuses = all_that_is_written_about(served, proxy, bought)

    assert statuses == [200, 200, 413, 400, 400, 400, 502]
    assert len(proxy.log.read_text().splitlines()) >= len(statuses)
    assert naming(proxy, bought) == 0
    reached(QUIET, "0 lines that hold an address, of callbacks heard, refused, broken off and not to be passed on")


def test_proxy_and_shop_see_the_same_requests(standing, bought, reached):
    hiding = [sent.raw for sent in Writer(bought.callback_path, json.dumps(bought.callback()).encode()).hiding()]
    served, proxy = standing({"$request_time": "$request_time to=$upstream_addr"})  # the end of the guide's log line
    before = requests_seen(served)
    say_all(served, proxy, hiding)
    seen = requests_seen(served) - before
    passed_on = Counter(re.findall(r" (\w+) (\d{3}) \d+ [\d.]+ to=127", proxy.log.read_text()))
    refused = re.findall(r" to=-$", proxy.log.read_text(), re.MULTILINE)

    assert passed_on.total() + len(refused) >= len(hiding)
    assert seen == passed_on
    reached(
        ENDS,
        f"{len(hiding)} requests that hide a callback: nginx refused {len(refused)} and passed on {passed_on.total()}, "
        f"the shop saw the same {seen.total()}",
    )


def say_all(served: Served, proxy: Nginx, raws: list[bytes]) -> None:
    """Say each on a connection of its own, and hang up once the shop has been silent for three seconds."""
    callers = [proxy.called() for _ in raws]
    for caller, raw in zip(callers, raws, strict=True):
        caller.sendall(raw)
    written = -1
    while written != (written := served.log.stat().st_size):
        time.sleep(3)
    for caller in callers:
        caller.close()
    time.sleep(0.5)  # nginx writes of those that were cut off


def requests_seen(served: Served) -> Counter[tuple[str, str]]:
    """Methods and statuses of all requests that the shop has answered."""
    return Counter(re.findall(r"shop\.access (\w+) .* (\d{3}) \d+ ms", served.log.read_text()))
