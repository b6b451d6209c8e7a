"""A payment provider that misbehaves, on real sockets of 127.0.0.1.

with Provider("slow") as provider: client = ChpterClient(provider.url, ...)

`FAULTS` names every behaviour but "ok". A behaviour may be changed at any time by setting
`provider.behaviour`.
"""

import gzip
import json
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

FAULTS: dict[str, str] = {
    "refused": "nobody listens on the port",
    "reset": "the connection is reset once the request has arrived",
    "closed": "the connection is closed without an answer",
    "garbage": "the answer is not HTTP",
    "http_400": "the request is called wrong",
    "http_401": "the credentials are refused",
    "http_403": "the domain is refused",
    "http_429": "too many requests",
    "http_500": "the provider has failed",
    "http_503": "the provider is away",
    "credentials": "the documented words for refused credentials, with status 200",
    "html": "a page instead of JSON",
    "empty": "no body",
    "truncated": "the body breaks off before its stated length",
    "half_json": "the body is half an object",
    "list": "the body is a list",
    "charset": "the body is UTF-16",
    "huge": "the body never ends",
    "gzip_bomb": "the body unpacks to a hundred times its size",
    "slow": "no answer at all",
    "drip_headers": "headers that arrive one byte at a time, without end",
    "drip_body": "a body that arrives one byte at a time, without end",
    "redirect": "a redirect to the place that would answer",
    "wrong_order_id": "the answer names another order",
    "missing_order_id": "the answer names no order",
    "missing_link": "the answer has no link",
    "status_false": "the answer says status false",
    "link_javascript": "the link is a script",
    "link_data": "the link is a page in itself",
    "link_http": "the link is not encrypted",
    "link_off_host": "the link leads to another host",
    "link_userinfo": "the link names the provider as a user of another host",
    "link_lookalike": "the link leads to a host that begins like the provider",
    "link_protocol_relative": "the link has no scheme",
    "link_crlf": "the link carries a line break and a header",
    "link_backslash": "the link has a backslash before the real host",
    "link_port": "the link leads to another port",
}

# What the provider says in its failures. None of it may ever be shown to a buyer.
UNSAID = "provider-text-7f3a"

_LINKS = {
    "link_javascript": "javascript:alert(document.domain)//chpter.co",
    "link_data": "data:text/html,<h1>pay</h1>",
    "link_http": "http://chpter.co/checkout.sessions/hosted/session/abc",
    "link_off_host": "https://evil.example/checkout.sessions/hosted/session/abc",
    "link_userinfo": "https://chpter.co@evil.example/session/abc",
    "link_lookalike": "https://chpter.co.evil.example/session/abc",
    "link_protocol_relative": "//chpter.co/checkout.sessions/hosted/session/abc",
    "link_crlf": "https://chpter.co/session/abc\r\nSet-Cookie: stolen=1",
    "link_backslash": "https://evil.example\\@chpter.co/session/abc",
    "link_port": "https://chpter.co:8443/session/abc",
}
_PAGE = b"<!doctype html><html lang='en'><title>Payment page</title><h1>Payment page</h1>"


