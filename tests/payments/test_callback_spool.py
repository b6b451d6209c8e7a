"""While the database refuses, callbacks are kept on disk, and settled exactly once when it is back."""

import sqlite3
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from shop.payments import settlement
from shop.payments.callback_spool import drain_spool
from tests import both_databases
from tests.shopper import SKU


@pytest.fixture
def settings(settings, monkeypatch):
    monkeypatch.setattr("shop.core.database.LOCK_SECONDS", 0.2)
    return settings


@pytest.fixture
def bought(app, shopper):
    return shopper.buy()


@pytest.fixture
def spool(settings):
    return Path(settings["INSTANCE_PATH"]) / "spool"


@pytest.fixture
def drain(app):
    def drain() -> int:
        with app.app_context():
            return drain_spool()

    return drain


@contextmanager
def database_away(app, url: str):
    """SQLite: another connection writes and does not end. PostgreSQL: our connections end, and new ones are refused."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"))
        other.execute("BEGIN IMMEDIATE")
        yield
        other.rollback()
        other.close()
        return
    name = url.split("?")[0].rsplit("/", 1)[1]
    server = create_engine(url.replace(f"/{name}", "/postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        connection.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
        yield
        connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
    server.dispose()


@both_databases
def test_a_callback_waits_on_disk_while_the_database_refuses_and_settles_once(
    app, bought, ledger, spool, drain, database_url
):
    on_hand, held = ledger.stock(SKU)
    with database_away(app, database_url):
        reply = bought.post_callback(bought.callback())
        drained_in_vain = drain()

        assert (reply.status_code, reply.data) == (202, b"kept")
        assert drained_in_vain == 0
        assert len(list(spool.iterdir())) == 1
    assert bought.status["payment"] == "awaiting"

    assert [drain(), drain()] == [1, 0]

    assert bought.status["payment"] == "paid"
    assert ledger.stock(SKU) == (on_hand - 1, held - 1)
    assert [kept.row for kept in ledger.callbacks(bought)] == ["R3"]
    assert ledger.mails("paid") == 1
    assert not list(spool.iterdir())


@both_databases
def test_pages_say_that_the_shop_is_busy_and_recover_by_themselves(app, shopper, bought, database_url):
    with database_away(app, database_url):
        reply = shopper.post(f"{bought.order_path}/pay", {})

        assert reply.status_code == 503
        assert reply.headers["Retry-After"]
    assert shopper.get(bought.order_path).status_code == 200


@pytest.mark.parametrize("step", ["os.fsync", "os.replace", "a file in place of the folder"])
def test_a_callback_that_cannot_be_stored_is_not_acknowledged(app, bought, spool, drain, settings, monkeypatch, step):
    def disk_full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with database_away(app, settings["DATABASE_URL"]):
        if step.startswith("os."):
            monkeypatch.setattr(f"shop.payments.callback_spool.{step}", disk_full)
        else:
            spool.write_text("in the way")
        reply = bought.post_callback(bought.callback())

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "10")
    assert not spool.is_dir() or not list(spool.iterdir())
    assert drain() == 0


def test_every_callback_with_a_valid_token_is_spooled_as_it_came(app, shopper, bought, ledger, spool, settings, drain):
    other = shopper.buy()
    with database_away(app, settings["DATABASE_URL"]):
        path, bought.callback_path = bought.callback_path, f"{bought.callback_path}x"
        assert bought.post_callback(bought.callback()).status_code == 404
        assert not spool.exists()
        bought.callback_path = path
        assert bought.post_callback(b"\xff\x00 not JSON").status_code == 202
        assert other.post_callback(other.callback(), headers={"Origin": "https://evil.example"}).status_code == 202

    assert drain() == 2
    [kept] = ledger.callbacks(bought)
    assert (kept.row, kept.raw) == ("R1", b"\xff\x00 not JSON")
    assert other.status["payment"] == "review", "a browser's header survives"


def test_a_damaged_file_is_kept_aside_and_holds_up_no_other(app, bought, spool, settings, drain):
    with database_away(app, settings["DATABASE_URL"]):
        bought.post_callback(bought.callback())
    for name, content in {"0": b"", "1": b'{"raw": "', "2": b"[1]", "3": b"{}", "4": b"\xff"}.items():
        (spool / f"{name}.json").write_bytes(content)
    (spool / "5.json").mkdir()

    assert drain() == 1

    assert bought.status["payment"] == "paid"
    left = sorted(file.name for file in spool.iterdir())
    assert left == ["0.damaged", "1.damaged", "2.damaged", "3.damaged", "4.damaged", "5.json"]


def test_a_bug_in_settling_one_loses_nothing_and_holds_up_no_other(app, shopper, bought, drain, monkeypatch):
    decide, other = settlement.decide, shopper.buy()

    def confused(facts):
        if facts.claim == "no":
            raise KeyError("a bug")
        return decide(facts)

    with monkeypatch.context() as broken:
        broken.setattr(settlement, "decide", confused)
        assert bought.post_callback(bought.failure()).status_code == 202
        with database_away(app, app.config["SETTINGS"].database_url):
            assert other.post_callback(other.callback()).status_code == 202
        assert drain() == 1
    assert other.status["payment"] == "paid"

    assert drain() == 1
    assert bought.status["attempt"] == "failed"


def test_the_spool_holds_no_secret_and_the_oldest_is_settled_first(app, bought, spool, settings, drain, ledger):
    with database_away(app, settings["DATABASE_URL"]):
        bought.post_callback(bought.failure())
        bought.post_callback(bought.callback())
    secret = bought.callback_path.rsplit("/", 1)[1].partition(".")[0]

    assert not [file for file in spool.iterdir() if secret in file.read_text()]
    assert drain() == 2
    assert [kept.row for kept in ledger.callbacks(bought)] == ["R6", "R3"]
