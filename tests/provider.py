"""A payment provider that misbehaves, on real sockets of 127.0.0.1.

with Provider("slow") as provider: client = ChpterClient(provider.url, ...)

tests/provider_behaviours.py names every behaviour but "ok". A behaviour may be changed at any time by setting
`provider.behaviour`. `waiting_at_most` is the largest number of requests that waited for their answer at one time.
"""

import json
import select
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tests.provider_behaviours import DIALECTS, FAULTS, HUGE, LASTING, answer, endless, http

_PAGE = b"<!doctype html><html lang='en'><title>Payment page</title><h1>Payment page</h1>"


@dataclass(frozen=True)
class Asked:
    """One request for a payment session, as it arrived. Header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: Any


class Provider:
    """Listens on a free port of 127.0.0.1 while used as a context manager, with a thread for each connection.

    `pause` is the number of seconds between the bytes of a drip.
    """

    def __init__(self, behaviour: str = "ok", *, pause: float = 1.0) -> None:
        self.requests: list[Asked] = []
        self.pages_opened: list[str] = []
        self.waiting = self.waiting_at_most = 0
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
        if name != "ok" and name not in (*FAULTS, *DIALECTS):
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
        with connection, suppress(OSError, ValueError):  # the client went away, as in many of these tests
            connection.settimeout(10)
            method, path, headers, raw = _read_request(connection)
            if method != "POST":
                with self._lock:
                    self.pages_opened.append(path)
                connection.sendall(http(200, _PAGE, "text/html"))
                return
            body = json.loads(raw)
            with self._lock:
                self.requests.append(Asked(path, headers, body))
                self.waiting += 1
                self.waiting_at_most = max(self.waiting, self.waiting_at_most)
            try:
                self._answer(connection, body)
            finally:
                with self._lock:
                    self.waiting -= 1

    def _answer(self, connection: socket.socket, body: Any) -> None:
        name = self._behaviour
        if name == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif name == "slow":
            while self._behaviour == name and not self._wait(connection, 0.1):
                continue
        elif name in LASTING:
            pause = 0.0 if name in HUGE else {"informed": 0.02}.get(name, self.pause)
            for piece in endless(name):
                connection.sendall(piece)
                if self._behaviour != name or (pause and self._wait(connection, pause)):
                    return
        elif name != "closed":
            connection.sendall(self._bytes(name, str(body["amount"]["order_id"])))

    def _wait(self, connection: socket.socket, seconds: float) -> bool:
        """Wait until the client hangs up or the time is over. True when the connection is of no more use."""
        waited = 0.0
        while waited < seconds:
            step = min(0.05, seconds - waited)
            readable, _, _ = select.select([connection], [], [], step)
            if readable or self._over.is_set():
                return True
            waited += step
        return False

    def _bytes(self, name: str, order_id: str) -> bytes:
        return answer(name, self.url, order_id)


def _read_request(connection: socket.socket) -> tuple[str, str, dict[str, str], bytes]:
    """Method, path, headers and body of one request. Raises ValueError if the client hangs up before it is complete."""

    def receive() -> bytes:
        piece = connection.recv(65536)
        if not piece:
            raise ValueError("the client hung up")
        return piece

    data = b""
    while b"\r\n\r\n" not in data:
        data += receive()
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    while len(body) < int(headers.get("content-length", "0")):
        body += receive()
    method, path, _version = first.split(" ", 2)
    return method, path, headers, body
