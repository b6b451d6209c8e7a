"""kill -9 of the worker while it sends mails and ends orders: each mail goes out, each order ends once."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from shop.catalog.models import StockEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from shop.orders.models import Order, OrderEvent
from tests import both_databases
from tests.emails.smtp_server import PostOffice, settings_for
from tests.faults.figures import size
from tests.shopper import SKU

pytestmark = both_databases
PROGRAMME = "kill -9 of the worker during mail and expiry"
ROOT = Path(__file__).parents[2]
MAILS, ORDERS = 12, 2  # of each a round
PATIENCE = 150  # seconds; a machine may be busy


class SlowOffice(PostOffice):
    """Takes its time before and after it has kept a letter, so that a kill finds it on either side."""

    async def handle_DATA(self, server, session, envelope):
        await asyncio.sleep(0.015)
        answer = await super().handle_DATA(server, session, envelope)
        await asyncio.sleep(0.015)
        return answer


@pytest.fixture
def office():
    with SlowOffice() as running:
        yield running


@pytest.fixture
def settings(settings, office):
    return {**settings, **settings_for(office.port)}


@contextmanager
def worker(settings, folder, module):
    """A worker process. It is killed in the end, if it was not before."""
    flask = Path(sys.executable).parent / "flask"
    with (folder / "worker.log").open("ab") as log:
        running = subprocess.Popen(
            [flask, "--app", module, "worker"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], "PYTHON_DOTENV_DISABLED": "1", **settings},
            stdout=log,
            stderr=log,
        )
    try:
        yield running
    finally:
        running.kill()
        running.wait()


def wait_for(what, folder):
    until = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < until, (folder / "worker.log").read_text(errors="replace")[-3000:]
        time.sleep(0.005)


@pytest.fixture
def rounds(app, shopper, settings, office, ledger, tmp_path):
    """Rounds of work with a kill in the midst of each: what was sent, and what became of the orders."""

    def run(count: int, module: str = "wsgi"):
        ledger.shelve(SKU, count * ORDERS + 10)
        chance, expired = random.Random(7), []
        for number in range(count):
            due = [shopper.buy() for _ in range(ORDERS)]
            expired += due
            with app.app_context():
                write(lambda number=number, due=due: _due(number, due))
            already = len(office.letters)
            with worker(settings, tmp_path, module) as running:
                wait_for(lambda already=already: len(office.letters) > already, tmp_path)
                time.sleep(chance.uniform(0, 0.3))
                running.send_signal(signal.SIGKILL)
                running.wait()
        with app.app_context():
            write(_put_down)
        with worker(settings, tmp_path, module):
            wait_for(lambda: _nothing_left(app), tmp_path)
        return expired

    return run


def _due(number: int, orders) -> None:
    """Work for one round; and what a killed worker had in hand may be tried again, as if its time had passed."""
    now = utcnow()
    for one in orders:
        mine = Order.token == one.order_path.rsplit("/", 1)[1]
        db.session.execute(update(Order).where(mine).values(expires_at=now - timedelta(minutes=1)))
    _put_down()
    for place in range(MAILS):
        name = f"{number}-{place}"
        db.session.add(
            OutboxEmail(
                kind="test",
                idempotency_key=name,
                message_id=f"<{name}@example.com>",
                recipient="buyer@example.com",
                subject=f"Mail {name}",
                body="Asante",
                written_at=now,
                next_try_at=now,
            )
        )


def _put_down() -> None:
    waits = update(OutboxEmail).where(OutboxEmail.sent_at.is_(None))
    db.session.execute(waits.values(next_try_at=utcnow() - timedelta(seconds=1)))


def _nothing_left(app) -> bool:
    with app.app_context():
        unsent = db.session.scalar(select(func.count()).select_from(OutboxEmail).where(OutboxEmail.sent_at.is_(None)))
        waiting = db.session.scalar(select(func.count()).select_from(Order).where(Order.payment == "awaiting"))
        return not unsent and not waiting


def _missing(app, office) -> list[str]:
    with app.app_context():
        written = set(db.session.scalars(select(OutboxEmail.message_id)))
    return sorted(written - {letter["Message-ID"] for letter in office.letters})


def test_a_killed_worker_loses_no_mail_and_ends_each_order_once(app, rounds, office, ledger, reached):
    count = size(5, 100)
    expired = rounds(count)

    assert _missing(app, office) == []
    ids_of = {}
    for letter in office.letters:
        ids_of.setdefault((letter["To"], letter["Subject"], letter.get_content()), set()).add(letter["Message-ID"])
    assert all(len(ids) == 1 for ids in ids_of.values()), "a repeat is known by its Message-ID"
    with app.app_context():
        assert set(db.session.scalars(select(Order.payment))) == {"expired"}
        ended = Counter(
            db.session.scalars(select(OrderEvent.order_id).where(OrderEvent.words.startswith("No payment")))
        )
        freed = Counter(db.session.scalars(select(StockEntry.order_id).where(StockEntry.held < 0)))
    assert set(ended.values()) == set(freed.values()) == {1}
    assert len(ended) == len(freed) == len(expired) == count * ORDERS
    assert ledger.stock(SKU) == (count * ORDERS + 10, 0)
    repeats = len(office.letters) - len({letter["Message-ID"] for letter in office.letters})
    reached(
        PROGRAMME,
        f"{count} rounds: 0 of {len(office.letters) - repeats:,} mails lost, {repeats} sent twice under the "
        f"same Message-ID, {len(ended)} of {len(expired)} orders ended exactly once",
    )
