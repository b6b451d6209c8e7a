"""Backups hold the whole shop at one moment, and a restore reproduces it exactly."""

import json
import threading
from datetime import UTC, date, datetime
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from sqlalchemy import func, select

from shop import backup as archiving
from shop.accounts.login_throttle import record_failed_login
from shop.backup import ArchiveError, back_up, restore, verify
from shop.catalog.models import Variant
from shop.core.database import db
from shop.orders.models import Order
from tests import both_databases
from tests.shopper import Shopper


@pytest.fixture
def sold(app, shopper):
    """A shop with a paid order, an unpaid one, a callback that is not JSON, and a failed login."""
    with app.app_context():
        record_failed_login(None)
    paid = shopper.buy(full_name="Wanjirũ 🧺 “Njeri”")
    paid.post_callback(paid.callback())
    other = Shopper(app, shopper.provider).buy()
    other.post_callback(b"\xff\x00 not JSON")


@pytest.fixture
def archive(app, sold, tmp_path):
    """A backup of that shop without images."""
    with app.app_context():
        back_up(tmp_path / "shop.zip", tmp_path / "none")
    return tmp_path / "shop.zip"


def rows_of(app):
    """Every row of every table."""
    with app.app_context():
        return {
            table.name: db.session.execute(select(table).order_by(*table.primary_key.columns)).all()
            for table in db.metadata.sorted_tables
        }


@pytest.mark.parametrize("to", ["sqlite", "postgresql"])
@both_databases
def test_a_backup_restores_the_same_rows_on_either_database_and_the_shop_takes_orders(
    app, sold, empty, provider, tmp_path, to
):
    media = tmp_path / "media"
    media.mkdir()
    (media / "a.webp").write_bytes(b"\x00image")
    with app.app_context():
        kept = back_up(tmp_path / "shop.zip", media)
    fresh = empty(to)
    with fresh.app_context():
        restored = restore(tmp_path / "shop.zip", tmp_path / "media-2")

    assert restored == kept and kept.orders == 2 and kept.files == 1
    assert rows_of(fresh) == rows_of(app)
    assert (tmp_path / "media-2" / "a.webp").read_bytes() == b"\x00image"
    order = Shopper(fresh, provider).buy()
    assert order.post_callback(order.callback()).status_code == 200
    assert order.status["payment"] == "paid"


def test_a_backup_supports_every_column_type():
    known = {
        bool: True,
        int: 7,
        str: "a",
        bytes: b"\xff",
        date: date(2026, 11, 24),
        datetime: datetime(2026, 11, 24, tzinfo=UTC),
    }
    for table in db.metadata.sorted_tables:
        for column in table.columns:
            value = known[getattr(column.type, "impl", column.type).python_type]
            kept = json.loads(json.dumps(archiving._to_json(value)))
            assert archiving._from_json(column.type, kept) == value, column


@both_databases
def test_a_backup_during_sales_is_consistent(app, provider, tmp_path):
    stop, sold = threading.Event(), []

    def sell():
        while not stop.is_set():
            bought = Shopper(app, provider).buy()
            bought.post_callback(bought.callback())
            sold.append(bought)

    seller = threading.Thread(target=sell)
    seller.start()
    try:
        with app.app_context():
            for one in range(8):
                back_up(tmp_path / f"{one}.zip", tmp_path / "none")
    finally:
        stop.set()
        seller.join()

    for one in range(8):
        _adds_up(tmp_path / f"{one}.zip")
    assert sold


def _adds_up(path):
    """Every paid order has its payment attempt, receipt and stock movement."""
    with ZipFile(path) as archive:

        def rows(name):
            names = [column.name for column in db.metadata.tables[name].columns]
            return [dict(zip(names, json.loads(line), strict=True)) for line in archive.open(f"tables/{name}.jsonl")]

        orders, attempts, mails = rows("orders"), rows("payment_attempt"), rows("outbox_email")
        paid = {order["id"] for order in orders if order["payment"] == "paid"}
        assert paid == {attempt["order_id"] for attempt in attempts if attempt["state"] == "paid"}
        assert paid == {mail["order_id"] for mail in mails if mail["kind"] == "paid"}
        held = sum(variant["held"] for variant in rows("variant"))
        assert held == len(orders) - len(paid)


def test_a_damaged_backup_is_refused_and_changes_nothing(archive, empty, tmp_path):
    with ZipFile(archive) as good, ZipFile(tmp_path / "bad.zip", "w", ZIP_DEFLATED) as bad:
        for name in good.namelist():
            content = good.read(name)
            bad.writestr(name, content.replace(b"2450", b"2451") if name == "tables/orders.jsonl" else content)
    (tmp_path / "short.zip").write_bytes(archive.read_bytes()[:-200])
    (tmp_path / "none.zip").write_bytes(b"")

    with empty("sqlite").app_context():
        for name in ("bad.zip", "short.zip", "none.zip", "missing.zip"):
            with pytest.raises(ArchiveError):
                restore(tmp_path / name, tmp_path / "none")
        assert db.session.scalar(select(func.count()).select_from(Order)) == 0


def test_a_restore_that_does_not_read_back_the_same_is_rolled_back(archive, empty, tmp_path, monkeypatch):
    typed = archiving._from_json
    monkeypatch.setattr(
        archiving, "_from_json", lambda kind, value: typed(kind, "Nairobi" if value == "Nairobi CBD" else value)
    )
    with empty("sqlite").app_context():
        with pytest.raises(ArchiveError, match="does not read back"):
            restore(archive, tmp_path / "none")
        assert db.session.scalar(select(func.count()).select_from(Variant)) == 0


def test_the_backup_commands_report_what_the_backup_holds_or_why_they_refuse(app, sold, tmp_path):
    def run(*words):
        done = app.test_cli_runner().invoke(args=words)
        return done.exit_code, done.output

    path = str(tmp_path / "shop.zip")
    for words, code, message in (
        (("backup", path), 0, "2 orders of KSh"),
        (("backup", path), 1, "exists already"),
        (("backup", str(tmp_path / "none" / "shop.zip")), 1, "none does not exist; create it first."),
        (("restore", path), 1, "not empty"),
    ):
        exit_code, output = run(*words)
        assert (exit_code, message in output) == (code, True), output
    assert verify(tmp_path / "shop.zip").orders == 2
