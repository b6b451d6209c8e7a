"""Orders that share goods wait for each other; they never lock each other out."""

import time
from itertools import count

import pytest

from shop.core import database
from shop.orders import reservations
from tests import both_databases
from tests.faults.at_once import at_once
from tests.shopper import SKU

OTHER_SKU = "STA-BEA-ONE"
BUYERS = 12
postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@pytest.fixture
def settings(settings):
    """With the caps, whose locks are held beside those of the goods."""
    return {**settings, "RATELIMIT_ENABLED": "1", "TRUSTED_PROXIES": "1"}


@pytest.fixture
def replies(shopper, ledger, crowd, together, monkeypatch):
    """Buyers of the same two things, every second one with them the other way round, slow between the two."""

    def buy() -> list[int]:
        changed, hold, turns = reservations.updated, reservations.hold, count()
        monkeypatch.setattr(reservations, "updated", lambda statement: (changed(statement), time.sleep(0.03))[0])
        # turned round here, since the cookie keeps a cart in the order of its SKUs
        monkeypatch.setattr(reservations, "hold", lambda lines: hold(list(lines)[:: (-1) ** next(turns)]))
        for sku in (SKU, OTHER_SKU):
            ledger.shelve(sku, 100)
            shopper.add(sku)
        buyers = crowd(BUYERS)
        together(BUYERS)
        return [reply.status_code for reply in at_once(buyers)]

    return buy


@pytest.fixture
def deadlocks(monkeypatch):
    """Those that PostgreSQL broke up while the test ran."""
    found, write_once = [], database._write_once

    def watched(work):
        try:
            return write_once(work)
        except database.DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == database.DEADLOCK:
                found.append(error)
            raise

    monkeypatch.setattr(database, "_write_once", watched)
    return found


@both_databases
def test_carts_in_opposite_order_do_not_lock_each_other_out(replies, deadlocks, ledger):
    assert replies() == [303] * BUYERS

    assert not deadlocks
    assert ledger.stock(SKU) == ledger.stock(OTHER_SKU) == (100, BUYERS)
