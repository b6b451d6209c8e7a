"""Broken HTTP over a real socket of gunicorn: refused or closed, never a 5xx, nothing paid, no hidden request."""

import json
import re
import socket
from collections import Counter

import pytest

from tests.faults.broken_http import FORM, Writer
from tests.serving import Served

TIMEOUT = 10  # seconds


@pytest.fixture
def bought(shopper):
    return shopper.buy()


@pytest.fixture
def writer(bought):
    return Writer(bought.callback_path, json.dumps(bought.callback()).encode())


@pytest.fixture
def served(live, tmp_path):
    with Served(live, tmp_path, workers=1) as running:
        yield running


def answers(served: Served, raw: bytes) -> list[int]:
    """Send these bytes and nothing more: the statuses of all answers."""
    received = b""
    with socket.create_connection(("127.0.0.1", served.port), TIMEOUT) as caller:
        try:
            caller.sendall(raw)
            caller.shutdown(socket.SHUT_WR)
            while piece := caller.recv(65536):
                received += piece
        except TimeoutError:
            raise AssertionError(f"it hangs after {received[:200]!r}") from None
        except OSError:  # closed while we were still sending
            pass
    return [int(status) for status in re.findall(rb"^HTTP/1\.[01] (\d{3}) ", received, re.MULTILINE)]


def send_all(served: Served, requests) -> Counter[int | str]:
    """Send each on a connection of its own: how often each status came. The next request must be served each time."""
    statuses: Counter[int | str] = Counter()
    wrong = []
    for sent in requests:
        said = answers(served, sent.raw)
        statuses.update(said or ["closed"])
        if len(said) > 1 or not set(said) <= sent.answers:
            wrong.append(f"{sent.name}: {said}")
        if served.post("/healthz", b"", "GET") != 200:
            wrong.append(f"after {sent.name}: nothing is served")
    assert wrong == []
    return statuses


def test_what_is_not_http_is_refused_and_pays_nothing(bought, writer, served, reached):
    statuses = send_all(served, writer.all())

    assert (bought.status["payment"], bought.status["attempt"]) == ("awaiting", "open")
    assert answers(served, writer.whole) == [200]
    assert bought.status["payment"] == "paid"
    assert not re.search("unexpected|Traceback", served.log.read_text())
    refused = sum(count for status, count in statuses.items() if status not in (200, 303, 404))
    reached(
        "Broken HTTP over a socket of gunicorn",
        f"{refused} of {statuses.total()} refused or closed, the others harmless; 0 of 5xx but "
        f"{statuses[501]} unknown codings (501), 0 hangs, 0 paid, the next request served each time",
    )


def test_no_request_is_smuggled_in_another(bought, writer, served, reached):
    requests = list(writer.hiding())
    send_all(served, requests)

    assert (bought.status["payment"], bought.status["attempt"]) == ("awaiting", "open")
    visible = writer.head(FORM, "Content-Length: 5", to="POST /cart/add") + b"sku=x" + writer.whole
    assert answers(served, visible) == [303, 200], "two visible requests are both served"
    assert bought.status["payment"] == "paid"
    reached("A callback hidden in another request", f"0 of {len(requests)} taken for a request of its own")
