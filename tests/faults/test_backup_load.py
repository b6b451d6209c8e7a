"""A backup is taken while callbacks come in: what was acknowledged before it began is in it, to the shilling."""

import json
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import func, select

from shop.backup import restore, verify
from shop.core.database import db
from shop.orders.models import Order
from shop.payments.models import LedgerEntry, PaymentAttempt
from shop.payments.reconciliation import reconcile
from tests import both_databases
from tests.faults.figures import size
from tests.faults.serving import Served, command
from tests.shopper import SKU

pytestmark = both_databases
PROGRAMME = "Backup and restore while callbacks come in"
BURST = size(20, 400)


@pytest.fixture
def load(shopper, ledger, settings, tmp_path):
    """The shop under gunicorn, and callbacks coming in at it until the block ends: what was acknowledged so far."""
    ledger.shelve(SKU, BURST + 10)
    purchases = [shopper.buy() for _ in range(BURST)]

    @contextmanager
    def running():
        acknowledged, done = {}, threading.Event()

        def call():
            for bought in purchases:
                if done.is_set():
                    return
                if served.post(bought.callback_path, json.dumps(bought.callback()).encode()) == 200:
                    acknowledged[bought.reference] = bought.total

        with Served(settings, tmp_path) as served:
            caller = threading.Thread(target=call)
            caller.start()
            try:
                yield acknowledged
            finally:
                done.set()
                caller.join()

    return running


def came(path_of, empty, kind):
    """What a restored shop says came in, by reference, and whether its book holds."""
    fresh = empty(kind)
    with fresh.app_context():
        restore(path_of, path_of.parent / "none")
        entries = select(PaymentAttempt.reference, LedgerEntry.amount).join(
            LedgerEntry, LedgerEntry.attempt_id == PaymentAttempt.id
        )
        paid = db.session.scalar(select(func.coalesce(func.sum(Order.total), 0)).where(Order.payment == "paid"))
        return {str(reference): amount for reference, amount in db.session.execute(entries)}, paid, reconcile().holds


def taken_under_load(load, settings, path):
    """What was acknowledged when the backup began, and when it had ended."""
    with load() as acknowledged:
        while len(acknowledged) < BURST // 10:
            time.sleep(0.01)
        before = dict(acknowledged)
        command(settings, "backup", str(path))
        after = dict(acknowledged)
    return before, after


def test_what_was_acknowledged_before_the_backup_is_in_it_to_the_shilling(
    load, settings, empty, tmp_path, request, reached
):
    path = tmp_path / "shop.zip"
    before, after = taken_under_load(load, settings, path)
    held, paid, holds = came(path, empty, request.node.callspec.params["database_url"])

    assert len(after) > len(before), "callbacks came in meanwhile"
    assert before.items() <= held.items()
    assert sum(held.values()) == paid
    assert holds
    assert verify(path).orders == BURST
    reached(
        PROGRAMME,
        f"{len(after) - len(before)} while it was made, {len(before)} of {len(before)} acknowledged before it are in "
        f"it, KSh {sum(before.values()):,}; restored KSh {paid:,} of {len(held)} payments, book and orders equal",
    )
