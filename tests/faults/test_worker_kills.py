"""kill -9 of the worker while it sends emails and ends orders: each email is sent, each order ends once."""

import asyncio
import os
import random
import subprocess
import time
from collections import Counter
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from shop.catalog.models import StockEntry
from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.models import OutboxEmail
from shop.orders.models import Order, OrderEvent
from tests import both_databases
from tests.emails.smtp_server import PostOffice, settings_for
from tests.faults.traffic import until
from tests.figures import size
from tests.serving import BIN, ROOT
from tests.shopper import SKU

EMAILS, ORDERS = 12, 2  # of each a round
TIMEOUT = 150  # seconds; a machine may be busy


class SlowOffice(PostOffice):
    """Takes its time before and after it has stored an email, so that a kill finds it on either side."""

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
def worker(settings, folder):
    """A worker process, killed in the end."""
    environ = {"PATH": os.environ["PATH"], "PYTHON_DOTENV_DISABLED": "1", **settings}
    with (folder / "worker.log").open("ab") as log:
        running = subprocess.Popen(
            [BIN / "flask", "--app", "wsgi", "worker"], cwd=ROOT, env=environ, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        running.kill()
        running.wait()


def due(round_: int, purchases) -> None:
    """Emails and orders for one round."""
    now = utcnow()
    tokens = [bought.order_path.rsplit("/", 1)[1] for bought in purchases]
    db.session.execute(update(Order).where(Order.token.in_(tokens)).values(expires_at=now - timedelta(minutes=1)))
    try_again_now()
    common = {"kind": "test", "recipient": "buyer@example.com", "body": "Asante", "written_at": now, "next_try_at": now}
    for name in (f"{round_}-{place}" for place in range(EMAILS)):
        ids = {"idempotency_key": name, "message_id": f"<{name}@example.com>", "subject": f"Mail {name}"}
        db.session.add(OutboxEmail(**common, **ids))


def try_again_now() -> None:
    """Let the emails that a killed worker was sending be tried again, as if their time had passed."""
    unsent = update(OutboxEmail).where(OutboxEmail.sent_at.is_(None))
    db.session.execute(unsent.values(next_try_at=utcnow() - timedelta(seconds=1)))


@both_databases
def test_a_killed_worker_loses_no_email_and_ends_each_order_once(
    app, shopper, settings, office, ledger, tmp_path, reached
):
    rounds, pick = size(5, 100), random.Random(7)
    orders = rounds * ORDERS
    ledger.shelve(SKU, orders + 10)
    for number in range(rounds):
        purchases = [shopper.buy() for _ in range(ORDERS)]
        with app.app_context():
            write(lambda number=number, purchases=purchases: due(number, purchases))
        already = len(office.letters)
        with worker(settings, tmp_path):
            until(lambda already=already: len(office.letters) > already, TIMEOUT)
            time.sleep(pick.uniform(0, 0.3))
    with app.app_context():
        write(try_again_now)
    with worker(settings, tmp_path):
        until(
            lambda: (
                ledger.count(OutboxEmail, OutboxEmail.sent_at.is_(None)) == 0
                and ledger.count(Order, Order.payment == "awaiting") == 0
            ),
            TIMEOUT,
        )

    sent = {email["Message-ID"] for email in office.letters}
    repeats = len(office.letters) - len(sent)
    contents = {(email["To"], email["Subject"], email.get_content()) for email in office.letters}
    assert len(contents) == len(sent), "a repeat has the same Message-ID"
    with app.app_context():
        assert set(db.session.scalars(select(OutboxEmail.message_id))) == sent
        assert set(db.session.scalars(select(Order.payment))) == {"expired"}
        no_payment = OrderEvent.words.startswith("No payment")
        ended = Counter(db.session.scalars(select(OrderEvent.order_id).where(no_payment)))
        freed = Counter(db.session.scalars(select(StockEntry.order_id).where(StockEntry.held < 0)))
    assert set(ended.values()) == set(freed.values()) == {1}
    assert len(ended) == len(freed) == orders
    assert ledger.stock(SKU) == (orders + 10, 0)
    reached(
        "kill -9 of the worker during mail and expiry",
        f"{rounds} rounds: 0 of {len(sent):,} mails lost, {repeats} sent twice under the same Message-ID, "
        f"{len(ended)} of {orders} orders ended exactly once",
    )
