"""A call ends when its time is up, whatever drips, and leaves nothing behind."""

import os
import runpy
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from shop.chpter import ChpterError, TimedOut, Unreachable
from shop.chpter.transport import Deadline, post_json
from tests.chpter.examples import client_for, eventually, session_request
from tests.faults.provider import Provider


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


def test_a_name_lookup_that_hangs_is_left_behind(monkeypatch):
    answer = threading.Event()

    def hang(*_args: object, **_options: object) -> list[object]:
        answer.wait(10)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    try:
        took = seconds_until_timeout(lambda: client_for("https://chpter.example").open_session(session_request()))
    finally:
        answer.set()

    assert took < 0.9


def test_a_name_that_does_not_exist_is_unreachable(monkeypatch):
    def unknown(*_args: object, **_options: object) -> list[object]:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(Unreachable):
        client_for("https://chpter.example").open_session(session_request())


def test_a_port_that_never_accepts_is_given_up_after_the_connect_timeout():
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]  # more than the queue of an unattended port holds
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        took = seconds_until_timeout(
            lambda: client_for(f"http://127.0.0.1:{address[1]}").open_session(session_request())
        )
        for one in waiting:
            one.close()

    assert took < 0.9


def test_a_tls_handshake_that_hangs_is_cut():
    with Provider("slow") as provider:
        client = client_for(provider.url.replace("http://", "https://"))
        took = seconds_until_timeout(lambda: client.open_session(session_request()))

    assert took < 1.3


class TlsDrip:
    """A TLS server that takes a request and answers with headers that never end."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.bytes_read = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "TlsDrip":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        raw, _address = self._listener.accept()
        try:
            with self._context.wrap_socket(raw, server_side=True) as connection:
                self.bytes_read = len(connection.recv(65536))
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Wait: ")
                for _ in range(500):
                    connection.sendall(b"x")
                    time.sleep(0.02)
        except OSError:
            return


def test_headers_that_drip_through_tls_are_cut_too(certificate, monkeypatch):
    real = requests.Session.merge_environment_settings

    def trusting(self: requests.Session, *args: object) -> object:
        return {**real(self, *args), "verify": str(certificate[0])}  # type: ignore[arg-type]

    monkeypatch.setattr(requests.Session, "merge_environment_settings", trusting)
    with TlsDrip(*certificate) as provider:
        address = f"https://127.0.0.1:{provider.port}/session"
        took = seconds_until_timeout(lambda: post_json(address, {}, {"a": "b"}, connect_timeout=0.5, deadline=0.6))

    assert 0.5 < took < 1.0
    assert provider.bytes_read > 0


def test_a_certificate_nobody_vouches_for_ends_the_call_before_anything_is_sent(certificate):
    with TlsDrip(*certificate) as provider, pytest.raises(Unreachable):
        client_for(f"https://127.0.0.1:{provider.port}").open_session(session_request())

    assert provider.bytes_read == 0


def test_a_connection_made_after_the_end_is_cut_and_one_the_other_side_ended_is_left():
    ours, theirs = socket.socketpair()
    with Deadline(seconds=60, connect_timeout=1) as deadline:
        deadline._watch(ours)
        deadline._handles[0].close()  # as when the other side was quicker

        deadline._cut()

        assert deadline.passed
        with pytest.raises(TimeoutError):
            deadline._watch(theirs)
    ours.close()
    theirs.close()


def test_nothing_is_connected_once_the_time_to_connect_is_up(monkeypatch):
    with Deadline(seconds=60, connect_timeout=0) as deadline:
        monkeypatch.setattr(
            deadline, "_look_up", lambda host, port: [(socket.AF_INET, socket.SOCK_STREAM, 0, "", None)]
        )

        with pytest.raises(TimeoutError, match="no time left to connect"):
            deadline.connect("127.0.0.1", 1)


def test_a_requests_library_that_keeps_no_deadline_is_refused_at_the_start(monkeypatch):
    monkeypatch.setattr("requests.__version__", "2.31.0")

    with pytest.raises(ImportError, match=r"need requests 2\.32 or newer, and this is 2\.31\.0"):
        runpy.run_module("shop.chpter.transport")
