"""Callers that send a byte now and then: what the shop's own server bears, and what the proxy in front is for."""

import socket
import statistics
import threading
import time
from contextlib import contextmanager
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.faults.figures import size
from tests.faults.serving import Served

SLOW = 200
SILENT = f"{SLOW} connections that send nothing, no proxy"
LOOKS = size(20, 200)
FORM = b"Host: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 5000\r\n"
HEAD = b"POST /cart/add HTTP/1.1\r\n" + FORM
direct = build_opener(ProxyHandler({}))


@contextmanager
def slow_callers(port: int, first: bytes):
    """Callers that have sent `first`, and after that, where it was anything, a byte each second."""
    callers, done = [], threading.Event()
    for _ in range(SLOW):
        caller = socket.create_connection(("127.0.0.1", port), 10)
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


def looks(port: int, patience: float = 20, times: int = LOOKS) -> list[float]:
    """Seconds that a look at the catalogue takes, again and again; `patience` for one that is not answered in time."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        try:
            direct.open(f"http://127.0.0.1:{port}/products/kiondo-classic", timeout=patience).read()
            taken.append(time.perf_counter() - began)
        except OSError:
            taken.append(patience)
    return taken


def p95(taken: list[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


@pytest.fixture
def served(app, settings, tmp_path):
    with Served(settings, tmp_path) as running:
        looks(running.port, times=5)
        yield running


def test_callers_that_say_nothing_hold_nobody_up(served, reached):
    with slow_callers(served.port, b""):
        taken = looks(served.port)

    assert max(taken) < 20, "all are answered"
    reached(SILENT, f"catalogue p95 {p95(taken) * 1000:.0f} ms")


def test_control_connections_that_are_handed_over_at_once_hold_every_thread(app, settings, tmp_path, unguarded):
    config = tmp_path / "as_it_comes.py"
    config.write_text("worker_class, threads = 'gthread', 8\n")
    serving = Served(settings, tmp_path, workers=1)
    serving.command = (*serving.command, "--config", str(config))
    with serving as served, slow_callers(served.port, b""):
        assert looks(served.port, patience=3, times=1) == [3]
    unguarded(SILENT, "handed over at once, they hold every thread: no page within 3 s")


@pytest.mark.parametrize("first", [HEAD, HEAD + b"\r\n"], ids=["head", "body"])
def test_control_without_the_proxy_they_hold_every_thread_and_let_go_when_they_leave(
    app, settings, tmp_path, reached, first
):
    with Served(settings, tmp_path, workers=1) as served:  # of two, one may take all the callers
        with slow_callers(served.port, first):
            taken = looks(served.port, patience=3, times=2)
        back = served.wait_until_up()

    assert taken == [3, 3], "nobody else is answered"
    where = "body" if first.endswith(b"\r\n\r\n") else "head"
    reached(
        f"{SLOW} callers that drip the {where} of a request, no proxy",
        f"others wait as long as they drip; answered {back:.1f} s after they left, without a restart",
    )
