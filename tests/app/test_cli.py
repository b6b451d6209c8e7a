"""The flask commands."""

import json
import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, func, inspect, select, text, update

from shop import create_app
from shop.catalog.models import Product, Variant
from shop.core.clock import utcnow
from shop.core.database import db
from shop.core.heartbeat import FILE, HeartbeatWriter
from shop.orders.models import Order
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import both_databases
from tests.admin_client import create_owner
from tests.shopper import SKU

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(app):
    """A function that runs a command and returns its exit code and output."""

    def do(*words):
        result = app.test_cli_runner().invoke(args=words)
        return result.exit_code, result.output

    return do


@both_databases
def test_the_migrations_create_the_tables_of_the_models(app, run):
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}

        upgrade()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
    assert run("seed") == (0, "43 products added.\n")


def test_every_migration_can_be_downgraded(app):
    with app.app_context():
        upgrade()
        for _ in sorted((ROOT / "migrations" / "versions").glob("*.py")):
            downgrade()

        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}


def test_seeding_again_changes_nothing_that_the_merchant_has_edited(app, run):
    with app.app_context():
        db.session.execute(update(Variant).where(Variant.sku == SKU).values(price=1, on_hand=7))
        db.session.execute(update(DeliveryArea).values(fee=123))
        db.session.commit()

    assert run("seed") == (0, "0 products added.\n")

    with app.app_context():
        assert db.session.execute(select(Variant.price, Variant.on_hand).where(Variant.sku == SKU)).one() == (1, 7)
        assert set(db.session.scalars(select(DeliveryArea.fee))) == {123}
        assert db.session.scalar(select(func.count(Product.id))) == 43


def test_stock_is_listed_by_sku_with_tabs_and_cannot_be_set_below_what_is_held(run, shopper):
    def rows():
        code, output = run("stock", "list")
        assert code == 0
        return [line.split("\t") for line in output.splitlines()]

    shopper.buy(quantity=3)
    assert [SKU, "18", "3", "kiondo-classic"] in rows()
    assert all(len(row) == 4 and row[1].isdigit() and row[2].isdigit() for row in rows())
    assert [row[0] for row in rows()] == sorted(row[0] for row in rows())

    assert run("stock", "set", SKU, "3") == (0, f"{SKU}: 3 on hand.\n")
    code, output = run("stock", "set", SKU, "2")
    assert code == 1
    assert f"3 of {SKU} are held for unpaid orders; it cannot be set below 3." in output
    assert [SKU, "3", "3", "kiondo-classic"] in rows()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("NO-SUCH", "3"), "There is no SKU NO-SUCH"),
        ((SKU, "1.5"), "not a valid integer"),
        ((SKU, "many"), "not a valid integer"),
        ((SKU, "1000001"), "1000001"),
    ],
)
def test_stock_set_refuses_an_unknown_sku_and_an_invalid_quantity(run, words, said):
    code, output = run("stock", "set", *words)

    assert code != 0
    assert said in output


