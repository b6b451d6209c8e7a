"""The commands, as a merchant types them."""

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
from sqlalchemy import inspect, select, update

from shop import create_app
from shop.catalog.models import Product, Variant
from shop.clock import utcnow
from shop.database import db
from shop.orders.models import Order
from shop.pricing.models import DeliveryArea, DiscountCode
from tests import both_databases
from tests.shopper import SKU

ROOT = Path(__file__).parents[2]


@pytest.fixture
def run(app):
    """Run a command of the shop: its exit code and everything it printed."""

    def do(*words):
        result = app.test_cli_runner().invoke(args=words)
        return result.exit_code, result.output

    return do


def held_of(app, sku):
    with app.app_context():
        return db.session.scalar(select(Variant.held).where(Variant.sku == sku))


@both_databases
def test_the_tables_go_down_and_up_again_and_are_those_of_the_models(app, run):
    with app.app_context():
        downgrade(revision="base")
        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}

        upgrade()
        with db.engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
    assert run("seed") == (0, "43 products added.\n")


@both_databases
def test_a_column_the_migrations_lack_would_be_found(app):
    with app.app_context(), db.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE orders DROP COLUMN note")

        assert [change[0] for change in compare_metadata(MigrationContext.configure(connection), db.metadata)] == [
            "add_column"
        ]


def test_every_migration_can_be_taken_back_step_by_step(app):
    with app.app_context():
        upgrade()
        for _ in sorted((ROOT / "migrations" / "versions").glob("*.py")):
            downgrade()

        assert set(inspect(db.engine).get_table_names()) <= {"alembic_version"}


@both_databases
def test_seeding_again_leaves_the_shop_as_the_merchant_has_it(app, run):
    with app.app_context():
        db.session.execute(update(Variant).where(Variant.sku == SKU).values(price=1, on_hand=7))
        db.session.execute(update(DeliveryArea).values(fee=123))
        db.session.commit()

    assert run("seed") == (0, "0 products added.\n")

    with app.app_context():
        assert db.session.execute(select(Variant.price, Variant.on_hand).where(Variant.sku == SKU)).one() == (1, 7)
        assert set(db.session.scalars(select(DeliveryArea.fee))) == {123}
        assert len(db.session.scalars(select(Product.id)).all()) == 43


def test_the_demo_shop_is_worth_a_visit(app):
    with app.app_context():
        products = db.session.scalars(select(Product)).all()
        kinds = {code.kind for code in db.session.scalars(select(DiscountCode))}
        limits = [(code.expires_at, code.max_uses, code.minimum) for code in db.session.scalars(select(DiscountCode))]

        assert len({product.category_id for product in products}) == 6
        assert sum(len(product.variants) > 1 for product in products) >= 10
        assert kinds == {"percent", "fixed"}
        for each in zip(*limits, strict=True):
            assert any(each)
        assert [area.fee for area in db.session.scalars(select(DeliveryArea)) if area.pickup] == [0]


def test_the_stock_list_is_tab_separated(app, run, shopper):
    shopper.buy(quantity=2)

    code, output = run("stock", "list")

    rows = [line.split("\t") for line in output.splitlines()]
    assert code == 0
    assert [SKU, "18", "2", "kiondo-classic"] in rows
    assert all(len(row) == 4 and row[1].isdigit() and row[2].isdigit() for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


@both_databases
def test_stock_can_be_set_down_to_what_is_held_and_no_further(app, run, shopper):
    shopper.buy(quantity=3)

    assert run("stock", "set", SKU, "3") == (0, f"{SKU}: 3 on hand.\n")
    code, output = run("stock", "set", SKU, "2")
    assert code == 1
    assert f"3 of {SKU} are held for unpaid orders; it cannot be set below 3." in output
    assert [SKU, "3", "3", "kiondo-classic"] in [line.split("\t") for line in run("stock", "list")[1].splitlines()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("NO-SUCH", "3"), "There is no SKU NO-SUCH"),
        ((SKU, "1.5"), "not a valid integer"),
        ((SKU, "many"), "not a valid integer"),
        ((SKU, "1000001"), "1000001"),
    ],
)
def test_stock_is_not_set_to_nonsense(run, words, said):
    code, output = run("stock", "set", *words)

    assert code != 0
    assert said in output


def test_orders_expire_ends_what_is_due_and_frees_its_stock(app, run, shopper):
    shopper.buy(quantity=2)
    assert run("orders", "expire") == (0, "0 orders expired.\n")
    with app.app_context():
        db.session.execute(update(Order).values(expires_at=utcnow() - timedelta(seconds=1)))
        db.session.commit()

    assert run("orders", "expire") == (0, "1 orders expired.\n")
    assert run("orders", "expire") == (0, "0 orders expired.\n")
    assert held_of(app, SKU) == 0


def test_the_doctor_finds_nothing_wrong_with_a_demo_shop(run):
    code, output = run("doctor")

    assert code == 0
    assert set(re.findall(r"^\w+", output, re.MULTILINE)) == {"ok"}
    assert "ok   keys" in output


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"CHPTER_TOKEN": ""}, "CHPTER_TOKEN is missing"),
        ({"CHPTER_DOMAIN": ""}, "CHPTER_DOMAIN is missing"),
        ({"CHPTER_URL": "https://chpter.co"}, "SHOP_URL is this machine, where Chpter cannot call"),
        ({"DATABASE_URL": "sqlite:///empty.db"}, "flask --app wsgi db upgrade"),
        ({"DATABASE_URL": "postgresql://127.0.0.1:1/shop"}, "cannot be reached"),
        ({"SHOP_URL": "https://shop.example.co.ke", "CHPTER_URL": "https://chpter.co"}, "SMTP_HOST is missing"),
    ],
)
def test_the_doctor_names_what_is_wrong_and_the_cure(settings, change, said):
    result = create_app({**settings, **change}).test_cli_runner().invoke(args=["doctor"])

    assert result.exit_code == 1
    [line] = [line for line in result.output.splitlines() if line.startswith("FAIL")]
    assert said in line


def test_the_sandbox_is_refused_in_production(settings):
    real = {"SHOP_URL": "https://shop.example.co.ke", "CHPTER_URL": "https://chpter.co"}

    result = create_app({**settings, **real}).test_cli_runner().invoke(args=["sandbox", "--port", "1"])

    assert result.exit_code == 1
    assert "The sandbox serves only a shop on this machine" in result.output


def test_the_shop_says_that_it_is_alive_and_ready(client):
    assert client.get("/healthz").json == client.get("/readyz").json == {"status": "ok"}


@pytest.mark.parametrize("url", ["sqlite:///empty.db", "postgresql://127.0.0.1:1/shop"])
def test_a_shop_without_its_database_is_alive_but_not_ready(settings, url):
    browser = create_app({**settings, "DATABASE_URL": url}).test_client()

    assert browser.get("/healthz").status_code == 200
    reply = browser.get("/readyz")
    assert reply.status_code == 503
    assert reply.json["status"] == "not ready"
    assert reply.json["problem"].count(".") <= 2


def test_the_commands_run_from_a_shell_as_the_readme_has_them(settings):
    flask = [Path(sys.executable).parent / "flask", "--app", "wsgi"]
    run = subprocess.run(
        [*flask, "--help"], env={**os.environ, **settings}, cwd=ROOT, capture_output=True, text=True, check=True
    )

    for command in ("seed", "stock", "orders", "worker", "sandbox", "doctor", "merchant", "db"):
        assert re.search(rf"^  {command} ", run.stdout, re.MULTILINE), run.stdout
