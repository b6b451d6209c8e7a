"""Broken HTTP over a real socket of gunicorn: refused or closed, no error of ours, nothing paid, nothing smuggled."""

import json
import re
import socket
import time
from collections import Counter
from collections.abc import Iterable

import pytest

from tests.faults.broken_http import Sent, Writer
from tests.faults.serving import Served

BROKEN = "Broken HTTP over a socket of gunicorn"
PATIENCE = 10  # seconds


@pytest.fixture
def bought(shopper):
    return shopper.buy()


@pytest.fixture
def writer(bought):
    return Writer(bought.callback_path, json.dumps(bought.callback()).encode())


def answers(port: int, raw: bytes) -> tuple[list[int], float]:
    """Send bytes and say no more: the statuses of all that comes back, and after how many seconds it was over."""
    began, said = time.monotonic(), b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as caller:
        try:
            caller.sendall(raw)
            caller.shutdown(socket.SHUT_WR)
            while piece := caller.recv(65536):
                said += piece
        except TimeoutError:
            raise AssertionError(f"it hangs after {said[:200]!r}") from None
        except OSError:  # closed while we were still talking
            pass
    return [
        int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", said, re.MULTILINE)
    ], time.monotonic() - began


class Tried:
    """What came of a number of requests."""

    def __init__(self, served: Served, requests: Iterable[Sent]) -> None:
        self.count, self.slowest = 0, 0.0
        self.statuses: Counter[int | str] = Counter()
        self.wrong: list[str] = []
        for sent in requests:
            said, seconds = answers(served.port, sent.raw)
            self.count, self.slowest = self.count + 1, max(self.slowest, seconds)
            self.statuses.update(said or ["closed"])
            if len(said) > 1 or not set(said) <= sent.answers:
                self.wrong.append(f"{sent.name}: {said}")
            if served.post("/healthz", b"", "GET") != 200:
                self.wrong.append(f"after {sent.name}: nobody is served")


def test_what_is_no_http_is_refused_and_pays_nothing(bought, writer, live, tmp_path, reached):
    with Served(live, tmp_path, workers=1) as served:
        tried = Tried(served, writer.all())
        state = bought.status["payment"], bought.status["attempt"]
        healthy = answers(served.port, writer.whole)[0]

    assert tried.wrong == []
    assert state == ("awaiting", "open")
    assert (healthy, bought.status["payment"]) == ([200], "paid")
    assert not re.search("unexpected|Traceback", served.log.read_text())
    refused = sum(count for status, count in tried.statuses.items() if status not in (200, 303, 404))
    reached(
        BROKEN,
        f"{refused} of {tried.count} refused or closed, the others harmless; 0 of 5xx but "
        f"{tried.statuses[501]} unknown codings (501), 0 hangs, 0 paid, the next request served each time",
    )


def test_no_request_is_smuggled_in_another(bought, writer, live, tmp_path, reached):
    with Served(live, tmp_path, workers=1) as served:
        tried = Tried(served, writer.hiding())
        state = bought.status["payment"], bought.status["attempt"]
        control = writer.head("Content-Length: 5", target="/cart/add") + b"sku=x" + writer.whole
        both = answers(served.port, control)[0]

    assert tried.wrong == []
    assert state == ("awaiting", "open")
    assert (both, bought.status["payment"]) == ([303, 200], "paid")  # control: said openly, the second is one
    reached("A callback hidden in another request", f"0 of {tried.count} taken for a request of its own")
