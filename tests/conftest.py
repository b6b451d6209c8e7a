"""Fixtures of all tests: a shop on a fresh database, a fake provider, a shopper."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck
from hypothesis import settings as examples

from shop import create_app
from shop.core.database import db, write
from tests import figures, speedups
from tests.databases import Postgres, Sqlite, one_of, postgres_server
from tests.emails.smtp_server import PostOffice
from tests.external_programs import self_signed
from tests.ledger_reader import Ledger
from tests.page_checks import Missing
from tests.provider import Provider
from tests.shopper import Shopper

pytest_plugins = ["tests.admin_fixtures"]
SECRET = "a-key-for-tests-only-0123456789abcdef"
TOKEN = "chpter_pk_test_0f8c1b2a"
speedups.share()
# Examples take long on a busy machine.
examples.register_profile("shop", deadline=None, suppress_health_check=[HealthCheck.too_slow])
examples.load_profile("shop")


# Where the database's dialect matters (locking, constraints, search, reports, import), the second run, on PostgreSQL,
# belongs to `make test`; elsewhere to `make test-all`.
DIALECT = (
    *("app/test_backup", "app/test_cli", "core/", "orders/", "payments/", "pricing/test_discount", "privacy/"),
    *("accounts/test_login_throttle", "cart/test_cart.py", "checkout/test_open_order_limit"),
    *("checkout/test_submission", "reports/", "admin/catalog/test_csv_import", "admin/catalog/test_product_list"),
    *("admin/catalog/test_stock", "admin/orders/test_concurrent", "admin/orders/test_list"),
    *("admin/orders/test_search", "admin/payments/test_races", "admin/payments/test_reconciliation"),
    "admin/payments/test_review_queue",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--suite quick` is what `make test` runs; `--suite rest` is what `make test-all` adds."""
    parser.addoption("--suite", choices=("all", "quick", "rest"), default="all")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not belong to the suite."""
    suite = config.getoption("suite")
    if suite == "all":
        return
    quick = [item for item in items if _is_quick(item)]
    kept = quick if suite == "quick" else [item for item in items if item not in set(quick) and not _is_journey(item)]
    config.hook.pytest_deselected(items=[item for item in items if item not in set(kept)])
    items[:] = kept


def _is_journey(item: pytest.Item) -> bool:
    return "tests/journeys/" in item.nodeid


def _is_quick(item: pytest.Item) -> bool:
    if _is_journey(item):
        return item.get_closest_marker("smoke") is not None
    if item.get_closest_marker("slow"):
        return False
    return item.get_closest_marker("postgresql") is None or any(f"tests/{part}" in item.nodeid for part in DIALECT)


def pytest_collection_finish() -> None:
    """Exclude what is loaded by now from garbage collection, which saves a sixth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Disable pytest-flask's request context, in which all requests of a test would share a session and `g`."""


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Sqlite:
    """A factory of SQLite databases."""
    return Sqlite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A factory of PostgreSQL databases."""
    with postgres_server(durable=figures.LONG) as server:
        yield server


@pytest.fixture
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh, seeded database: SQLite unless a test is marked with tests.both_databases."""
    kind = getattr(request, "param", "sqlite")
    yield from one_of(request.getfixturevalue("postgres" if kind == "postgresql" else "sqlite"))


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A fake Chpter that behaves as `provider.behaviour` says."""
    with Provider("ok") as running:
        yield running


@pytest.fixture
def office() -> Iterator[PostOffice]:
    """A mail server, for a shop with the settings of `settings_for(office.port)`."""
    with PostOffice() as running:
        yield running


@pytest.fixture
def settings(database_url: str, provider: Provider, tmp_path: Path) -> dict[str, str]:
    """The environment of the shop under test. A test may change it before it uses `app`."""
    return {
        "SECRET_KEY": SECRET,
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": str(tmp_path / "instance"),
        "SHOP_URL": "http://localhost",
        "SHOP_EMAIL": "merchant@example.com",
        "SHOP_PHONE": "+254700000000",
        "SHOP_WHATSAPP": "254700000000",
        "CHPTER_URL": provider.url,
        "CHPTER_TOKEN": TOKEN,
        "CHPTER_DOMAIN": "http://localhost",
        "RATELIMIT_ENABLED": "0",
    }


@pytest.fixture
def app(settings: dict[str, str]) -> Iterator[Flask]:
    """The shop."""
    made = create_app(settings)
    made.testing = False  # errors get the same responses as in production
    made.jinja_env.undefined = Missing
    if not figures.LONG:
        speedups.speed_up(made)
    yield made
    with made.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1, and its key."""
    return self_signed(tmp_path)


@pytest.fixture
def shopper(app: Flask, provider: Provider) -> Shopper:
    """A visitor with a new browser."""
    return Shopper(app, provider)


@pytest.fixture
def empty(settings: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[str], Flask]]:
    """A function that makes a shop with empty tables on a kind of database."""
    made: list[tuple[Any, str, Flask]] = []

    def make(kind: str) -> Flask:
        home = request.getfixturevalue("postgres" if kind == "postgresql" else "sqlite")
        url = home.fresh()
        app = create_app({**settings, "DATABASE_URL": url, "INSTANCE_PATH": str(tmp_path / f"restored-{kind}")})
        with app.app_context():
            for table in reversed(db.metadata.sorted_tables):
                write(lambda table=table: db.session.execute(table.delete()))
        made.append((home, url, app))
        return app

    yield make
    for home, url, app in made:
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        home.drop(url)


@pytest.fixture
def ledger(app: Flask) -> Ledger:
    """Reads orders, payments and stock from the shop's database."""
    return Ledger(app)
