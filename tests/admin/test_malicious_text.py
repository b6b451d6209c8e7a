"""Forty hostile texts in every stored field: pages, emails, slips and exports show them as plain text."""

import csv
from io import BytesIO, StringIO
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import String, Table, Text, inspect, select, update

from shop.core.clock import utcnow
from shop.core.database import db, write
from shop.emails.delivery import send_due
from tests import both_databases, malicious_input
from tests.filled_shop import OWNER, Inhabited
from tests.provider import Provider
from tests.shopper import hidden_fields

# Columns whose text the shop alone writes, from a fixed set or at random: a state, a code, a hash, a path it made.
OURS = {
    "alembic_version.version_num",
    *(f"orders.{name}" for name in ("number", "token", "checkout_key", "payment", "fulfilment", "phone_number")),
    *(f"payment_attempt.{name}" for name in ("secret_hash", "state", "checkout_link", "method", "reason")),
    *(f"callback_record.{name}" for name in ("claim", "row", "spool_name")),
    *(f"outbox_email.{name}" for name in ("kind", "idempotency_key", "message_id")),
    *("discount_code.kind", "users.password", "users.session_key", "users.email", "users.role"),
    *("order_search_term.word", "ledger_entry.kind", "ledger_entry.code", "ledger_entry.method", "offered_code.code"),
    *("review_flag.kind", "review_flag.open_key", "order_event.idempotency_key"),
    *(
        "product.slug",
        "category.slug",
        "category.image",
        "product_image.path",
        "order_line.image",
        "store_settings.logo",
    ),
    *("one_time_link.kind", "one_time_link.role", "one_time_link.token_hash", "shared_cart.code"),
    *("cart.token_hash", "cart.area", "cart.answers", "cart_line.sku"),  # `answers` is JSON that the shop wrote
    *("idempotency_key.key_hash", "idempotency_key.address", "kept_form.token_hash", "kept_form.sealed"),
    *("import_draft.token", "import_draft.text"),  # a file with its heads, looked through by tests of its own
    *("login_session.token_hash", "two_factor.secret", "recovery_code.code_hash", "login_throttle.key_hash"),
    "idempotency_key.key_hash",
    *(f"unmatched_callback.{name}" for name in ("secret_hash", "digest", "claim")),
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
def inhabited(app: Flask, provider: Provider, settings: dict[str, str]) -> Inhabited:
    """A shop in which everything has happened once: something on every list."""
    return Inhabited(app, provider, Path(settings["INSTANCE_PATH"]))


def addresses_of(inhabited: Inhabited) -> list[str]:
    """Every page, slip and export of the shop."""
    number = inhabited.known["number"][0]
    more = ["/search?q=kiondo", "/categories/baskets", f"/admin/?q={number}", "/admin/?tab=all", "/admin/checks"]
    asked = [one for one in inhabited.addresses() if not one.startswith(("/static/", "/assets/"))]
    return [*asked, *more]


def _look_everywhere(inhabited: Inhabited, addresses: list[str], text: str) -> None:
    """Ask for every page as the owner, and see that the admin was not closed meanwhile."""
    owner, opened = inhabited.visitors[OWNER], 0
    for address in addresses:
        reply = owner.browser.get(address, buffered=True)
        _check(reply, f"{address} with {text!r}")
        opened += address.startswith("/admin/") and reply.status_code == 200
    assert opened > 50


def _check(reply, address: str) -> None:
    assert reply.status_code < 500, f"{address}: {reply.status}"
    if reply.mimetype == "text/html" and reply.status_code // 100 != 3 and reply.data:
        malicious_input.check_harmless(reply.text, address)
    if reply.mimetype == "text/csv":
        malicious_input.check_cells(reply.text, address)


@both_databases
def test_no_hostile_text_becomes_more_than_text(app, inhabited, settings):
    addresses = addresses_of(inhabited)
    for text in malicious_input.STRINGS:
        with app.app_context():
            write(lambda text=text: poison(text))
        _look_everywhere(inhabited, addresses, text)

    with app.app_context():
        send_due(app.config["SETTINGS"], utcnow())
    for letter in Path(settings["INSTANCE_PATH"], "mail").glob("*.eml"):
        malicious_input.check_email(letter.read_bytes())


def test_a_page_that_shows_a_text_as_it_is_would_be_found(app, inhabited):
    app.jinja_env.autoescape = False
    app.jinja_env.bytecode_cache = None  # templates compiled before escape
    app.jinja_env.cache.clear()
    with app.app_context():
        write(lambda: poison(malicious_input.STRINGS[0]))

    with pytest.raises(AssertionError, match="with"):
        _look_everywhere(inhabited, addresses_of(inhabited), malicious_input.STRINGS[0])


def test_a_file_full_of_hostile_texts_is_looked_through_as_text(inhabited):
    owner, previews = inhabited.visitors[OWNER], 0
    for text in malicious_input.STRINGS:
        file = StringIO()
        csv.writer(file).writerows([("Name", "Category", "SKU", "Price", "Image"), (text, text, text, "5", text)])
        hidden = hidden_fields(owner.browser.get("/admin/import").text)
        sent = {**hidden, "file": (BytesIO(file.getvalue().encode("utf-8", "replace")), f"{text[:40]}.csv")}
        reply = owner.browser.post("/admin/import", data=sent, content_type="multipart/form-data")
        if reply.status_code == 303:
            previews += 1
            reply = owner.browser.get(reply.location)
        _check(reply, f"the preview of {text!r}")

    assert previews > 30
