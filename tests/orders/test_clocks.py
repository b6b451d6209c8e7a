"""The clock leaps an hour, forward or back: no order ends before its time, and nobody at work is signed out."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from shop.accounts import login
from shop.core.clock import SteadyClock, utcnow
from shop.core.database import db, write
from shop.orders.expiry import LONGEST_HOLD, expire_orders
from shop.orders.models import Order
from tests import both_databases
from tests.admin.desk import Clerk, let_in
from tests.faults.figures import size

HOUR = timedelta(hours=1)


class Machine:
    """A machine whose clock somebody can put forward and back while its time runs on."""

    def __init__(self):
        self.began, self.ran, self.wrong = utcnow(), 0.0, timedelta(0)

    def clock(self):
        return self.began + timedelta(seconds=self.ran) + self.wrong

    def running(self):
        return self.ran


@pytest.fixture
def machine():
    return Machine()


@pytest.fixture
def steady(machine):
    return SteadyClock(LONGEST_HOLD, machine.clock, machine.running)


@pytest.fixture
def orders(app, shopper, machine):
    """Unpaid orders, placed over the last half hour: each ends in a minute of its own."""
    bought = [shopper.buy() for _ in range(size(4, 40))]
    with app.app_context():
        for place, one in enumerate(bought):
            mine = Order.token == one.order_path.rsplit("/", 1)[1]
            ends = machine.began + timedelta(minutes=10 + 20 * place / len(bought))
            write(lambda mine=mine, ends=ends: db.session.execute(update(Order).where(mine).values(expires_at=ends)))
    return bought


def ended(app, clock):
    with app.app_context():
        return expire_orders(clock())


@both_databases
@pytest.mark.parametrize("leap", [HOUR, -HOUR])
def test_a_clock_that_leaps_ends_no_order_before_its_time(app, orders, machine, steady, leap):
    machine.ran += 60
    assert ended(app, steady) == 0

    machine.wrong = leap
    for _ in range(9):
        machine.ran += 55
        assert ended(app, steady) == 0
    machine.wrong = timedelta(0)  # put right again
    assert ended(app, steady) == 0

    machine.ran += 30 * 60 + (
        0 if leap > timedelta(0) else 60 * 60
    )  # what was placed by the wrong hour has its time too
    assert ended(app, steady) == len(orders)


@both_databases
def test_control_by_the_machines_own_clock_all_would_end_at_once(app, orders, machine):
    machine.wrong = HOUR

    assert ended(app, machine.clock) == len(orders)


def test_a_clock_that_stays_wrong_ends_orders_when_their_time_is_up(app, orders, machine, steady):
    machine.wrong = HOUR
    assert ended(app, steady) == 0

    machine.ran += 31 * 60
    assert ended(app, steady) == len(orders)


def test_what_it_lags_is_forgotten_when_all_that_began_before_is_over(machine, steady):
    machine.wrong = HOUR
    assert steady() == machine.clock() - HOUR

    machine.ran += LONGEST_HOLD.total_seconds() + 1
    assert steady() == machine.clock()


def test_it_never_runs_ahead_and_follows_small_corrections(machine, steady):
    machine.wrong = timedelta(seconds=40)
    assert steady() == machine.clock()
    machine.wrong = -HOUR
    assert steady() == machine.clock()


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
def test_nobody_at_work_is_signed_out_and_nobody_is_believed_for_longer(app, monkeypatch, leap):
    let_in(app)
    clerk = Clerk(app)
    clerk.sign_in()
    assert clerk.get("/admin/").status_code == 200

    for module in ("shop.accounts.staff_sessions", "shop.accounts.login", "shop.accounts.login_throttle"):
        monkeypatch.setattr(f"{module}.utcnow", lambda: utcnow() + leap)
    assert clerk.get("/admin/").status_code == 200
    with clerk.browser.session_transaction("/admin/") as session, app.test_request_context():
        proved = session[login.PROVED]
    monkeypatch.setattr(login, "session", {login.PROVED: proved})
    assert not login.fresh("GET"), "who proved it at another hour proves it again"