def test_orders_expire_expires_due_orders_and_releases_their_stock(app, run, shopper):
    shopper.buy(quantity=2)
    assert run("orders", "expire") == (0, "0 orders expired.\n")
    with app.app_context():
        db.session.execute(update(Order).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()

    assert run("orders", "expire") == (0, "1 orders expired.\n")
    assert run("orders", "expire") == (0, "0 orders expired.\n")
    with app.app_context():
        assert db.session.scalar(select(Variant.held).where(Variant.sku == SKU)) == 0


def test_the_doctor_finds_no_problem_in_a_working_shop_and_lists_what_it_did_not_check(app, run, settings):
    create_owner(app)
    HeartbeatWriter(Path(settings["INSTANCE_PATH"])).record("orders expired")
    code, output = run("doctor")

    assert code == 0, output
    for name in ("database", "writing to the database", "keys", "owners", "products", "worker", "disk and spool"):
        assert f"ok   {name}\n" in output
    skipped = re.findall(r"^skip (.+): not checked: ", output, re.MULTILINE)
    assert {"mail server", "Chpter’s answers", "public address", "backups"} <= set(skipped)
    assert set(re.findall(r"^\w+", output, re.MULTILINE)) == {"ok", "skip"}


@both_databases
def test_readyz_and_the_doctor_report_a_database_that_cannot_be_written(app, settings, database_url):
    if database_url.startswith("sqlite"):
        only_read = f"sqlite:///file:{database_url.removeprefix('sqlite:///')}?mode=ro&uri=true"
    else:
        with app.app_context(), db.engine.connect() as connection:
            name = connection.engine.url.database
            connection.execution_options(isolation_level="AUTOCOMMIT").execute(
                text(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
            )
        only_read = database_url
    shop = create_app({**settings, "DATABASE_URL": only_read})

    reply = shop.test_client().get("/readyz")

    assert reply.status_code == 503
    assert "The database cannot be written" in reply.json["problem"]
    assert "FAIL writing to the database" in shop.test_cli_runner().invoke(args=["doctor"]).output
    with shop.app_context():
        db.engine.dispose()


def test_readyz_warns_of_a_stopped_worker_and_refuses_without_a_spool(client, settings):
    instance = Path(settings["INSTANCE_PATH"])
    assert client.get("/healthz").json == client.get("/readyz").json == {"status": "ok"}
    assert list((instance / "spool").iterdir()) == []

    long_ago = utcnow() - timedelta(hours=1)
    (instance / FILE).write_text(json.dumps({"at": long_ago.isoformat(), "sweeps": {}, "facts": {}}))
    reply = client.get("/readyz")
    assert (reply.status_code, reply.json) == (200, {"status": "ok", "warnings": ["worker"]})

    (instance / "spool").rmdir()
    (instance / "spool").write_text("no folder")
    reply = client.get("/readyz")
    assert (reply.status_code, "Nothing can be kept in" in reply.json["problem"]) == (503, True)


@pytest.mark.parametrize("line", ["db upgrade", "stock list", "merchant totp-reset a@example.com"])
def test_a_command_reports_a_database_refusal_in_one_sentence(settings, line):
    environ = {**os.environ, **settings, "DATABASE_URL": "postgresql://127.0.0.1:1/shop", "PYTHON_DOTENV_DISABLED": "1"}
    flask = [Path(sys.executable).parent / "flask", "--app", "wsgi"]
    ran = subprocess.run([*flask, *line.split()], env=environ, cwd=ROOT, capture_output=True, text=True)

    assert ran.returncode == 1
    assert ran.stderr.strip().endswith("is it running, and is DATABASE_URL right?")
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"CHPTER_TOKEN": ""}, "CHPTER_TOKEN is missing"),
        ({"CHPTER_DOMAIN": ""}, "CHPTER_DOMAIN is missing"),
        ({"CHPTER_URL": "https://chpter.co"}, "SHOP_URL is this machine, where Chpter cannot call"),
        ({"CHPTER_DOMAIN": "https://shop.test"}, "CHPTER_DOMAIN names shop.test, SHOP_URL localhost"),
        ({"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "1", "MAIL_FROM": "a@example.com"}, "The mail server could not be"),
        ({"SHOP_URL": "https://shop.example.co.ke", "CHPTER_URL": "https://chpter.co"}, "TRUSTED_PROXIES is 0"),
        ({}, "No owner can sign in"),
        ({}, "The worker has not run here yet"),
        ({"DATABASE_URL": "sqlite:///empty.db"}, "flask --app wsgi db upgrade"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/shop"}, "cannot be reached"),
        ({"SHOP_URL": "https://shop.example.co.ke", "CHPTER_URL": "https://chpter.co"}, "SMTP_HOST is missing"),
    ],
)
def test_the_doctor_names_what_is_wrong_and_the_cure(settings, change, said):
    result = create_app({**settings, **change}).test_cli_runner().invoke(args=["doctor"])

    assert result.exit_code == 1
    assert any(said in line for line in result.output.splitlines() if line.startswith("FAIL"))


def test_the_sandbox_is_refused_in_production(settings):
    real = {"SHOP_URL": "https://shop.example.co.ke", "CHPTER_URL": "https://chpter.co"}

    result = create_app({**settings, **real}).test_cli_runner().invoke(args=["sandbox", "--port", "1"])

    assert result.exit_code == 1
    assert "The sandbox serves only a shop on this machine" in result.output


@pytest.mark.parametrize("url", ["sqlite:///empty.db", "postgresql://127.0.0.1:1/shop"])
def test_a_shop_without_its_database_is_healthy_but_not_ready(settings, url):
    app = create_app({**settings, "DATABASE_URL": url})
    browser = app.test_client()

    assert browser.get("/healthz").status_code == 200
    reply = browser.get("/readyz")
    assert (reply.status_code, reply.json["status"]) == (503, "not ready")
    assert reply.json["problem"].count(".") <= 2
    output = app.test_cli_runner().invoke(args=["doctor"]).output
    for name in ("writing to the database", "keys", "owners", "products", "unsent email"):
        assert f"skip {name}: not checked: " in output


def test_demo_data_is_for_development_and_its_discount_codes_are_active_only_with_the_sandbox(app, settings):
    def seed(*words, **changes):
        with app.app_context():
            db.session.execute(delete(DiscountCode))
            db.session.commit()
        done = create_app({**settings, **changes}).test_cli_runner().invoke(args=["seed", *words])
        with app.app_context():
            active = db.session.scalars(select(DiscountCode.code).where(DiscountCode.active)).all()
        return done.exit_code, done.output, active

    real = {"CHPTER_URL": "https://chpter.co"}
    code, output, active = seed(**real)
    assert (code, active) == (0, [])
    assert "discount codes are switched off" in output
    assert "ZAWADI" in seed()[2]

    live = {**real, "SHOP_URL": "https://shop.example.co.ke"}
    code, output, _ = seed(**live)
    assert code == 1 and "seed --demo" in output
    assert seed("--demo", **live)[0] == 0