@dataclass(frozen=True)
class Asked:
    """One request for a payment session, as it arrived. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: Any


class Provider:
    """Listens on a free port of 127.0.0.1 while used as a context manager; every connection has its own
    thread.

    `pause` is the number of seconds between the bytes of a drip.
    """

    def __init__(self, behaviour: str = "ok", *, pause: float = 1.0) -> None:
        self.requests: list[Asked] = []
        self.pages_opened: list[str] = []
        self.pause = pause
        self._behaviour = "ok"
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self._port = 0
        self._listen()
        self.behaviour = behaviour

    def __enter__(self) -> "Provider":
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._stop_listening()
        for thread in list(self._threads):
            thread.join(5)

    @property
    def url(self) -> str:
        """The base address, as CHPTER_URL wants it."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def behaviour(self) -> str:
        """What it does: "ok", or one of FAULTS."""
        return self._behaviour

    @behaviour.setter
    def behaviour(self, name: str) -> None:
        if name != "ok" and name not in FAULTS:
            raise ValueError(f"There is no fault called {name!r}.")
        self._behaviour = name
        if name == "refused":
            self._stop_listening()
        elif self._listener is None:
            self._listen()

    def _listen(self) -> None:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        listener.listen(128)
        self._port = listener.getsockname()[1]
        self._listener = listener
        self._start(self._accept, listener)

    def _stop_listening(self) -> None:
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept()
            listener.close()

    def _start(self, work: Callable[[socket.socket], None], connection: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(connection,), daemon=True)
        with self._lock:
            self._threads = [other for other in self._threads if other.is_alive()]
            thread.start()
            self._threads.append(thread)

    def _accept(self, listener: socket.socket) -> None:
        while not self._over.is_set():
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            connection.settimeout(10)
            try:
                method, path, headers, raw = _read_request(connection)
                if method == "POST":
                    body = json.loads(raw)
                    with self._lock:
                        self.requests.append(Asked(path, headers, body))
                    self._answer(connection, body)
                elif method:
                    with self._lock:
                        self.pages_opened.append(path)
                    connection.sendall(_http(200, _PAGE, "text/html"))
            except (OSError, ValueError):
                return  # the client went away, which is what many of these tests are about

    def _answer(self, connection: socket.socket, body: Any) -> None:
        name = self._behaviour
        if name == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif name == "slow":
            self._wait(connection, None)
        elif name in ("huge", "drip_headers", "drip_body"):
            for piece in _endless(name):
                connection.sendall(piece)
                if name != "huge" and len(piece) == 1 and self._wait(connection, self.pause):
                    return
        elif name != "closed":
            connection.sendall(self._bytes(name, str(body["amount"]["order_id"])))

    def _wait(self, connection: socket.socket, seconds: float | None) -> bool:
        """Wait until the client hangs up or the time is over. True when there is nobody left to talk to."""
        waited = 0.0
        while seconds is None or waited < seconds:
            step = min(0.05, seconds - waited) if seconds is not None else 0.05
            readable, _, _ = select.select([connection], [], [], step)
            if readable or self._over.is_set():
                return True
            waited += step
        return False

    def _bytes(self, name: str, order_id: str) -> bytes:
        link = f"{self.url}/checkout.sessions/hosted/session/{order_id}"
        good = {"checkout_link": _LINKS.get(name, link), "status": True, "order_id": order_id}
        text = json.dumps(good).encode()
        if name.startswith("http_"):
            return _http(int(name.removeprefix("http_")), json.dumps({"message": UNSAID}).encode())
        if name == "truncated":
            return _http(200, text).removesuffix(text) + text[: len(text) // 2]
        if name == "redirect":
            return _http(302, b"", extra=f"Location: {link}\r\n")
        if name == "gzip_bomb":
            return _http(200, _bomb(), extra="Content-Encoding: gzip\r\n")
        bodies: dict[str, bytes] = {
            "credentials": json.dumps({"message": "Invalid authentication credentials"}).encode(),
            "html": f"<!doctype html><h1>{UNSAID}</h1>".encode(),
            "empty": b"",
            "half_json": text[: len(text) // 2],
            "list": json.dumps([good]).encode(),
            "charset": text.decode().encode("utf-16"),
            "wrong_order_id": json.dumps({**good, "order_id": order_id + "7"}).encode(),
            "missing_order_id": json.dumps({"checkout_link": link, "status": True}).encode(),
            "missing_link": json.dumps({"status": True, "order_id": order_id}).encode(),
            "status_false": json.dumps({**good, "status": False, "message": UNSAID}).encode(),
        }
        if name == "garbage":
            return f"{UNSAID}\r\n\r\n".encode()
        return _http(200, bodies.get(name, text))


def _read_request(connection: socket.socket) -> tuple[str, str, dict[str, str], bytes]:
    """Method, path, headers and body of one request; an empty method when the client hung up before it was
    whole.
    """
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return "", "", {}, b""
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(headers.get("content-length", "0")):
        piece = connection.recv(65536)
        if not piece:
            return "", "", {}, b""
        body += piece
    method, path, _version = first.split(" ", 2)
    return method, path, headers, body


def _http(status: int, body: bytes, kind: str = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status} Status\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def _endless(name: str) -> Iterator[bytes]:
    if name == "drip_headers":
        yield b"HTTP/1.1 200 OK\r\nX-Wait: "
    else:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b'{"message": "'
    piece = b"x" * 65536 if name == "huge" else b"x"
    while True:
        yield piece


def _bomb() -> bytes:
    return gzip.compress(b'{"message": "' + b"x" * 10_000_000 + b'"}')
