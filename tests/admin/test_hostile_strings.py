"""Forty hostile texts in every stored field: on no page, mail, slip or export do they become more than text."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import String, Table, Text, inspect, select, update

from shop.clock import utcnow
from shop.database import db, write
from shop.notices.sending import send_due
from tests import both_databases, hostile
from tests.addresses import address_of, routes
from tests.shopper import Bought, Shopper

# Columns whose text the shop alone writes, from a fixed set or at random: a state, a code, a hash, a path it made.
OURS = {
    "alembic_version.version_num",
    *(f"orders.{name}" for name in ("number", "token", "checkout_key", "payment", "fulfilment", "phone_number")),
    *(f"payment_attempt.{name}" for name in ("secret_hash", "state", "checkout_link", "method", "reason")),
    *(f"callback_record.{name}" for name in ("claim", "row", "spool_name")),
    *(f"outbox_mail.{name}" for name in ("kind", "once", "message_id")),
    *("discount_code.kind", "merchant.password", "merchant.fs_uniquifier", "merchant.email", "role.name"),
    *("order_word.word", "money_entry.kind", "money_entry.code", "money_entry.method", "offered_code.code"),
    *("payment_check.kind", "payment_check.open_key", "order_event.once"),
    *("product.slug", "category.slug", "category.picture", "picture.path", "order_line.picture"),
}


def _columns(table: Table) -> list[str]:
    texts = [column for column in table.columns if isinstance(column.type, String | Text)]
    return [column.name for column in texts if f"{table.name}.{column.name}" not in OURS]


def poison(text: str) -> None:
    """Put a hostile text into every text of every row. Where rows must differ, the row's key follows it."""
    for table in db.metadata.sorted_tables:
        unique = {
            name for index in inspect(db.engine).get_unique_constraints(table.name) for name in index["column_names"]
        }
        unique |= {column.name for index in table.indexes if index.unique for column in index.columns}
        for name in _columns(table):
            column = table.c[name]
            room = getattr(column.type, "length", None) or 4000
            for key in db.session.execute(select(*table.primary_key.columns)).all():
                tail = f" {key[0]}" if name in unique else ""
                where = [part == value for part, value in zip(table.primary_key.columns, key, strict=True)]
                db.session.execute(update(table).where(*where).values({name: text[: room - len(tail)] + tail}))


@pytest.fixture
def bought(app: Flask, shopper: Shopper) -> Bought:
    """A paid order, one in review and one that waits: something on every list."""
    for change in ({}, {"amount": "1"}):
        paid = Shopper(app, shopper.provider).buy()
        paid.hear(paid.callback(**change))
    return shopper.buy(note="for the gate")


def _pages(app: Flask, clerk: Shopper, bought: Bought) -> list[str]:
    number = bought_number(app)
    known = {"number": number, "token": bought.order_path.rsplit("/", 1)[1]}
    asked = [address_of(app, rule, known) for rule in routes(app) if rule.endpoint not in ("static", "assets.bundle")]
    return [*asked, "/search?q=kiondo", "/categories/baskets", f"/admin/?q={number}"]


def bought_number(app: Flask) -> str:
    """The number of the newest order."""
    from shop.orders.models import Order

    with app.app_context():
        return str(db.session.scalar(select(Order.number).order_by(Order.id.desc()).limit(1)))


def _check(reply, address: str) -> None:
    assert reply.status_code < 500, f"{address}: {reply.status}"
    if reply.mimetype == "text/html" and reply.status_code // 100 != 3 and reply.data:
        hostile.check_harmless(reply.text, address)
    if reply.mimetype == "text/csv":
        hostile.check_cells(reply.text, address)


@both_databases
def test_no_hostile_text_becomes_more_than_text(app, clerk, bought, settings):
    addresses = _pages(app, clerk, bought)
    for text in hostile.STRINGS:
        with app.app_context():
            write(lambda text=text: poison(text))
        for address in addresses:
            _check(clerk.browser.get(address, buffered=True), f"{address} with {text!r}")

    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
    for letter in Path(settings["INSTANCE_PATH"], "mail").glob("*.eml"):
        hostile.check_letter(letter.read_bytes())


def test_a_page_that_shows_a_text_as_it_is_would_be_found(app, clerk, bought):
    app.jinja_env.autoescape = False
    app.jinja_env.cache.clear()
    with app.app_context():
        write(lambda: poison(hostile.STRINGS[0]))

    with pytest.raises(AssertionError):
        for address in _pages(app, clerk, bought):
            _check(clerk.browser.get(address, buffered=True), address)
