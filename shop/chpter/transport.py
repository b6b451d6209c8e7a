"""One POST to the provider that ends on time, whatever the other side does.

The timeouts of `requests` begin anew with every byte, so a provider that sends its headers one byte a
second is waited for without end. Here a clock of our own runs beside the call and cuts the connection when
time is up: name lookup, connecting, TLS, headers and body together. Nothing is asked twice: a reply that
was lost may mean a session that exists.
"""

import http.client
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError
from urllib3.exceptions import HTTPError as Urllib3Error

from .errors import TimedOut, TooLarge, Unreachable, UnreadableReply

MAX_REPLY_BYTES = 64 * 1024
OLDEST_REQUESTS = (2, 32)  # below, requests never asks our adapter for the connection, and no deadline would hold

if tuple(int(part) for part in requests.__version__.split(".")[:2]) < OLDEST_REQUESTS:
    raise ImportError(f"Payments need requests 2.32 or newer, and this is {requests.__version__}")

# What the libraries below us raise for a connection that failed, in any of its stages.
_FAILURES = (
    requests.RequestException,
    Urllib3Error,
    http.client.HTTPException,
    OSError,
    ValueError,
    RuntimeError,
)
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}


@dataclass(frozen=True)
class Reply:
    """An HTTP status and, for a 2xx only, the decoded body."""

    status: int
    body: bytes


class Deadline:
    """Cuts the connections made under it after `seconds`. `passed` tells whether that happened."""

    def __init__(self, seconds: float, connect_timeout: float) -> None:
        self._ends = time.monotonic() + seconds
        self._connect_ends = min(self._ends, time.monotonic() + connect_timeout)
        self._lock = threading.Lock()
        self._handles: list[socket.socket] = []
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self.passed = False

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        self._timer.join()
        for handle in self._handles:
            handle.close()

    def connect(self, host: str, port: int) -> socket.socket:
        """Open a TCP connection within the connect timeout. Raises OSError."""
        problem: OSError = TimeoutError("no time left to connect")
        for family, kind, protocol, _name, address in self._look_up(host, port):
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(self._left_to_connect())
                connection.connect(address)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._watch(connection)
                return connection
            except OSError as error:
                connection.close()
                problem = error
        raise problem

    def _left_to_connect(self) -> float:
        left = self._connect_ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("no time left to connect")
        return left

    def _look_up(self, host: str, port: int) -> list[Any]:
        """Resolve in a helper thread: the system's resolver cannot be interrupted, only left behind."""
        found: list[Any] = []
        problem: list[Exception] = []

        def look_up() -> None:
            try:
                found.extend(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:
                problem.append(error)

        helper = threading.Thread(target=look_up, name="chpter-lookup", daemon=True)
        helper.start()
        helper.join(self._left_to_connect())
        if helper.is_alive():
            raise TimeoutError("the name lookup took too long")
        if problem:
            raise OSError("the name could not be resolved")
        return found

    def _watch(self, connection: socket.socket) -> None:
        # A second handle on the same connection: TLS takes the first one over, and this one stays valid
        # until we close it.
        with self._lock:
            if self.passed:
                raise TimeoutError("no time left")
            self._handles.append(connection.dup())

    def _cut(self) -> None:
        with self._lock:
            self.passed = True
            for handle in self._handles:
                try:
                    handle.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was quicker


def _connect(connection: HTTPConnection, deadline: Deadline) -> socket.socket:
    try:
        return deadline.connect(connection.host, connection.port or connection.default_port)
    except TimeoutError as error:  # in urllib3's words: it takes a bare one for a connection that broke
        raise ConnectTimeoutError(connection, "no connection in time") from error


class _Connection(HTTPConnection):
    def __init__(self, *args: Any, deadline: Deadline, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = deadline

    def _new_conn(self) -> socket.socket:
        return _connect(self, self._deadline)


class _TlsConnection(HTTPSConnection):
    def __init__(self, *args: Any, deadline: Deadline, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = deadline

    def _new_conn(self) -> socket.socket:
        return _connect(self, self._deadline)


class _Adapter(HTTPAdapter):
    """Makes every connection of one call under its deadline."""

    def __init__(self, deadline: Deadline) -> None:
        super().__init__(max_retries=0)
        self._deadline = deadline

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        kind = _TlsConnection if pool.scheme == "https" else _Connection
        pool.ConnectionCls = partial(kind, deadline=self._deadline)
        return pool


def post_json(
    address: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any],
    *,
    connect_timeout: float,
    deadline: float,
) -> Reply:
    """POST `body` as JSON once, over a connection of its own. Times are seconds.

    Redirects are not followed, environment proxies and .netrc are ignored, TLS is verified.
    Raises Unreachable, TimedOut, TooLarge or UnreadableReply.
    """
    watch = Deadline(deadline, connect_timeout)
    try:
        with watch, requests.Session() as session:
            session.trust_env = False
            session.mount("https://", _Adapter(watch))
            session.mount("http://", _Adapter(watch))
            with session.post(
                address,
                json=body,
                headers={**_HEADERS, **headers},
                timeout=(connect_timeout, deadline),
                allow_redirects=False,
                stream=True,
            ) as response:
                answered = 200 <= response.status_code < 300
                reply = Reply(response.status_code, _read(response) if answered else b"")
    except UnreadableReply:
        if watch.passed:
            raise TimedOut from None
        raise
    except _FAILURES as error:
        if watch.passed or isinstance(error, requests.Timeout | TimeoutError):
            raise TimedOut from None
        raise Unreachable(f"The provider could not be reached ({type(error).__name__}).") from None
    if watch.passed:  # a body without a stated length ends like a whole one when the connection is cut
        raise TimedOut
    return reply


def _read(response: requests.Response) -> bytes:
    """The decoded body, at most MAX_REPLY_BYTES. Raises TooLarge or UnreadableReply."""
    content = bytearray()
    try:
        while piece := response.raw.read(MAX_REPLY_BYTES + 1 - len(content), decode_content=True):
            content += piece
            if len(content) > MAX_REPLY_BYTES:
                raise TooLarge
    except _FAILURES:
        raise UnreadableReply("The provider's answer broke off.") from None
    return bytes(content)
