"""Malformed bodies at true callback addresses: no answer is a 5xx, and nothing is paid that the body does not say."""

import gc
import http.client
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import pytest
from sqlalchemy import delete, func, select, update

from shop.catalog.models import Variant
from shop.core.database import db, write
from shop.orders.models import Order
from shop.payments.models import PaymentAttempt
from tests import both_databases
from tests.conftest import TOKEN
from tests.faults.callback_bodies import Body, Malformer, may_pay
from tests.figures import size
from tests.serving import Served, memory_of
from tests.shopper import SKU, Bought

pytestmark = both_databases
SEED = 20_261
ORDERS = 20
MAX_GROWTH = 20 * 1024 * 1024
ANSWERS = {200, 400, 413}  # not 202: it would hide an error of settling
CHANGED = (Order.__table__, PaymentAttempt.__table__, Variant.__table__)
Post = Callable[[Bought, Body], int]


class UnpaidOrders:
    """Orders of one piece each. Once a callback has changed most of them, all are put back."""

    def __init__(self, app, shopper, ledger) -> None:
        self.app, self.ledger = app, ledger
        ledger.shelve(SKU, ORDERS + 10)
        self.purchases = [shopper.buy() for _ in range(ORDERS)]
        self.unchanged, self.paid = list(self.purchases), 0
        with app.app_context():
            self._rows = {table: [dict(row) for row in _rows(table)] for table in CHANGED}
            self._last_ids = {
                table: db.session.scalar(select(func.max(table.c.id))) or 0
                for table in reversed(db.metadata.sorted_tables)
                if table not in CHANGED and "id" in table.c
            }

    def next(self) -> Bought:
        if not self.unchanged:
            self.put_back()
        return self.unchanged[-1]

    def is_paid(self, bought: Bought) -> bool:
        state = self.ledger.order_state(bought)
        if (state.order, state.attempt) != ("awaiting", "open"):
            self.unchanged.remove(bought)
            self.paid += (state.order, state.attempt) == ("paid", "paid")
        return "paid" in (state.order, state.attempt)

    def put_back(self) -> None:
        """Check that stock and emails fit what was paid, then restore all rows as they were at first."""
        assert self.ledger.stock(SKU) == (ORDERS + 10 - self.paid, ORDERS - self.paid)
        assert self.ledger.mails("paid") == self.ledger.mails("new_order") == self.paid
        with self.app.app_context():
            write(self._restore)
        self.unchanged, self.paid = list(self.purchases), 0

    def _restore(self) -> None:
        for table, last_id in self._last_ids.items():
            db.session.execute(delete(table).where(table.c.id > last_id))
        for table, rows in self._rows.items():
            now = {row["id"]: dict(row) for row in _rows(table)}
            for row in rows:
                if now[row["id"]] != row:
                    db.session.execute(update(table).where(table.c.id == row["id"]).values(row))


def _rows(table):
    return db.session.execute(select(table)).mappings()


@pytest.fixture
def orders(app, shopper, ledger) -> Iterator[UnpaidOrders]:
    """Without logging: pytest keeps every log line of a test, which would count as the shop's memory."""
    logging.disable(logging.CRITICAL)
    yield UnpaidOrders(app, shopper, ledger)
    logging.disable(logging.NOTSET)


def post_bodies(orders: UnpaidOrders, post: Post, count: int, processes: Callable[[], list[int]]) -> tuple[str, int]:
    """Post this many bodies, and judge each: the words of the figure, and the growth of the processes in bytes."""
    answers, kinds, paid = Counter(), Counter(), 0
    growth, warm_up = 0, count // 10  # caches are filled first
    source = Malformer(SEED)
    for number in range(-warm_up, count):
        if number == 0:
            gc.collect()
            growth = -memory_of(processes())
        bought = orders.next()
        body = source.body(bought.reference, bought.total)
        status = post(bought, body)
        is_paid = orders.is_paid(bought)
        assert status in ANSWERS, (status, body, body.raw)
        assert is_paid == may_pay(body.raw, body.content_type, bought.reference, bought.total), (body, body.raw)
        answers[status] += 1
        kinds.update(body.kinds)
        paid += is_paid
    gc.collect()
    growth += memory_of(processes())
    orders.put_back()
    assert set(answers) == ANSWERS
    assert paid > 0
    assert growth < MAX_GROWTH
    words = f"{count:,}: 0 of 5xx, 0 wrongly paid, {paid:,} that say so in other words paid, {len(kinds)} kinds"
    return words, growth


@contextmanager
def over_a_socket(served: Served) -> Iterator[Post]:
    """One connection that is kept open; every third body goes in chunks."""
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)

    def post(bought: Bought, body: Body) -> int:
        chunked = len(body.raw) % 3 == 0
        connection.putrequest("POST", bought.callback_path)
        connection.putheader("Content-Type", body.content_type.encode("latin-1"))
        length = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(len(body.raw)))
        connection.putheader(*length)
        connection.endheaders()
        pieces = [body.raw[place : place + 1000] for place in range(0, len(body.raw), 1000)]
        connection.send(b"".join(b"%x\r\n%s\r\n" % (len(one), one) for one in (*pieces, b"")) if chunked else body.raw)
        reply = connection.getresponse()
        reply.read()
        return reply.status

    yield post
    connection.close()


def test_no_malformed_body_breaks_the_shop_or_pays(app, orders, reached):
    count, browser, began = size(1_500, 50_000), app.test_client(), perf_counter()

    def post(bought: Bought, body: Body) -> int:
        return browser.post(bought.callback_path, data=body.raw, content_type=body.content_type).status_code

    words, growth = post_bodies(orders, post, count, lambda: [os.getpid()])

    rate = 1.1 * count / (perf_counter() - began)
    reached(
        "Malformed bodies at true addresses, in process",
        f"{words}; memory grew by {growth / 1e6:.1f} MB; {rate:,.0f} a second",
    )


def test_no_malformed_body_breaks_the_shop_over_a_socket(orders, settings, tmp_path, reached):
    with Served(settings, tmp_path) as served, over_a_socket(served) as post:
        workers = served.workers
        words, growth = post_bodies(orders, post, size(200, 5_000), lambda: served.workers)
        assert served.workers == workers, "a web process died"

    log = served.log.read_text(errors="replace")
    tokens = [bought.callback_path.rsplit("/", 1)[1] for bought in orders.purchases]
    assert not [word for word in ("Traceback", TOKEN, *tokens) if word in log]
    reached(
        "Malformed bodies at true addresses, over a socket",
        f"{words}; two web processes grew by {growth / 1e6:.1f} MB together",
    )
