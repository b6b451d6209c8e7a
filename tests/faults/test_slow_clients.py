"""Callers that send a byte now and then: what the shop's own server bears, and what the proxy in front is for."""

import json
import socket
import statistics
import threading
import time
from contextlib import contextmanager

import pytest

from tests.faults.broken_http import HOST
from tests.faults.nginx import Nginx
from tests.figures import size
from tests.serving import Served

SLOW = 200
HEAD = (
    f"POST /cart/add HTTP/1.1\r\nHost: {HOST}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n"
).encode()
SILENT = f"{SLOW} connections that send nothing"
FIRST_BYTES = {
    SILENT: b"",
    f"{SLOW} callers that drip the head of a request": HEAD,
    f"{SLOW} callers that drip the body of a request": HEAD + b"\r\n",
}


@contextmanager
def slow_callers(connect, first: bytes):
    """Callers that have sent `first` and, if that was anything, send a byte each second."""
    callers, over = [connect() for _ in range(SLOW)], threading.Event()
    for caller in callers:
        caller.sendall(first)

    def drip():
        while first and not over.wait(1):
            for caller in callers:
                try:
                    caller.send(b"x")
                except OSError:
                    continue

    dripping = threading.Thread(target=drip)
    dripping.start()
    time.sleep(1)
    try:
        yield
    finally:
        over.set()
        dripping.join()
        for caller in callers:
            caller.close()


def p95(ask) -> float:
    """Seconds within which nineteen of twenty requests for a product are answered."""
    seconds = []
    for _ in range(size(20, 200)):
        began = time.perf_counter()
        assert ask("/products/kiondo-classic") == 200
        seconds.append(time.perf_counter() - began)
    return statistics.quantiles(seconds, n=20)[-1]


@pytest.mark.parametrize("programme", FIRST_BYTES, ids=["nothing", "head", "body"])
def test_behind_the_proxy_slow_callers_delay_no_other(shopper, live, certificate, tmp_path, reached, programme):
    bought = shopper.buy()
    with Served(live, tmp_path) as served, Nginx(served.port, certificate, tmp_path) as proxy:
        p95(proxy.ask)  # warms it up
        with slow_callers(proxy.called, FIRST_BYTES[programme]):
            seconds = p95(proxy.ask)
            body = json.dumps(bought.callback()).encode()
            status = proxy.ask(bought.callback_path, body, Content_Type="application/json")

    assert seconds < 0.5
    assert (status, bought.status["payment"]) == (200, "paid")
    front = "behind nginx as docs/operations.md sets it up"
    reached(programme, f"{front}: catalogue p95 {seconds * 1000:.0f} ms, a callback is heard and paid")


def test_without_a_proxy_silent_connections_delay_no_other_either(app, live, tmp_path, reached):
    with Served(live, tmp_path) as served:
        p95(lambda path: served.ask(path).status)
        with slow_callers(lambda: socket.create_connection(("127.0.0.1", served.port), 10), b""):
            seconds = p95(lambda path: served.ask(path).status)

    assert seconds < 20
    reached(SILENT, f"with no proxy: catalogue p95 {seconds * 1000:.0f} ms")
