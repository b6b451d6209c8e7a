"""Callers that send a byte now and then: what the shop's own server bears, and what the proxy in front is for."""

import json
import socket
import statistics
import threading
import time
from contextlib import contextmanager

import pytest

from tests.faults.broken_http import HOST
from tests.faults.figures import size
from tests.faults.nginx import Nginx
from tests.faults.serving import Served

SLOW = 200
LOOKS = size(20, 200)
PAGE = "/products/kiondo-classic"
HEAD = (
    f"POST /cart/add HTTP/1.1\r\nHost: {HOST}\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n"
).encode()
SILENT = f"{SLOW} connections that send nothing"
DRIPPING = {
    f"{SLOW} callers that drip the head of a request": HEAD,
    f"{SLOW} callers that drip the body of a request": HEAD + b"\r\n",
}
FRONTED = "behind nginx as docs/operations.md sets it up"


@contextmanager
def slow_callers(call, first: bytes):
    """Callers that have sent `first`, and after that, where it was anything, a byte each second."""
    callers, done = [], threading.Event()
    for _ in range(SLOW):
        caller = call()
        caller.sendall(first)
        callers.append(caller)

    def drip():
        while first and not done.wait(1):
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
        done.set()
        dripping.join()
        for caller in callers:
            caller.close()


def looks(ask, times: int = LOOKS) -> list[float]:
    """Seconds that a look at the catalogue takes, again and again."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        assert ask(PAGE) == 200
        taken.append(time.perf_counter() - began)
    return taken


def unanswered(served: Served) -> bool:
    """Whether who looks at the catalogue without a proxy has no answer after three seconds."""
    with call(served) as caller:
        caller.settimeout(3)
        caller.sendall(f"GET {PAGE} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
        try:
            return not caller.recv(1)
        except TimeoutError:
            return True


def p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


@pytest.mark.parametrize("programme", [SILENT, *DRIPPING], ids=["nothing", "head", "body"])
def test_behind_the_proxy_they_hold_nobody_up(shopper, live, certificate, tmp_path, reached, programme):
    bought = shopper.buy()
    with Served(live, tmp_path) as served, Nginx(served.port, certificate, tmp_path) as proxy:
        looks(proxy.ask, times=5)
        with slow_callers(proxy.called, DRIPPING.get(programme, b"")):
            taken = looks(proxy.ask)
            body = json.dumps(bought.callback()).encode()
            heard = proxy.ask(bought.callback_path, body, Content_Type="application/json")

    assert p95(taken) < 0.5
    assert (heard, bought.status["payment"]) == (200, "paid")
    reached(programme, f"{FRONTED}: catalogue p95 {p95(taken) * 1000:.0f} ms, a callback is heard and paid")


def test_without_a_proxy_callers_that_say_nothing_hold_nobody_up_either(app, live, tmp_path, reached):
    with Served(live, tmp_path) as served:

        def ask(path: str) -> int | None:
            return served.post(path, b"", "GET")

        looks(ask, times=5)
        with slow_callers(lambda: call(served), b""):
            taken = looks(ask)

    assert max(taken) < 20, "all are answered"
    reached(SILENT, f"with no proxy: catalogue p95 {p95(taken) * 1000:.0f} ms")


def call(served: Served) -> socket.socket:
    """A connection to the shop itself."""
    return socket.create_connection(("127.0.0.1", served.port), 10)
