"""What makes the tests cheap stays among the tests: the shop itself hashes dearly and waits for the disk."""

import pytest
from flask import Flask
from sqlalchemy import text

from shop import create_app
from shop.core.database import db
from tests.databases import postgres_server

REAL, CHEAP = "$argon2id$v=19$m=19456,t=2,p=1$", "$argon2id$v=19$m=8,t=1,p=1$"
FULL, OFF = 2, 0  # what SQLite calls them


def synchronous(app: Flask) -> int:
    with app.app_context():
        return int(db.session.execute(text("PRAGMA synchronous")).scalar_one())


def test_the_shop_hashes_a_password_with_19_mib_twice(app, settings):
    def hashed(shop: Flask) -> str:
        return shop.web.extensions["security"].pwd_context.hash("a long walk to Kisumu")

    assert hashed(create_app(settings)).startswith(REAL)
    assert hashed(app).startswith(CHEAP)


def test_the_shop_waits_until_sqlite_has_written(app, settings):
    assert synchronous(create_app(settings)) == FULL
    assert synchronous(app) == OFF


@pytest.mark.parametrize(("durable", "fsync"), [(True, "on"), (False, "off")])
def test_a_postgresql_that_is_crashed_waits_until_it_has_written(durable, fsync):
    with postgres_server(durable) as server:
        assert server.fsync() == fsync
