"""A call ends at its deadline, however slowly bytes arrive, and leaves no thread and no open file."""

import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from shop.chpter import ChpterError, TimedOut, Unreachable
from shop.chpter.transport import post_json
from tests.chpter.examples import client_for, eventually, session_request
from tests.provider import Provider


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


def seconds_until_timeout(call: Callable[[], object]) -> float:
    started = time.monotonic()
    with pytest.raises(TimedOut):
        call()
    return time.monotonic() - started


@pytest.mark.parametrize("fault", ["slow", "drip_headers", "drip_body", "huge", "reset", "truncated"])
@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts open files through /proc")
def test_no_thread_and_no_file_outlives_the_call(fault):
    with Provider(fault, pause=0.02) as provider:
        client = client_for(provider.url, deadline=0.2)
        threads, files = threading.active_count(), open_files()
        for _ in range(3):
            with pytest.raises(ChpterError):
                client.open_session(session_request())

        assert eventually(lambda: threading.active_count() <= threads and open_files() <= files)


@pytest.fixture
def hanging_lookup(monkeypatch):
    """Every name lookup hangs until the test ends."""
    over = threading.Event()

    def hang(*_args: object, **_options: object) -> list[object]:
        over.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    yield
    over.set()


def test_a_name_lookup_that_hangs_ends_with_the_connect_timeout(hanging_lookup):
    took = seconds_until_timeout(lambda: client_for("https://chpter.example").open_session(session_request()))

    assert took < 0.9


def test_name_lookups_that_hang_leave_few_threads(hanging_lookup):
    client = client_for("https://chpter.example", connect_timeout=0.02)
    before = set(threading.enumerate())
    for _ in range(20):
        with pytest.raises(ChpterError):
            client.open_session(session_request())

    assert len(set(threading.enumerate()) - before) == 5, "the circuit breaker allows five"


def test_a_name_that_does_not_exist_is_unreachable(monkeypatch):
    def unknown(*_args: object, **_options: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(Unreachable):
        client_for("https://chpter.example").open_session(session_request())


@contextmanager
def full_port() -> Iterator[int]:
    """A port of 127.0.0.1 whose queue is full, so that it accepts no connection."""
    with ExitStack() as sockets:
        full = sockets.enter_context(socket.socket())
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        yield full.getsockname()[1]


def test_a_port_that_never_accepts_is_given_up_after_the_connect_timeout():
    with full_port() as port:
        took = seconds_until_timeout(lambda: client_for(f"http://127.0.0.1:{port}").open_session(session_request()))

    assert took < 0.9


def test_all_addresses_of_a_name_share_one_connect_timeout(monkeypatch):
    look_up = socket.getaddrinfo

    def four_addresses(host: str, port: int, *args: object, **options: object) -> list[object]:
        found = look_up("127.0.0.1" if host == "chpter.example" else host, port, *args, **options)
        return found * 4 if host == "chpter.example" else found

    monkeypatch.setattr(socket, "getaddrinfo", four_addresses)
    with full_port() as port:
        took = seconds_until_timeout(
            lambda: client_for(f"https://chpter.example:{port}").open_session(session_request())
        )

    assert took < 0.9


def test_the_next_address_is_tried_when_one_refuses(monkeypatch):
    look_up = socket.getaddrinfo

    def refusing_first(host: str, port: int, *args: object, **options: object) -> list[object]:
        found = look_up(host, port, *args, **options)
        return [*look_up("127.0.0.2", port, *args, **options), *found] if host == "127.0.0.1" else found

    monkeypatch.setattr(socket, "getaddrinfo", refusing_first)
    with Provider() as provider:
        client_for(provider.url).open_session(session_request())

    assert len(provider.requests) == 1


def test_nothing_is_sent_once_the_time_to_connect_is_up():
    with Provider() as provider:
        client = client_for(provider.url, connect_timeout=1e-9)
        seconds_until_timeout(lambda: client.open_session(session_request()))

    assert provider.requests == []


def test_a_tls_handshake_that_hangs_is_cut():
    with Provider("slow") as provider:
        client = client_for(provider.url.replace("http://", "https://"))
        took = seconds_until_timeout(lambda: client.open_session(session_request()))

    assert took < 1.3


class Drip:
    """A server that reads a request, sends `first`, then one byte every 20 ms; with a certificate it speaks TLS."""

    def __init__(self, first: bytes, certificate: tuple[Path, Path] | None = None) -> None:
        self._first = first
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self._context and certificate:
            self._context.load_cert_chain(*certificate)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.bytes_read = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Drip":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        raw, _address = self._listener.accept()
        try:
            with self._context.wrap_socket(raw, server_side=True) if self._context else raw as connection:
                self.bytes_read = len(connection.recv(65536))
                connection.sendall(self._first)
                for _ in range(500):
                    connection.sendall(b"x")
                    time.sleep(0.02)
        except OSError:
            return


HEADER = b"HTTP/1.1 200 OK\r\nX-Wait: "
TLS_RECORD = b"\x16\x03\x03\x40\x00"  # the start of a handshake record of 16 KiB


def test_a_tls_handshake_that_drips_is_cut():
    with Drip(TLS_RECORD) as provider:
        client = client_for(f"https://127.0.0.1:{provider.port}")
        took = seconds_until_timeout(lambda: client.open_session(session_request()))

    assert took < 0.9


def test_headers_that_drip_through_tls_are_cut_too(certificate, monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate[0]))
    with Drip(HEADER, certificate) as provider:
        address = f"https://127.0.0.1:{provider.port}/session"
        took = seconds_until_timeout(lambda: post_json(address, {}, {"a": "b"}, connect_timeout=0.5, deadline=0.6))

    assert 0.5 < took < 1.0
    assert provider.bytes_read > 0


def test_an_untrusted_certificate_ends_the_call_before_anything_is_sent(certificate):
    with Drip(HEADER, certificate) as provider, pytest.raises(Unreachable):
        client_for(f"https://127.0.0.1:{provider.port}").open_session(session_request())

    assert provider.bytes_read == 0
