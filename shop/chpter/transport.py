"""Send one POST to Chpter and read its reply, with one deadline for the whole call.

The timeouts of `requests` apply to each wait for bytes, so a server that sends one byte a second never times out.
Here every wait ends at the deadline: for the name lookup, the connection, the TLS handshake, the headers and the body.
The POST is sent once: the payment session may exist although the reply was lost.
"""

import io
import socket
import threading
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError

from .errors import TimedOut, TooLarge, Unreachable, UnreadableReply

MAX_REPLY_BYTES = 64 * 1024  # the decoded body
MAX_RECEIVED_BYTES = 2 * MAX_REPLY_BYTES  # headers and body as they arrive

_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "Connection": "close"}
# What the libraries raise. ValueError: a negative chunk size. RuntimeError: no thread can be started.
_FAILURES = (OSError, HTTPError, ValueError, RuntimeError)


@dataclass(frozen=True)
class Reply:
    """An HTTP status and, for a 2xx status only, the decoded body."""

    status: int
    body: bytes


def post_json(
    address: str, headers: Mapping[str, str], body: Mapping[str, Any], *, connect_timeout: float, deadline: float
) -> Reply:
    """Send `body` as JSON in one POST over a new connection.

    `deadline` is the number of seconds for the whole call, `connect_timeout` for name lookup, TCP and TLS together.
    Redirects are not followed, proxies and .netrc of the environment are ignored, TLS certificates are verified.
    Raises Unreachable, TimedOut, TooLarge or UnreadableReply.
    """
    ends = time.monotonic() + deadline
    try:
        # Not a requests.Session: it reads the whole body of a redirect, even of one that it does not follow.
        request = requests.Request("POST", address, {**_HEADERS, **headers}, json=body).prepare()
        adapter: Any = HTTPAdapter(max_retries=0)
        pool = adapter.get_connection_with_tls_context(request, verify=True)  # the pool that send() uses
        pool.ConnectionCls = _timed(pool.ConnectionCls, min(ends, time.monotonic() + connect_timeout), ends)
        with closing(adapter), adapter.send(request, stream=True, timeout=(connect_timeout, deadline)) as response:
            succeeded = 200 <= response.status_code < 300
            return Reply(response.status_code, _read(response) if succeeded else b"")
    except (UnreadableReply, *_FAILURES) as error:
        if time.monotonic() >= ends or isinstance(error, requests.Timeout):
            raise TimedOut from None
        if isinstance(error, UnreadableReply):
            raise
        raise Unreachable(f"The provider could not be reached ({type(error).__name__}).") from None


def _read(response: requests.Response) -> bytes:
    content = bytearray()
    try:
        for piece in response.iter_content(8192):
            content += piece
            if len(content) > MAX_REPLY_BYTES:
                raise TooLarge
    except _FAILURES:
        raise UnreadableReply("The provider's answer broke off.") from None
    return bytes(content)


def _timed(base: Any, connect_ends: float, ends: float) -> Any:
    """A urllib3 connection class that connects before `connect_ends` and reads until `ends` (time.monotonic())."""

    class Connection(base):
        def _new_conn(self) -> socket.socket:
            try:
                return _connect(self.host, self.port, connect_ends)
            except TimeoutError as error:  # urllib3 would report it as a broken connection
                raise ConnectTimeoutError(self, "no connection in time") from error

        def response_class(self, connection: socket.socket, **options: Any) -> HTTPResponse:
            response = HTTPResponse(connection, **options)
            response.fp = io.BufferedReader(_TimedReader(connection, response.fp.detach(), ends))
            return response

    return Connection


class _TimedReader(io.RawIOBase):
    """Reads from a connection until `ends`, and at most MAX_RECEIVED_BYTES."""

    def __init__(self, connection: socket.socket, raw: Any, ends: float) -> None:
        self._connection, self._raw, self._ends = connection, raw, ends
        self._room = MAX_RECEIVED_BYTES

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(_left(self._ends))
        size: int = self._raw.readinto(buffer)
        self._room -= size
        if self._room < 0:
            raise TooLarge
        return size

    def close(self) -> None:
        self._raw.close()
        super().close()


def _connect(host: str, port: int, ends: float) -> socket.socket:
    """Connect to the first address of `host` that accepts. Raises OSError."""
    addresses: list[str] = []

    def look_up() -> None:
        with suppress(OSError, UnicodeError):  # an unknown name has no addresses
            addresses.extend(str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))

    lookup = threading.Thread(target=look_up, name="chpter-lookup", daemon=True)  # a lookup cannot be interrupted
    lookup.start()
    lookup.join(_left(ends))
    problem = TimeoutError("the name lookup took too long") if lookup.is_alive() else OSError("the name is not known")
    for address in addresses:
        try:
            connection = socket.create_connection((address, port), timeout=_left(ends))
        except OSError as error:
            problem = error
        else:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(max(ends - time.monotonic(), 0.001))  # for the TLS handshake
            return connection
    raise problem


def _left(ends: float) -> float:
    """Seconds until `ends`. Raises TimeoutError when there are none."""
    left = ends - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
