"""The clock leaps an hour, forward or back: the worker reports it, and no session ends."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from shop import worker
from shop.accounts import login
from shop.core.clock import LeapDetector, utcnow
from shop.core.database import db, write
from shop.core.heartbeat import HeartbeatWriter
from shop.orders.models import Order
from shop.web.problems import problems

HOUR = timedelta(hours=1)


class Machine:
    """A machine whose wall clock can be set independently of its running time."""

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
def leaps(machine):
    return LeapDetector(machine.clock, machine.running)


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
def test_a_leap_of_the_clock_is_reported_until_it_is_right_again(machine, leaps, caplog, leap):
    machine.ran += 60
    assert leaps.check() is None

    machine.ran += 3
    machine.wrong = leap
    at = machine.clock().isoformat()
    for _ in range(9):
        assert leaps.check() == {"minutes": leap.total_seconds() // 60, "at": at}
        machine.ran += 55
    machine.wrong = timedelta(0)

    assert leaps.check() is None
    assert [record.getMessage() for record in caplog.records] == [
        f"the clock leapt by {minutes} minutes" for minutes in ((60, -60) if leap == HOUR else (-60, 60))
    ]


def test_a_leap_that_corrected_the_clock_is_reported_for_two_days_and_small_corrections_are_not(machine, leaps):
    for _ in range(10):
        machine.ran += 3
        machine.wrong += timedelta(seconds=40)
        assert leaps.check() is None
    machine.wrong += HOUR
    assert leaps.check()

    machine.ran += 48 * 60 * 60
    assert leaps.check()
    machine.ran += 3
    assert leaps.check() is None


def test_the_expiry_sweep_reports_a_leap_and_uses_the_machines_clock(app, shopper, machine, leaps, tmp_path):
    due, waiting = shopper.buy(), shopper.buy()
    heart = HeartbeatWriter(tmp_path / "instance")
    with app.app_context():
        of_due = Order.token == due.order_path.rsplit("/", 1)[1]
        write(lambda: db.session.execute(update(Order).where(of_due).values(expires_at=utcnow())))
        machine.wrong = HOUR

        worker._sweep("orders expired", lambda: worker._expired(heart, leaps), heart)
        told = [words for what, words in problems(app.config["SETTINGS"]) if what == "clock"]

    assert (due.status["payment"], waiting.status["payment"]) == ("expired", "awaiting")
    assert len(told) == 1
    assert told[0].startswith("The clock of this machine was put forward by 60 minutes at ")


@pytest.mark.parametrize("leap", [HOUR, -HOUR])
def test_a_leap_ends_no_session_but_the_password_is_asked_for_again(app, owner, monkeypatch, leap):
    for module in ("shop.accounts.staff_sessions", "shop.accounts.login", "shop.accounts.login_throttle"):
        monkeypatch.setattr(f"{module}.utcnow", lambda: utcnow() + leap)
    assert owner.get("/admin/").status_code == 200
    with owner.browser.session_transaction("/admin/") as session:
        monkeypatch.setattr(login, "session", {login.CONFIRMED_AT: session[login.CONFIRMED_AT]})
    assert not login.is_fresh("GET")
