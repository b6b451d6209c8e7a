"""Malformed bodies at true callback addresses: none is answered by an error of ours, none pays that does not say so."""

import gc
import http.client
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import pytest

from tests import both_databases
from tests.conftest import TOKEN
from tests.faults.figures import size
from tests.faults.malformed import Body, Malformer
from tests.faults.meaning import may_pay
from tests.faults.serving import Served
from tests.faults.waiting import Waiting
from tests.shopper import Bought

pytestmark = both_databases
HERE = "Malformed bodies at true addresses, in process"
OVER_A_SOCKET = "Malformed bodies at true addresses, over a socket"
SEED = 20_261
ORDERS = 20
MOST_GROWTH = 20 * 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")
ANSWERS = {200, 400, 413}  # no 202 either: it would hide what broke in settling
Post = Callable[[Bought, Body], int]


class Tried:
    """What came of posting bodies: answers by status, and what was paid of what might be."""

    def __init__(self) -> None:
        self.answers: Counter[int] = Counter()
        self.kinds: Counter[str] = Counter()
        self.wrongly: list[Body] = []
        self.unheard: list[Body] = []
        self.broken: list[Body] = []
        self.paid = 0

    def note(self, body: Body, status: int, *, paid: bool, may: bool) -> None:
        """Count one body."""
        self.answers[status] += 1
        self.kinds.update(body.kinds)
        self.paid += paid
        for found, wrong in (
            (self.wrongly, paid and not may),
            (self.unheard, may and not paid),
            (self.broken, status not in ANSWERS),
        ):
            if wrong:
                found.append(body)

    @property
    def words(self) -> str:
        """For the page."""
        of_5xx = sum(count for status, count in self.answers.items() if status >= 500)
        return (
            f"{of_5xx} of 5xx, {len(self.wrongly)} wrongly paid, {self.paid:,} that say so in other words paid, "
            f"{len(self.kinds)} kinds"
        )


def try_bodies(waiting: Waiting, post: Post, count: int, seed: int = SEED) -> Tried:
    """Post so many bodies, each to an order that waits; what they did is judged one by one."""
    tried, source = Tried(), Malformer(seed)
    for _ in range(count):
        bought = waiting.next()
        body = source.body(bought.reference, bought.total)
        status = post(bought, body)
        paid = "paid" in waiting.look(bought)
        tried.note(body, status, paid=paid, may=may_pay(body.raw, body.content_type, bought.reference, bought.total))
    return tried


def resident(*processes: int) -> int:
    """Bytes of memory that the processes hold."""
    gc.collect()
    return sum(int(Path(f"/proc/{one}/statm").read_text().split()[1]) for one in processes) * PAGE


def in_process(app) -> Post:
    browser = app.test_client()

    def post(bought: Bought, body: Body) -> int:
        return browser.post(bought.callback_path, data=body.raw, content_type=body.content_type).status_code

    return post


@contextmanager
def over_the_socket(served: Served) -> Iterator[Post]:
    """One connection that is kept open, whole or in chunks; opened again when the shop has closed it."""
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)

    def post(bought: Bought, body: Body) -> int:
        chunked = len(body.raw) % 3 == 0
        line.putrequest("POST", bought.callback_path)
        line.putheader("Content-Type", body.content_type.encode("latin-1"))
        line.putheader(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body.raw)))))
        line.endheaders()
        pieces = [body.raw[place : place + 1000] for place in range(0, len(body.raw), 1000)]
        line.send(b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (*pieces, b"")) if chunked else body.raw)
        reply = line.getresponse()
        reply.read()
        return reply.status

    yield post
    line.close()


@pytest.fixture
def unlogged():
    """pytest keeps every log line of a test, which would count as the shop's memory."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def waiting(app, shopper) -> Iterator[Waiting]:
    orders = Waiting(app, shopper, ORDERS)
    yield orders
    orders.reader.close()


def must_be_calm(tried: Tried) -> None:
    assert tried.broken == []
    assert tried.wrongly == []
    assert tried.unheard == []
    assert set(tried.answers) == ANSWERS
    assert tried.paid > 0


def test_no_malformed_body_breaks_the_shop_or_pays(app, waiting, unlogged, reached):
    count = size(1_500, 50_000)
    post = in_process(app)
    try_bodies(waiting, post, count // 10, seed=SEED + 1)  # what is made once is made
    before, began = resident(os.getpid()), perf_counter()

    tried = try_bodies(waiting, post, count)
    rate, growth = count / (perf_counter() - began), resident(os.getpid()) - before

    waiting.put_back()
    must_be_calm(tried)
    assert growth < MOST_GROWTH
    reached(
        HERE,
        f"{count:,}: {tried.words}; memory grew by {growth / 1e6:.1f} MB; {rate:,.0f} a second",
    )


def test_no_malformed_body_breaks_the_shop_over_a_socket(app, waiting, settings, tmp_path, reached):
    count = size(200, 5_000)
    with Served(settings, tmp_path) as served, over_the_socket(served) as post:
        try_bodies(waiting, post, count // 10, seed=SEED + 1)
        workers = served.workers
        before = resident(*workers)
        tried = try_bodies(waiting, post, count)
        growth = resident(*workers) - before
        assert served.workers == workers, "a web process died"

    waiting.put_back()
    must_be_calm(tried)
    assert growth < MOST_GROWTH
    log = served.log.read_text(errors="replace")
    assert "Traceback" not in log
    for bought in waiting.purchases:
        assert bought.callback_path.rsplit("/", 1)[1] not in log
    assert TOKEN not in log
    reached(
        OVER_A_SOCKET,
        f"{count:,}: {tried.words}; two web processes grew by {growth / 1e6:.1f} MB together",
    )
